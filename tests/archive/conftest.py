import sys
from pathlib import Path

import pytest

from stratmap.settings import Settings

# Worker processes and the tests import the fakes by this name.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def settings():
    return Settings()


@pytest.fixture
def folder(tmp_path):
    """Twelve texts, one of them twice, in two folders; and a broken PDF."""
    root = tmp_path / "in"
    for number in range(12):
        path = root / f"part{number % 2}" / f"report{number:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Report {min(number, 10)} on the return of migrants to their villages.", encoding="utf-8")
    (root / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (root / ".hidden.txt").write_text("not a report")
    return root
