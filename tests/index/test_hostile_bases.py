"""Index files made by somebody else: every count in them is looked at before faiss is, in a process that may not die.

All of them have the right hashes: whoever makes a folder can hash it.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from tests.invented import texts

from stratmap.artefacts import MANIFEST, load_manifest, write_manifest
from stratmap.index import derived, snapshot
from stratmap.index.cells_file import check_cells
from stratmap.index.dense import Dense, build_cells, read_cells, write_cells
from stratmap.index.derived import FOLDER, KIND, open_base

COUNT, DIM, CELLS = 3000, 16, 6

# Reads cells as an index does, one changed file after the other; prints what came of each.
READER = """
import json, sys
from pathlib import Path
import numpy as np
from stratmap.index import dense
from stratmap.index.dense import Dense, read_cells
dense._FEW = 1  # cells are used however few the rows
whole, place = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
vectors = np.load(sys.argv[3])
counts = {"refused": 0, "searched": 0}
for line in sys.stdin:
    change = json.loads(line)
    data = whole[: change["end"]] if "end" in change else bytearray(whole)
    if "at" in change:
        new = bytes.fromhex(change["new"])
        data[change["at"] : change["at"] + len(new)] = new
    data = bytes(data) + bytes(change.get("more", 0))
    place.unlink(missing_ok=True)  # what is mapped stays as it was
    place.write_bytes(data)
    try:
        cells = read_cells(place)
    except (ValueError, OSError):
        counts["refused"] += 1
        continue
    Dense([vectors], cells).search(vectors[7], 5)
    counts["searched"] += 1
print(json.dumps(counts))
"""


@pytest.fixture(scope="module")
def vectors():
    found = np.random.default_rng(2).normal(size=(COUNT, DIM)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def cells(tmp_path_factory, vectors):
    place = tmp_path_factory.mktemp("cells")
    write_cells(build_cells(vectors), place / "whole")
    np.save(place / "vectors.npy", vectors)
    return place / "whole"


@pytest.fixture
def reading(cells, tmp_path):
    """Reads changed files in a process of its own: how many were refused, how many searched."""

    def read(changes):
        words = [cells, tmp_path / "changed", cells.with_name("vectors.npy")]
        done = subprocess.run(
            [sys.executable, "-c", READER, *map(str, words)],
            input="\n".join(map(json.dumps, changes)),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"the process ended with {done.returncode}: {done.stderr[-2000:]}"
        return json.loads(done.stdout)

    return read


def test_a_whole_file_is_read(cells, vectors, reading):
    assert check_cells(cells) == (COUNT, DIM)
    assert reading([{}]) == {"refused": 0, "searched": 1}


def test_a_file_cut_anywhere_or_too_long_is_refused(cells, reading):
    size = cells.stat().st_size
    cuts = [*range(0, size, 1024), *range(0, 400), size - 1]
    changes = [{"end": cut} for cut in cuts] + [{"more": 1}, {"more": 4096}]
    assert reading(changes) == {"refused": len(changes), "searched": 0}


def test_counts_and_dimensions_that_are_not_so_are_refused(cells, reading):
    """Wherever a count, a kind or a number stands before the codes, it becomes huge, negative, or a little wrong."""
    whole = cells.read_bytes()
    lists = whole.index(b"ilar")
    end = lists + 32 + 8 * CELLS
    free = {*range(45, 53), *range(98, 98 + 4 * CELLS * DIM), *range(lists - 9 - 8 * DIM, lists - 9)}  # visited; floats
    changes = []
    for at in range(end - 7):
        for number in (2**64 - 1, 2**63, 2**63 - 1, 2**40, 2**31, COUNT + 1, COUNT - 1, 10**6):
            new = struct.pack("<Q", number)
            if any(new[n] != whole[at + n] and at + n not in free for n in range(8)):
                changes.append({"at": at, "new": new.hex()})
    found = reading(changes)
    assert found == {"refused": len(changes), "searched": 0}
    assert len(changes) > 1000


@pytest.mark.parametrize("magic", [b"IxF2", b"IwFl", b"IHNf", b"IxPT", b"IxMp", b"\0\0\0\0", b"cpos"])
def test_another_kind_of_file_is_refused(reading, magic):
    assert reading([{"at": 0, "new": magic.hex()}])["refused"] == 1


def test_rows_that_are_not_there_are_refused(cells, reading):
    sizes = np.frombuffer(cells.read_bytes(), "<i8", CELLS, cells.read_bytes().index(b"ilar") + 32)
    first = cells.stat().st_size - int(sizes.sum()) * (DIM + 8) + int(sizes[0]) * DIM
    changes = [{"at": first, "new": struct.pack("<q", row).hex()} for row in (-1, COUNT, 2**62, -(2**63))]
    assert reading(changes) == {"refused": len(changes), "searched": 0}


def test_any_other_byte_may_change_and_the_process_lives(cells, reading):
    rng = np.random.default_rng(5)
    size = cells.stat().st_size
    changes = [{"at": int(at), "new": rng.bytes(8).hex()} for at in rng.integers(0, size - 8, 400)]
    found = reading(changes)
    assert sum(found.values()) == len(changes)
    assert min(found.values()) > 10  # codes may be anything; rows and counts may not


def test_an_archive_in_few_cells_is_read_too(tmp_path):
    """Many rows that are the same leave most cells empty, which faiss writes in another way."""
    rows = np.tile(np.eye(4, dtype=np.float32)[:2], (2000, 1))
    write_cells(build_cells(rows), tmp_path / "cells")
    assert b"sprs" in (tmp_path / "cells").read_bytes()[:1000]
    assert check_cells(tmp_path / "cells") == (4000, 4)
    assert len(Dense([rows], read_cells(tmp_path / "cells")).search(rows[0], 3)[0]) == 3


# The whole base


@pytest.fixture
def base(tmp_path, open_at, indexable, hashing_encoder, monkeypatch):
    """An index of which every part is on the disk, cells too; and the folder of its base."""
    monkeypatch.setattr(snapshot, "_LEAST_BASE", 10)
    monkeypatch.setattr(derived, "CELLS_FROM", 10)
    index = open_at(tmp_path / "index", make=True)
    index.add(indexable(f"r{n}.md", text) for n, text in enumerate(texts(40)))
    assert index.search("river", hashing_encoder.encode(["river"])[0], 3)
    [manifest] = index.folder.joinpath(FOLDER).glob(f"*/{MANIFEST}")
    assert "cells.faiss" in load_manifest(manifest.parent, KIND).files
    assert open_base(index.folder) is not None
    return index, manifest.parent


def hashed(place):
    """Give the folder's files the hashes that they have now."""
    names = [path.name for path in place.iterdir() if path.name != MANIFEST]
    write_manifest(place, KIND, KIND, "1", names, {})


