"""Is everything there, whole and fitting together; and mending an index from the text that it holds.

Comes in: a desk. Goes out: findings, and what a repair did. Models and settings are checked, never changed: they come
with the installation. It prints nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stratmap.artefacts import load_manifest, shipped_folder
from stratmap.assembly import Desk, index_kind
from stratmap.errors import IndexFolderError, SettingsError, StratmapError, UsageError
from stratmap.reading import identify_language

if TYPE_CHECKING:
    from stratmap.index import Index
    from stratmap.index.repair import Mended, Target
    from stratmap.index.stored import StoredDocument

_LEAST_FREE = 200_000_000
_BACKENDS = ("faiss", "milvus")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    what: str
    fine: bool
    detail: str


def examine(desk: Desk) -> list[Finding]:
    """All checks, each on its own: one failure does not hide the others."""
    name = Path(desk.settings.tagging.framework).stem
    findings = [
        _try("model encoder", lambda: _manifest("encoder", "encoder")),
        _try(f"model tagger-{name}", lambda: _manifest(f"tagger-{name}", "tagger")),
        _try("reranker", lambda: _manifest("reranker", "reranker")),
        _try("framework", lambda: f"{desk.framework.id}, {len(desk.framework.codes)} labels"),
        _try("encoding", lambda: f"a sentence gives {desk.encoder.encode(['Migration.']).shape[1]} values"),
        _try("settings", lambda: _settings(desk)),
    ]
    if desk.index_folder is not None:
        findings += _index(desk)
        findings.append(_disk(desk.index_folder))
    return findings


def _manifest(name: str, kind: str) -> str:
    manifest = load_manifest(shipped_folder(name), kind)
    return f"{manifest.name} version {manifest.version}, {len(manifest.files)} files with the right hashes"


def _settings(desk: Desk) -> str:
    """What types cannot tell: names of things that have to exist."""
    settings = desk.settings
    if settings.index.backend not in _BACKENDS:
        raise SettingsError(f"index.backend: expected one of {', '.join(_BACKENDS)}, found {settings.index.backend!r}.")
    for key, value in (("tagging.head", settings.tagging.head), ("app.users_file", settings.app.users_file)):
        if value and not Path(value).exists():
            raise SettingsError(f"{key}: expected something at {value}, found nothing.")
    return "known keys, values in range, named files there"


def _index(desk: Desk) -> Iterator[Finding]:
    yield _try("index", lambda: _sound(desk))
    yield _try("index and encoder", lambda: f"generation {desk.index.generation}, made by {desk.encoder.name}")
    yield _try("index tags", lambda: _tags(desk))
    if desk.settings.index.backend == "milvus":
        yield _try("index in Milvus", lambda: _far_side(desk))


def _sound(desk: Desk) -> str:
    assert desk.index_folder is not None  # noqa: S101  (asked by the caller)
    index = index_kind(desk.settings)(desk.index_folder, desk.settings.index)
    try:
        faults = index.faults()
    except IndexFolderError as error:
        said = str(error).partition(" The state before stays;")[0]
        raise StratmapError(f"{said} Mend it from the stored texts: stratmap doctor --repair --index DIR") from error
    told = [fault.sentence for fault in faults if fault.kind != "unsealed"]
    if told:
        raise StratmapError("; ".join(told) + ". Mend it: stratmap doctor --repair --index DIR")
    older = sum(len(fault.rows) for fault in faults)
    counts = f"{len(index.documents())} documents, {len(index)} passages, hashes and spans right"
    return counts + (f"; {older} without hashes, written by an earlier version" if older else "")


def _far_side(desk: Desk) -> str:
    told = [problem for problem in desk.index.verify() if problem.startswith("Milvus")]
    if told:
        raise StratmapError("; ".join(told[:5]) + ". Send it again: stratmap index sync --index DIR")
    return f"{len(desk.index)} passages, each as in the folder"


def _tags(desk: Desk) -> str:
    stale = desk.index.stale(desk.tagger_name, frozenset(desk.framework.codes))
    if stale:
        raise StratmapError(f"{stale[0].sentence}. Tag them again: stratmap doctor --repair --index DIR")
    return "made by the present tagger, or stated by the documents"


def _disk(folder: Path) -> Finding:
    held = sum(path.stat().st_size for path in folder.glob("*") if path.is_file()) if folder.is_dir() else 0
    free = shutil.disk_usage(folder if folder.exists() else Path()).free
    needed = max(_LEAST_FREE, 2 * held)  # compacting writes the whole index once more, and its log
    return Finding("disk", free > needed, f"{free / 1e9:.1f} GB free, {needed / 1e9:.1f} wanted")


def _try(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except StratmapError as error:
        return Finding(what, False, str(error))


def mend(desk: Desk, progress: Callable[[str], None] | None = None) -> Mended | None:
    """Mend the index of a desk from its own text; None where nothing is to be done.

    What has lost its text is read again from its file where that is still there unchanged, and named else.

    Args:
        desk: With an index folder.
        progress: Called with the name of each document that is made again.

    Raises:
        UsageError: No index is named.
        IndexFolderError: There is none, or it could not be mended; the state before stays.
    """
    from stratmap.index import Index
    from stratmap.index.repair import Target, salvage, workable_faults
    from stratmap.index.repair import mend as mend_index
    from stratmap.index.schema import FILE

    folder = desk.index_folder
    if folder is None:
        raise UsageError("expected an index to repair, found none named. Name one: --index DIR")
    if not (folder / FILE).is_file():
        raise IndexFolderError(f"{folder}: expected an index, found none. Index the documents again.")

    encoder = desk.encoder
    target = Target(encoder.name, encoder.fingerprint, encoder.dim)
    faults = workable_faults(folder)
    index = Index(folder, desk.settings.index)
    fits = faults is not None and _made_by(index, target)
    maker = desk if fits else _without_index(desk)

    def again(stored: StoredDocument) -> StoredDocument:
        if progress:
            progress(stored.name)
        return _again(maker, stored)

    if faults is None:
        return _with_files(desk, salvage(folder, target, again))
    faults += index.stale(maker.tagger_name, frozenset(desk.framework.codes))
    if not faults and fits:
        return None
    return _with_files(desk, mend_index(folder, faults, target, again))


def _made_by(index: Index, target: Target) -> bool:
    meta = index.meta()
    return (meta["fingerprint"], meta["dim"]) == (target.fingerprint, str(target.dim))


def _without_index(desk: Desk) -> Desk:
    """A desk with the same models that does not open the index, which it could not: the tagger is as it came."""
    made = Desk(desk.settings)
    made.__dict__.update({name: desk.__dict__[name] for name in ("encoder", "framework") if name in desk.__dict__})
    return made


def _again(desk: Desk, stored: StoredDocument) -> StoredDocument:
    """Passages, vectors and tags of a stored text, made as when it was added."""
    from stratmap.index.writes import DECLARED

    plain = stored.document()
    document = replace(plain, language=identify_language(plain.text))
    [read] = desk.tagger.read_many([document])
    passages, vectors = read.passages, read.seen.embeddings
    if stored.tagger == DECLARED:
        return replace(stored, passages=passages, vectors=vectors)
    tagged = desk.tagger.tags_of(read)
    labels = {tag.code: tag.probability for group in tagged.tags.values() for tag in group if tag.applied}
    return replace(stored, passages=passages, vectors=vectors, labels=labels, tagger=desk.tagger_name)


def _with_files(desk: Desk, done: Mended) -> Mended:
    """Read what lost its text again from its file, where there is one."""
    desk.__dict__.pop("index", None)
    there = [source for source in done.lost if Path(source).is_file()]
    if not there:
        return done
    desk.add([Path(source) for source in there])
    desk.__dict__.pop("index", None)
    held = {document.source for document in desk.index.documents()}
    read = tuple(source for source in there if source in held)
    notes = (*done.notes, f"read again from their files: {', '.join(read)}") if read else done.notes
    return replace(done, lost=tuple(source for source in done.lost if source not in held), notes=notes)
