"""Mixed work on one archive with random kills: `python tests/faults/soak.py FOLDER SECONDS [SEED]` prints figures as JSON.

A worker process adds, changes, deletes, rolls back, compacts, tags, corrects, retrains, carries away and asks, and says
of each operation when it begins and when it is done. It is killed at random moments. After each kill everything is
checked: what was done is there, what had begun is there whole or not at all, nothing else has changed, `verify` finds
nothing, and the next worker goes on. `lost` counts every promise that was not kept, and must be 0.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "archive"), str(Path(__file__).parent)]

import bm25s  # noqa: E402, F401  (whatever a worker needs is here before the first one is forked)
import faiss  # noqa: E402, F401
import numpy as np  # noqa: E402
from archive_fakes import FakeTagger  # noqa: E402

from conftest import HashingEncoder  # noqa: E402
from stratmap.answering import assistant  # noqa: E402, F401
from stratmap.archive import run  # noqa: E402
from stratmap.assembly import Desk  # noqa: E402
from stratmap.errors import StratmapError  # noqa: E402
from stratmap.index import Index  # noqa: E402
from stratmap.index.corrections import CorrectionStore  # noqa: E402
from stratmap.index.transfer import export_index, import_index  # noqa: E402
from stratmap.records import Correction  # noqa: E402
from stratmap.reviewing import reviews  # noqa: E402, F401
from stratmap.reviewing.adjusting import Adjustment  # noqa: E402
from stratmap.reviewing.versions import VersionStore  # noqa: E402
from stratmap.settings import AnsweringSettings, EncodingSettings, Settings  # noqa: E402
from stratmap.tagging import tagger, zero_shot  # noqa: E402, F401

FILES = 24
SETTINGS = Settings(encoding=EncodingSettings(encoder="hashing"), answering=AnsweringSettings(rerank=0))
WORDS = "border return health labour visa camp grant police child route farm clinic court".split()  # noqa: SIM905
WEIGHTS = {
    "add": 30, "change": 20, "delete": 14, "rollback": 5, "compact": 4, "tag": 6, "correct": 8, "retrain": 4,
    "carry": 3, "ask": 26,
}  # fmt: skip
State = frozenset[tuple[str, int]]


class Soaking:
    """One archive, its expected state, and the worker that is at work on it."""

    def __init__(self, place: Path, seed: int) -> None:
        self.place, self.random = place, random.Random(seed)
        self.encoder = HashingEncoder()
        (place / "files").mkdir(parents=True)
        (place / "many").mkdir()
        for n in range(12):
            (place / "many" / f"m{n}.txt").write_text(f"Report {n} on the return of people to village {n}.")
        run([place / "many"], place / "expected", FakeTagger(SETTINGS).tag, SETTINGS)
        Index.open(place / "index", "hashing", "hashing-1", 32, make=True)
        self.version = 0
        self.state: State = frozenset()
        self.kept: dict[int, State] = {0: frozenset()}
        self.corrections = self.model = 0
        self.figures = dict.fromkeys(("operations", "kills", "recoveries", "in_progress_kept", "checks", "lost"), 0)
        self.by_kind = dict.fromkeys(WEIGHTS, 0)
        self.findings: list[str] = []

    # In the worker

    @cached_property
    def desk(self) -> Desk:
        desk = Desk(SETTINGS, self.place / "index")
        desk.__dict__["encoder"] = self.encoder
        return desk

    def do(self, operation: dict[str, Any]) -> None:
        """Do an operation as a user's command would."""
        kind, desk = operation["kind"], self.desk
        folder = self.place / "index"
        if kind in {"add", "change"}:
            for name, version in operation["files"]:
                text = " ".join(random.Random(f"{name} {version}").choices(WORDS, k=60))
                (self.place / "files" / name).write_text(f"{name} {version} report. {text}.")
            done = desk.add([self.place / "files" / name for name, _ in operation["files"]])
            assert not done.failed, done.failed
        elif kind == "delete":
            desk.index.delete(operation["names"])
        elif kind == "rollback":
            desk.index.rollback(operation["to"])
        elif kind == "compact":
            desk.index.compact()
        elif kind == "tag":
            run([self.place / "many"], self.place / operation["out"], FakeTagger(SETTINGS).tag, SETTINGS)
        elif kind == "correct":
            CorrectionStore(folder).add([Correction("x", "x.md", "O1", "tag", True, "Ana", str(operation["n"]), "")])
        elif kind == "retrain":
            store = VersionStore(self.place / "trained", "t")
            weights = np.full((33, 2), operation["n"], np.float32)
            store.activate(store.save(Adjustment(("O1", "O2"), weights[:32], weights[32]), {"n": operation["n"]}))
        elif kind == "carry":
            export_index(folder, self.place / operation["out"])
            import_index(self.place / operation["out"], self.place / f"{operation['out']}-there")
        else:
            self.ask(desk, operation)

    def ask(self, desk: Desk, operation: dict[str, Any]) -> None:
        """What is quoted stands on the page that is named, and is of a document that is there."""
        answer = desk.ask(operation["question"])
        there = {document.doc_id for document in desk.documents()}
        for citation in answer.citations:
            page = desk.page_text(citation.doc_id, citation.page_index)
            assert citation.doc_id in there
            assert page[citation.start : citation.end] == citation.quote
        assert {hit.passage.doc_id for hit in answer.passages} <= there

    def serve(self, commands: int, answers: int) -> None:
        with os.fdopen(commands) as lines:
            for line in lines:
                try:
                    self.do(json.loads(line))
                    told = "done"
                except StratmapError as error:
                    told = f"refused {error}"
                except Exception as error:
                    told = f"failed {type(error).__name__}: {error}"
                os.write(answers, f"{told}\n".encode())
        os._exit(0)

    # In the parent

    def start(self) -> tuple[int, int, int]:
        theirs, mine = os.pipe()
        answers, back = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.close(mine)
            os.close(answers)
            self.serve(theirs, back)
        os.close(theirs)
        os.close(back)
        return worker, mine, answers

    def choose(self) -> dict[str, Any]:
        kind = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        names = sorted(name for name, _ in self.state)
        self.version += 1
        if kind in {"change", "delete"} and not names:
            kind = "add"
        if kind == "rollback" and not self.choices():
            kind = "ask"
        if kind == "add":
            picked = sorted({f"f{self.random.randrange(FILES):02}.txt" for _ in range(self.random.randrange(1, 4))})
            return {"kind": kind, "files": [(name, self.version) for name in picked]}
        if kind == "change":
            return {"kind": kind, "files": [(self.random.choice(names), self.version)]}
        if kind == "delete":
            return {"kind": kind, "names": self.random.sample(names, self.random.randrange(1, min(3, len(names)) + 1))}
        if kind == "rollback":
            return {"kind": kind, "to": self.random.choice(self.choices())}
        return {
            "kind": kind,
            "n": self.version,
            "out": f"out{self.version}",
            "question": " ".join(self.random.choices(WORDS, k=3)),
        }

    def choices(self) -> list[int]:
        now = max(self.kept)
        return [number for number in self.kept if now - 4 <= number < now]

    def allowed(self, operation: dict[str, Any]) -> list[State]:
        """The states through which an operation passes, each of which a kill may leave."""
        states = [self.state]
        if operation["kind"] in {"add", "change"}:  # one transaction a file
            for name, version in operation["files"]:
                states.append(frozenset(one for one in states[-1] if one[0] != name) | {(name, version)})
        elif operation["kind"] == "delete":
            states.append(frozenset(one for one in self.state if one[0] not in operation["names"]))
        elif operation["kind"] == "rollback":
            states.append(self.kept[operation["to"]])
        return states

    def check(self, operation: dict[str, Any] | None, killed: bool) -> None:
        """Compare what is there with what was promised."""
        self.figures["checks"] += 1
        allowed = [self.state] if operation is None else self.allowed(operation)
        index = Index.open(self.place / "index", "hashing", "hashing-1", 32)
        found = self.found(index)
        if (found not in allowed) if killed else (found != allowed[-1]):
            self.lose(f"{operation}: expected {sorted(allowed[-1])}, found {sorted(found)}")
        self.figures["in_progress_kept"] += killed and len(allowed) > 1 and found == allowed[-1]
        problems = index.verify() if killed or self.figures["checks"] % 20 == 0 else []
        if problems:
            self.lose(f"{operation}: {problems}")
        notes = [one.note for one in CorrectionStore(index.folder).all()]
        if operation and operation["kind"] == "correct" and (not killed or str(operation["n"]) in notes):
            self.corrections += 1
        if len(notes) != self.corrections:
            self.lose(f"{operation}: expected {self.corrections} corrections, found {len(notes)}")
        self.check_model(operation, killed)
        if operation and operation["kind"] == "compact":
            self.kept = {}
        self.state = found
        self.kept[index.generation] = found
        self.after(operation, killed)

    def check_model(self, operation: dict[str, Any] | None, killed: bool) -> None:
        """The model in use is the one that was activated last, or the one before where that was killed."""
        store = VersionStore(self.place / "trained", "t")
        found = store.load(store.active())
        number = 0 if found is None else int(found.weights[0, 0])
        new = operation["n"] if operation and operation["kind"] == "retrain" else self.model
        if number not in ({self.model, new} if killed else {new}):
            self.lose(f"{operation}: expected model {new}, found {number}")
        self.model = number

    def found(self, index: Index) -> State:
        pages = [index.page_text(document.doc_id, 0).split(" ", 2) for document in index.documents()]
        return frozenset((name, int(version)) for name, version, _ in pages)

    def after(self, operation: dict[str, Any] | None, killed: bool) -> None:
        """Results of an archive are whole or not there; a carrier and what was made of it too."""
        if operation is None or operation["kind"] not in {"tag", "carry"}:
            return
        out = self.place / operation["out"]
        if operation["kind"] == "tag":
            if killed:
                run([self.place / "many"], out, FakeTagger(SETTINGS).tag, SETTINGS)
            if (out / "tags.jsonl").read_bytes() != (self.place / "expected" / "tags.jsonl").read_bytes():
                self.lose(f"{operation}: other results than those of a run without a kill")
        else:
            there = self.place / f"{operation['out']}-there"
            if not (there / "index.sqlite").exists():
                if not killed:
                    self.lose(f"{operation}: said to be imported, and is not there")
            elif self.found(Index(there)) != self.state or Index(there).verify():
                self.lose(f"{operation}: what was imported is not what was exported")
            shutil.rmtree(there, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)

    def lose(self, finding: str) -> None:
        self.figures["lost"] += 1
        self.findings.append(finding[:600])

    def soak(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        worker, commands, answers = self.start()
        told = os.fdopen(answers)
        while time.monotonic() < end:
            operation = self.choose()
            os.write(commands, (json.dumps(operation) + "\n").encode())
            killed = self.random.random() < 0.3
            if killed:  # most operations take 5 to 100 ms
                killed = not select.select([told], [], [], self.random.random() ** 2 * 0.15)[0]
            if killed:
                os.kill(worker, signal.SIGKILL)
            line = told.readline().strip()
            self.figures["operations"] += 1
            self.by_kind[operation["kind"]] += 1
            if killed and not line:
                os.waitpid(worker, 0)
                self.figures["kills"] += 1
                os.close(commands)
                told.close()
                self.check(operation, True)
                worker, commands, answers = self.start()
                told = os.fdopen(answers)
                self.figures["recoveries"] += 1
                continue
            if line != "done":
                self.lose(f"{operation}: {line or 'the worker died'}")
            self.check(operation, False)
            if killed:  # it had finished before the signal came
                os.waitpid(worker, 0)
                os.close(commands)
                told.close()
                worker, commands, answers = self.start()
                told = os.fdopen(answers)
        os.close(commands)
        os.waitpid(worker, 0)
        self.check(None, True)


def main(place: Path, seconds: float, seed: int) -> dict[str, Any]:
    soaking = Soaking(place, seed)
    soaking.soak(seconds)
    return {
        "seconds": seconds,
        "seed": seed,
        **soaking.figures,
        "by_kind": soaking.by_kind,
        "findings": soaking.findings[:20],
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 1), indent=1))