@pytest.mark.parametrize("name", ["vectors", "passages", "owners", "starts", "rows", "counts", "lengths"])
@pytest.mark.parametrize("what", ["cut", "shape", "kind", "objects", "numbers"])
def test_arrays_that_do_not_fit_are_made_again(base, open_at, hashing_encoder, name, what):
    index, place = base
    path = place / f"{name}.npy"
    array = np.load(path)
    if what == "cut":
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    elif what == "shape":
        np.save(path, array[:-1])
    elif what == "kind":
        np.save(path, array.astype(np.complex128))
    elif what == "objects":
        np.save(path, np.array([{"a": 1}] * len(array), dtype=object), allow_pickle=True)
    elif name in {"starts", "rows", "owners"}:
        np.save(path, np.full_like(array, np.iinfo(array.dtype).max))
    else:
        path.write_bytes(path.read_bytes().replace(f"({len(array)},".encode(), b"(9" + b"9" * 12 + b",", 1))
    hashed(place)
    assert open_base(index.folder) is None
    again = open_at(index.folder)
    assert again.search("river", hashing_encoder.encode(["river"])[0], 3)
    assert open_base(index.folder) is not None


def test_cells_of_another_archive_are_not_used(base, cells):
    index, place = base
    (place / "cells.faiss").write_bytes(cells.read_bytes())
    hashed(place)
    assert open_base(index.folder) is None


def test_a_faiss_that_writes_another_layout_costs_speed_only(
    tmp_path, open_at, indexable, hashing_encoder, monkeypatch
):
    def refuse(path):
        raise ValueError("expected the layout that is known.")

    monkeypatch.setattr(snapshot, "_LEAST_BASE", 10)
    monkeypatch.setattr(derived, "CELLS_FROM", 10)
    monkeypatch.setattr(derived, "check_cells", refuse)
    index = open_at(tmp_path / "index", make=True)
    index.add(indexable(f"r{n}.md", text) for n, text in enumerate(texts(40)))
    assert index.search("river", hashing_encoder.encode(["river"])[0], 3)
    found = open_base(index.folder)
    assert found is not None
    assert found.cells is None
