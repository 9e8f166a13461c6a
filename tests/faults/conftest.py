"""The tests and the processes that they start import the modules of this folder by their names."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def place(tmp_path):
    """A folder in memory where there is one: thousands of syncs say nothing more on a disk."""
    fast = Path("/dev/shm")
    folder = fast / f"stratmap-faults-{os.getpid()}" if os.access(fast, os.W_OK) else tmp_path / "place"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
