"""Mixed work with random kills for twenty seconds; `make soak` does it for as long as is wanted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="needs fork and kill -9"), pytest.mark.timeout(900)]


def test_nothing_is_lost_in_mixed_work_with_random_kills(place):
    script = Path(__file__).with_name("soak.py")
    done = subprocess.run([sys.executable, str(script), str(place), "20", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["findings"] == []
    assert (found["lost"], found["recoveries"]) == (0, found["kills"])
    assert found["operations"] > 3
