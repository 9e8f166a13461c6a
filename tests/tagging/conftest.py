"""What several suites of this room share: the shipped encoder, frameworks as files, and texts on two subjects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stratmap.encoding import Encoder, load_encoder

SUBJECTS = """
schema: 1
id: subjects
name: Subjects
groups:
  - id: subjects
    labels:
      - {code: H, name: Health, statement: "Health of people, clinics, doctors and medicine"}
      - {code: B, name: Border, statement: "Borders, checkpoints, guards and passports"}
"""
PLACES = ("north", "south", "valley", "coast", "hills", "capital", "delta", "plain", "islands", "lakes", "forest",
          "gorge", "bay", "steppe", "canyon")  # fmt: skip


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The shipped one."""
    return load_encoder()


@pytest.fixture(scope="session")
def framework_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Writes a framework of the test's own: `framework_file("schema: 1 ...")` is the path of its file."""

    def write(text: str) -> str:
        path = tmp_path_factory.mktemp("framework") / "framework.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture(scope="session")
def health_then_border() -> list[str]:
    """Fifteen texts on health, then fifteen on borders."""
    return [f"Nurses in the {place} vaccinated children and opened a clinic." for place in PLACES] + [
        f"Guards in the {place} checked passports at the crossing point." for place in PLACES
    ]
