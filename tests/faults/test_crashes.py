"""Inputs that once broke a door, found by `make fuzz`; each is tried, and so is every whole input that fuzzing starts from."""

from pathlib import Path

import pytest
from doors import doors

CRASHES = Path(__file__).parent / "crashes"
DOORS = doors()


def found():
    for name, door in DOORS.items():
        for number, seed in enumerate(door.seeds):
            yield pytest.param(name, seed, id=f"{name}-seed{number}")
        for path in sorted((CRASHES / name).glob("*")):
            yield pytest.param(name, path.read_bytes(), id=f"{name}-{path.name}")


@pytest.mark.parametrize(("name", "data"), list(found()))
def test_what_once_broke_a_door_is_taken_or_refused(name, data, tmp_path):
    DOORS[name].enter(data, tmp_path)


def test_every_crash_belongs_to_a_door():
    assert {path.name for path in CRASHES.glob("*")} <= set(DOORS)
