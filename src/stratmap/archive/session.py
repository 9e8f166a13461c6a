"""Tag an archive: stop it, start it again, and the result is the same.

Comes in: paths and a tagger. Goes out: a folder with `tags.jsonl`, `failed.jsonl` and `journal.sqlite`, and an
`ArchiveResult`. Every item is in the journal before work on it begins and when it ends, so that a kill costs the
items in progress and nothing else. It prints nothing and knows no particular tagger.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from stratmap.archive.engines import Engine, open_engine
from stratmap.archive.items import Item
from stratmap.archive.journal import Journal
from stratmap.archive.near_twins import settle
from stratmap.archive.patience import PATIENCE, within
from stratmap.archive.progress import Meter, Progress
from stratmap.archive.results import FAILED, TAGS, write_results
from stratmap.archive.sources import estimate, find_files, items_of
from stratmap.archive.work import Known, Outcome, Print, Tag, work
from stratmap.archive.workers import TaggerFactory
from stratmap.errors import ExportError, StratmapError, UsageError
from stratmap.records import Unreadable
from stratmap.settings import Settings

TRIES = 3
Report: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    """What a run came to.

    Attributes:
        done: Items with a result, those of earlier runs included.
        failed: Items set aside.
        skipped: Items that are no text: pictures, sound.
        resumed: Items that earlier runs had finished or set aside.
        copied: Items of this run whose text, or nearly that text, was tagged already.
        pages: Pages of this run.
        seconds: How long it took.
        tags: The file of results.
        failures: The file of what was set aside, with reasons.
        refused: IATI files that could not be given back with their tags, as far as that was asked for.
    """

    done: int
    failed: int
    resumed: int
    copied: int
    pages: int
    seconds: float
    tags: Path
    failures: Path
    skipped: int = 0
    refused: tuple[Unreadable, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 everything done, 1 nothing, 3 a part."""
        if not self.failed and not self.refused and (self.done or not self.skipped):
            return 0
        return 3 if self.done else 1


def run(
    paths: Iterable[Path | str],
    out: Path,
    tag: Tag | None,
    settings: Settings,
    jobs: int = 1,
    *,
    factory: TaggerFactory | None = None,
    identity: str = "",
    progress: Report | None = None,
    retry_failed: bool = False,
    engine: str = "local",
) -> ArchiveResult:
    """Tag everything that paths name.

    The same call with the same folder goes on where an earlier one stopped.

    Args:
        paths: Files, folders, globs, zip archives, lists (CSV, XLSX, JSONL), IATI activities files.
        out: The folder of results.
        tag: The tagger for one job.
        settings: All settings; they are a part of what the journal is made for.
        jobs: Processes; 1 works in this one.
        factory: The tagger for several jobs; also used for one where `tag` is None.
        identity: What else the results depend on (models, index), so that one folder never mixes two.
        progress: Called after each item.
        retry_failed: Whether what an earlier run set aside is tried again.
        engine: What works on the items; another one than `local` needs a factory.

    Raises:
        UsageError: A path names nothing, there is no tagger, or the folder belongs to another run.
        ServiceError: The engine is gone; what was done is kept.
        ExportError: The folder cannot be written; what was done is kept.
    """
    apart = jobs > 1 or engine != "local"
    if jobs < 1 or (tag is None and factory is None) or (apart and factory is None):
        raise UsageError(f"expected a tagger, and for several jobs a factory; found {jobs} jobs without one.")
    files = find_files(paths, out)
    if not files:
        raise UsageError("expected at least one file, found none.")
    journal = Journal(out / "journal.sqlite", _identity(settings, identity), retry_failed=retry_failed)
    try:
        meter = Meter(sum(map(estimate, files)), time.monotonic())
        session = _Session(journal, settings, meter, progress)
        session.work(files, jobs, tag, factory, engine)
        journal.commit()
        while settle(journal, files, settings):
            session.work(files, jobs, tag, factory, engine)
        write_results(journal, out, covered=settings.privacy.mask_exports)
        return session.result(out)
    except sqlite3.Error as error:
        raise ExportError(f"{journal.path}: cannot be written ({error}); what was done is kept.") from error
    except OSError as error:
        raise ExportError(f"{error.filename or out}: cannot be written ({error.strerror}).") from error
    finally:
        journal.close()


def _identity(settings: Settings, more: str) -> str:
    """Threads and patience change the speed, not the results."""
    parts = [
        replace(settings.reading, timeout_s=0.0, apart=True, max_memory_mb=0),
        settings.encoding.encoder,
        settings.tagging,
        more,
        *(["covered"] if settings.privacy.mask_exports else []),
    ]
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:32]


