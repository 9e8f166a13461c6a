"""Crashes, power cuts, full and failing disks at any call: the old state or the new one, never a mixture.

The default run strikes at some of the calls of every operation in every mode; `make faults` at every one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fault_layer import library

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.skipif(os.name == "nt" or library() is None, reason="needs fork, and SQLite as a library of its own"),
    pytest.mark.timeout(1_500),  # hundreds of processes, one after the other: a guard against hanging only
]


def strike(place, share, seed, *names, script=HERE / "cuts.py"):
    done = subprocess.run(
        [sys.executable, str(script), str(place), str(share), str(seed), *names], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_operation_struck_at_some_calls_is_the_old_or_the_new_state(place):
    found = strike(place, 0.025, 1)
    assert found["findings"] == []
    assert found["points"] > 200
    assert min(found["killed"], found["refused"], found["old"], found["new"]) > 25


UNSAFE = {
    "no sync": ("stratmap.index.schema", '"synchronous=FULL", "foreign', '"synchronous=OFF", "foreign', "add", "power"),
    "two commits": (
        "stratmap.index.folder",
        "            if deleted:\n",
        '            connection.execute("COMMIT")\n            connection.execute("BEGIN IMMEDIATE")\n            if deleted:\n',
        "delete",
        "kill",
    ),
    "in place": (
        "stratmap.files",
        "        move_into_place(temporary, path)\n",
        "        path.write_bytes(b'half')\n        move_into_place(temporary, path)\n",
        "write",
        "kill",
    ),
}


@pytest.mark.parametrize("fault", UNSAFE)
def test_a_program_that_breaks_the_promise_is_caught(place, tmp_path, root, fault):
    """The same strikes on a copy of the program that was made unsafe on purpose."""
    module, before, after, operation, mode = UNSAFE[fault]
    shutil.copytree(root / "src" / "stratmap", tmp_path / "src" / "stratmap")
    path = tmp_path / "src" / Path(*module.split(".")).with_suffix(".py")
    text = path.read_text("utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    for folder in ("faults", "archive"):
        shutil.copytree(HERE.parent / folder, tmp_path / "tests" / folder)
    script = tmp_path / "tests" / "faults" / "cuts.py"
    only = re.sub(
        r"from fault_layer import MODES,", f'MODES = ("{mode}",)\nfrom fault_layer import', script.read_text()
    )
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path / 'src')!r})\n"
        + only.replace("from __future__ import annotations\n", "")
    )
    found = strike(place, 1.0, 1, operation, script=script)
    assert found["lost"] > 0
