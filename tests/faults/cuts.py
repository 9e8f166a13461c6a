"""Every operation struck at every call to the disk, each time followed by a check of everything that is promised.

Run as a script: `python tests/faults/cuts.py FOLDER SHARE [SEED]` strikes at a share of the calls (1.0: at every one)
and prints one JSON object. Each strike is a process of its own, forked from this one, on a copy of the same index.

What is checked: the index opens, `verify` finds nothing, everything in it (living and dead documents with texts,
vectors, labels, corrections) is the old state or the new one and nothing between; an operation that returned is the new
one; the same operation done again succeeds and gives the new state.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sys
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "archive")]

import numpy as np  # noqa: E402
from archive_fakes import FakeTagger  # noqa: E402
from fault_layer import MODES, Layer  # noqa: E402

from stratmap.archive import run  # noqa: E402
from stratmap.artefacts import load_manifest, write_artefact  # noqa: E402
from stratmap.errors import StratmapError  # noqa: E402
from stratmap.files import atomic_write  # noqa: E402
from stratmap.index import Index, Indexable  # noqa: E402
from stratmap.index.corrections import CorrectionStore  # noqa: E402
from stratmap.index.repair import STAGING as REPAIR  # noqa: E402
from stratmap.index.repair import Target, mend, salvage, workable_faults  # noqa: E402
from stratmap.index.schema import FILE, reading  # noqa: E402
from stratmap.index.stored import StoredDocument, read_stored  # noqa: E402
from stratmap.index.transfer import STAGING, export_index, import_index, side_tables  # noqa: E402
from stratmap.reading import read_text  # noqa: E402
from stratmap.records import Correction, Passage  # noqa: E402
from stratmap.reviewing.adjusting import Adjustment  # noqa: E402
from stratmap.reviewing.versions import VersionStore  # noqa: E402
from stratmap.settings import IndexSettings, Settings  # noqa: E402

DIM = 16
TARGET = Target("fake", "fake-1", DIM)
WORDS = "border return health labour visa camp grant police child route farm clinic".split()  # noqa: SIM905


def vector(text: str) -> np.ndarray:
    found = np.random.default_rng(zlib.crc32(text.encode())).normal(size=DIM)
    return (found / np.linalg.norm(found)).astype(np.float32)


def passages_of(text: str, doc_id: str) -> tuple[Passage, ...]:
    spans = [match.span() for match in re.finditer(r"[^.]+\.", text)]
    return tuple(Passage(doc_id, 0, None, a, b, a, text[a:b]) for a, b in spans)


def item(name: str, seed: int, sentences: int = 6) -> Indexable:
    rng = random.Random(f"{name} {seed}")
    text = ".".join([f"{name} {seed}", *(" ".join(rng.choices(WORDS, k=9)) for _ in range(sentences)), ""])
    document = read_text(text, name)
    passages = passages_of(document.text, document.doc_id)
    vectors = np.array([vector(p.text) for p in passages])
    return Indexable(document, passages, vectors, {"O1": 0.75, "O4": 0.5}, ("Serbia",), 2020, "fake")


def again(stored: StoredDocument) -> StoredDocument:
    passages = passages_of(stored.pages[0][1], stored.doc_id)
    return replace(stored, passages=passages, vectors=np.array([vector(p.text) for p in passages]))


def opened(folder: Path, *, make: bool = False) -> Index:
    return Index.open(folder, TARGET.encoder, TARGET.fingerprint, DIM, IndexSettings(lock_timeout_s=2.0), make=make)


def build(folder: Path) -> None:
    """Three generations, corrections, and a dead document."""
    index = opened(folder / "index", make=True)
    index.add(item(f"d{n}.md", n) for n in range(6))
    index.add([item("d1.md", 11)])
    index.delete(["d2.md"])
    doc_id = index.documents()[0].doc_id
    CorrectionStore(index.folder).add([Correction(doc_id, "d0.md", "O2", "tag", True, "Ana", "", "2026-01-01")])
    write_artefact(folder / "head", "head", "head-x", "1", head_of(1), {"framework": "x"})
    source = folder / "archive"
    source.mkdir()
    for n in range(5):
        (source / f"a{n}.txt").write_text(f"Archive report {min(n, 3)} on return and on border police.")
    (source / "bad.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    export_index(folder / "index", folder / "carrier")
    shutil.copytree(folder / "index", folder / "damaged")
    with open(folder / "damaged" / FILE, "r+b") as file:
        file.seek(4096 * 9)
        file.write(b"\xa5" * 4096)


def contents(folder: Path) -> str:
    """A digest of everything in an index but what only says where it stands in the file."""
    if not (folder / FILE).exists():
        return "none"
    digest = hashlib.sha256()
    with reading(folder) as connection:
        try:
            meta = sorted(connection.execute("SELECT key, value FROM meta WHERE key <> 'compacted'").fetchall())
            digest.update(repr(meta).encode())
        except StratmapError:
            return "none"
        rows = [row for (row,) in connection.execute("SELECT id FROM documents ORDER BY id")]
        for stored in sorted((read_stored(connection, row) for row in rows), key=lambda one: (one.doc_id, one.born)):
            digest.update(repr(replace(stored, vectors=stored.vectors.tobytes())).encode())
        for name in side_tables(connection):
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1'):
                digest.update(f"{name} {row}".encode())
    return digest.hexdigest()


def sound(folder: Path) -> list[str]:
    return opened(folder).verify() if (folder / FILE).exists() else []


def archive_state(folder: Path) -> str:
    """The results as far as they are there: each file is whole or not there."""
    names = ("tags.jsonl", "failed.jsonl")
    found = [(folder / "out" / name) for name in names]
    return hashlib.sha256(b"".join(path.read_bytes() if path.exists() else b"-" for path in found)).hexdigest()


def archive_problems(folder: Path) -> list[str]:
    """Lines of the results that are no JSON."""
    problems = []
    for path in (folder / "out").glob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            try:
                json.loads(line)
            except ValueError:
                problems.append(f"{path.name}: {line[:40]}")
    return problems


def tag_archive(folder: Path) -> None:
    os.chdir(folder)
    run(["archive"], Path("out"), FakeTagger(Settings()).tag, Settings())


@dataclass(frozen=True)
class Operation:
    """What is done, what is looked at, and how many states between the old and the new are allowed."""

    do: Callable[[Path], object]
    state: Callable[[Path], str] = lambda folder: contents(folder / "index")
    problems: Callable[[Path], list[str]] = lambda folder: sound(folder / "index")
    between: bool = False
    needs: tuple[str, ...] = ("index",)


def repair(folder: Path) -> object:
    damaged = folder / "damaged"
    faults = workable_faults(damaged)
    if faults is None:
        return salvage(damaged, TARGET, again)
    return mend(damaged, faults, TARGET, again) if faults else None


def repaired(folder: Path) -> str:
    """A damaged index is what it was, or sound; generations differ with the number of tries."""
    if workable_faults(folder / "damaged") is None:
        return "damaged"
    names = sorted(document.name for document in opened(folder / "damaged").documents())
    return "sound " + " ".join(names) if not sound(folder / "damaged") else "unsound"


def correct(folder: Path) -> None:
    store = CorrectionStore(folder / "index")
    if len(store.all()) == 1:
        store.add([Correction("x", "x.md", f"O{n}", "tag", n % 2 == 0, "Ben", "why", "2026-02-02") for n in (1, 2, 3)])


def head_of(number: int) -> dict[str, bytes]:
    return {"weights.safetensors": bytes([number]) * 9000, "head.json": f"[{number}]".encode()}


def train(folder: Path) -> None:
    write_artefact(folder / "head", "head", "head-x", "1", head_of(2), {"framework": "x"})


def trained(folder: Path) -> str:
    """The model that a reader would load, after all its hashes were checked."""
    manifest = load_manifest(folder / "head", "head")
    return str([(folder / "head" / manifest.file(name)).read_bytes()[:1] for name in head_of(0)])


def retrain(folder: Path) -> None:
    store = VersionStore(folder / "index", "tagger-1")
    weights = np.ones((DIM, 2), np.float32)
    store.activate(store.save(Adjustment(("O1", "O2"), weights, weights[0]), {"author": "Ana"}))


def adjusted(folder: Path) -> str:
    store = VersionStore(folder / "index", "tagger-1")
    found = store.load(store.active())
    return "shipped" if found is None else str(found.weights.sum())


def roll_back(folder: Path) -> None:
    index = opened(folder / "index")
    if index.generation == 3:
        index.rollback(1)


OPERATIONS = {
    "make": Operation(lambda f: opened(f / "new", make=True), lambda f: _made(f / "new"), lambda f: _unmade(f / "new")),
    "add": Operation(lambda f: opened(f / "index").add([item("e0.md", 0), item("e1.md", 1)])),
    "add many": Operation(lambda f: opened(f / "index").add(item(f"m{n}.md", n, 120) for n in range(12))),
    "replace": Operation(lambda f: opened(f / "index").add([item("d0.md", 77), item("d3.md", 78)])),
    "delete": Operation(lambda f: opened(f / "index").delete(["d0.md", "d4.md"])),
    "roll back": Operation(roll_back),
    "compact": Operation(lambda f: opened(f / "index").compact()),
    "correct": Operation(correct),
    "export": Operation(
        lambda f: ((f / "c").exists() and _finished(f / "c")) or export_index(f / "index", f / "c"),
        lambda f: "whole" if _finished(f / "c") else "none",
    ),
    "import": Operation(
        lambda f: (f / "there" / FILE).exists() or import_index(f / "carrier", f / "there"),
        lambda f: contents(f / "there"),
        lambda f: sound(f / "there"),
        needs=("carrier",),
    ),
    "repair": Operation(
        repair,
        repaired,
        lambda f: [] if workable_faults(f / "damaged") is None else sound(f / "damaged"),
        needs=("damaged",),
    ),
    "train": Operation(train, trained, needs=("head",), problems=lambda f: []),
    "retrain": Operation(retrain, adjusted, needs=("index",)),
    "archive": Operation(tag_archive, archive_state, archive_problems, between=True, needs=("archive",)),
    "write": Operation(
        lambda f: atomic_write(f / "carrier" / "note.json", b"x" * 9000),
        lambda f: (
            str(len((f / "carrier" / "note.json").read_bytes())) if (f / "carrier" / "note.json").exists() else "-"
        ),
        lambda f: [],
        needs=("carrier",),
    ),
}


def _made(folder: Path) -> str:
    try:
        return contents(folder)
    except StratmapError:  # a file without tables: the next opening finishes it
        return "none"


def _unmade(folder: Path) -> list[str]:
    return [] if _made(folder) == "none" else sound(folder)


def _finished(folder: Path) -> bool:
    path = folder / "carrier.json"
    return path.exists() and json.loads(path.read_text("utf-8"))["complete"]


def strike(operation: Operation, work: Path, at: int, mode: str, seed: int) -> tuple[str, int]:
    """Do an operation in a child with a layer; how it ended, and how many calls it made if it got through."""
    child = os.fork()
    if child == 0:
        try:
            layer = Layer(at, mode, seed)
            layer.install()
            try:
                operation.do(work)
                code = 0
            except (StratmapError, OSError):
                code = 3
            (work / "calls").write_text(str(layer.calls))
            os._exit(code)
        except BaseException:
            traceback.print_exc()
            os._exit(4)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return ("killed" if os.WTERMSIG(status) == signal.SIGKILL else f"signal {os.WTERMSIG(status)}"), 0
    code = os.WEXITSTATUS(status)
    calls = int((work / "calls").read_text()) if (work / "calls").exists() else 0
    return {0: "returned", 3: "refused"}.get(code, "crashed"), calls


class Cuts:
    """All strikes of a run, counted."""

    def __init__(self, place: Path, share: float, seed: int) -> None:
        self.place, self.share, self.seed = place, share, seed
        self.random = random.Random(seed)
        self.template = place / "template"
        self.template.mkdir(parents=True)
        build(self.template)
        self.counts = {"points": 0, "killed": 0, "refused": 0, "returned": 0, "old": 0, "new": 0}
        self.lost: list[str] = []

    def fresh(self, operation: Operation) -> Path:
        work = self.place / "work"
        shutil.rmtree(work, ignore_errors=True)
        for name in operation.needs:
            shutil.copytree(self.template / name, work / name)
        return work

    def all_of(self, name: str) -> None:
        operation = OPERATIONS[name]
        old = operation.state(self.fresh(operation))
        for mode in MODES:
            work = self.fresh(operation)
            ended, calls = strike(operation, work, 0, mode, self.seed)
            new = operation.state(work)
            if mode == "read" and not calls:  # it reads no database
                continue
            if ended != "returned" or (old == new and name not in {"compact"}) or not calls:
                self.lost.append(f"{name} {mode}: did not work undisturbed ({ended}, {calls} calls)")
                continue
            wanted = max(2, round(self.share * calls))
            points = range(1, calls + 1) if wanted >= calls else sorted(self.random.sample(range(1, calls + 1), wanted))
            for at in points:
                self.one(name, mode, at, old, new)

    def one(self, name: str, mode: str, at: int, old: str, new: str) -> None:
        operation, work = OPERATIONS[name], self.fresh(OPERATIONS[name])
        ended, _ = strike(operation, work, at, mode, self.seed)
        self.counts["points"] += 1
        where = f"{name}, {mode} at call {at} ({ended})"
        if ended not in self.counts:
            self.lost.append(f"{where}: the process ended otherwise")
            return
        self.counts[ended] += 1
        try:
            state, problems = operation.state(work), operation.problems(work)
            if problems:
                self.lost.append(f"{where}: {problems}")
            if state not in {old, new} and not operation.between:
                self.lost.append(f"{where}: neither the old nor the new state")
            if ended == "returned" and state != new:
                self.lost.append(f"{where}: it returned, and is not there")
            self.counts["new" if state == new else "old"] += 1
            operation.do(work)  # in this process, with nothing in its way
            if operation.state(work) != new or operation.problems(work):
                self.lost.append(f"{where}: done again it did not come to the new state")
            left = [path.name for path in work.rglob("*") if path.name in {STAGING, REPAIR} or path.suffix == ".tmp"]
            if left and mode not in {"kill", "torn", "power"}:
                self.lost.append(f"{where}: {left} left lying about")
        except Exception as error:  # whatever it is, it is a finding
            self.lost.append(f"{where}: {type(error).__name__}: {error}")


def main(place: Path, share: float, seed: int, names: list[str]) -> dict[str, object]:
    cuts = Cuts(place, share, seed)
    here = os.getcwd()
    for name in names or list(OPERATIONS):
        cuts.all_of(name)
        os.chdir(here)
    return {"share": share, "seed": seed, **cuts.counts, "lost": len(cuts.lost), "findings": cuts.lost[:40]}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]), indent=1))
