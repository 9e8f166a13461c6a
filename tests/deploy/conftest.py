"""The small desk of the app's tests."""

import pytest
from tests.app.conftest import FakeDesk


@pytest.fixture(scope="session")
def fake_desk():
    """The class of the small desk."""
    return FakeDesk
