"""The small desk of the app's tests, under its own name."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fake_desk():
    """The class of the small desk."""
    path = Path(__file__).parents[1] / "app" / "conftest.py"
    spec = importlib.util.spec_from_file_location("small_desk", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_desk"] = module
    spec.loader.exec_module(module)
    return module.FakeDesk