class _Session:
    """One run in progress."""

    def __init__(self, journal: Journal, settings: Settings, meter: Meter, progress: Report | None) -> None:
        self.journal, self.settings, self.meter, self.progress = journal, settings, meter, progress
        self.resumed = self.copied = 0
        self.started = time.monotonic()
        self._suspects: list[Item] = []
        self._again: list[Item] = []

    def work(
        self, files: list[Path], jobs: int, tag: Tag | None, factory: TaggerFactory | None, engine: str = "local"
    ) -> None:
        """Work until nothing is left; given up in good order, what is in progress counts as no try."""
        try:
            if factory is not None and (jobs > 1 or engine != "local"):
                self._together(files, open_engine(engine, jobs, factory, self.settings, self._find_twin))
                return
            tagger = tag or (factory.build(self.settings) if factory else None)
            for item in chain(self._items(files, alone=True), self._deferred()):
                if tagger is not None:
                    self._alone(item, tagger)
        except (KeyboardInterrupt, StratmapError):
            self.journal.release()
            raise

    def _together(self, files: list[Path], engine: Engine) -> None:
        left = self._items(files)
        with engine:
            while True:
                for item, outcome in engine.outcomes(self._again_first(left), self._begin):
                    self._record(item, outcome)
                if not self._again:
                    return

    def _begin(self, item: Item) -> None:
        self.journal.start(item.key)

    def _again_first(self, left: Iterator[Item]) -> Iterator[Item]:
        """Retries before new items, so that no more than the items in progress wait for one."""
        while True:
            item = self._again.pop(0) if self._again else next(left, None)
            if item is None:
                return
            yield item

    def result(self, out: Path) -> ArchiveResult:
        """Count what the journal holds."""
        done, failed = self.journal.count("done"), self.journal.count("failed")
        seconds = time.monotonic() - self.started
        skipped = self.journal.count("skipped")
        return ArchiveResult(
            done, failed, self.resumed, self.copied, self.meter.pages, seconds, out / TAGS, out / FAILED, skipped
        )

    def _items(self, files: list[Path], *, alone: bool = False) -> Iterator[Item]:
        """What is left to do.

        In a single process, what was in progress when a run died comes last: should it be to blame, it takes no
        other item with it.
        """
        seq = 0
        for path in files:
            for item in items_of(path, self.settings.reading):
                seq += 1
                entry = self.journal.meet(item.key, item.stamp, seq)
                if entry is None:
                    continue
                if item.skip:
                    self.journal.skip(item.key, item.skip)
                    self.meter.total -= 1
                elif entry.state in {"done", "failed"}:
                    self.resumed += 1
                    self.meter.skip(entry.state)
                elif alone and entry.crashes:
                    self._suspects.append(item)
                else:
                    yield item

    def _deferred(self) -> Iterator[Item]:
        suspects, self._suspects = self._suspects, []
        crashes = {item.key: self.journal.entry(item.key).crashes for item in suspects}
        for item in sorted(suspects, key=lambda item: crashes[item.key]):
            if crashes[item.key] < TRIES:
                yield item
            else:
                reason = f"the run ended {crashes[item.key]} times while working on it; out of memory?"
                self.journal.fail(item.key, reason, final=True)
                self._tick("failed", 0)

    def _alone(self, item: Item, tagger: Tag) -> None:
        patience_s = PATIENCE * self.settings.reading.timeout_s
        while True:
            self._begin(item)
            if self._record(item, within(patience_s, lambda: work(item, tagger, self._find_twin, self.settings))):
                return
            self._again.clear()

    def _record(self, item: Item, outcome: Outcome) -> bool:
        """Journal an outcome; whether the item is finished with."""
        if outcome.result:
            self.journal.finish(item.key, outcome)
            self.copied += outcome.copied
            self._tick("done", outcome.pages)
            return True
        final = outcome.final or self.journal.entry(item.key).tries + 1 >= TRIES
        self.journal.fail(item.key, outcome.reason, final=final)
        if final:
            self._tick("failed", 0)
        else:
            self._again.append(item)
        return final

    def _find_twin(self, found: Print) -> Known | None:
        near = self.journal.near(found.key, found.signature, self.settings.tagging.near_duplicates)
        if near is not None:
            return near.known(found)
        twin = self.journal.find_twin(found.twin)
        return Known(twin.result, twin.warnings, exact=True) if twin else None

    def _tick(self, state: str, pages: int) -> None:
        moment = self.meter.tick(state, pages, time.monotonic())
        if self.progress is not None:
            self.progress(moment)
