"""`stratmap doctor`: is everything there, whole, and fitting together?"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from stratmap.artefacts import load_manifest, shipped_folder
from stratmap.assembly import Desk
from stratmap.errors import StratmapError
from stratmap.settings import Settings

_LEAST_FREE = 200_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    what: str
    fine: bool
    detail: str


def run(index_folder: Path | None, settings: Settings, as_json: bool) -> int:
    """Check and print; returns the exit code."""
    findings = examine(index_folder, settings)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{'ok ' if finding.fine else 'BAD'}  {finding.what}: {finding.detail}")
    return 0 if all(finding.fine for finding in findings) else 1


def examine(index_folder: Path | None, settings: Settings) -> list[Finding]:
    """All checks, each on its own: one failure does not hide the others."""
    desk = Desk(settings, index_folder)
    findings = [_model(name, kind) for name, kind in (("encoder", "encoder"), (f"tagger-{_name(settings)}", "tagger"))]
    findings.append(_try("reranker", lambda: _manifest("reranker", "reranker")))
    findings.append(_try("framework", lambda: f"{desk.framework.id}, {len(desk.framework.codes)} labels"))
    findings.append(_try("encoding", lambda: f"a sentence gives {desk.encoder.encode(['Migration.']).shape[1]} values"))
    if index_folder is not None:
        findings.append(_try("index", lambda: _index(desk)))
        free = shutil.disk_usage(index_folder if index_folder.exists() else Path()).free
        findings.append(Finding("disk", free > _LEAST_FREE, f"{free / 1e9:.1f} GB free"))
    return findings


def _name(settings: Settings) -> str:
    return Path(settings.tagging.framework).stem


def _model(name: str, kind: str) -> Finding:
    return _try(f"model {name}", lambda: _manifest(name, kind))


def _manifest(name: str, kind: str) -> str:
    manifest = load_manifest(shipped_folder(name), kind)
    return f"{manifest.name} version {manifest.version}, {len(manifest.files)} files with the right hashes"


def _index(desk: Desk) -> str:
    problems = desk.index.verify()
    if problems:
        raise StratmapError("; ".join(problems) + ". Index the documents again into a new folder.")
    return f"generation {desk.index.generation}, {len(desk.documents())} documents, {len(desk.index)} passages"


def _try(what: str, check) -> Finding:  # type: ignore[no-untyped-def]  # noqa: ANN001
    try:
        return Finding(what, True, check())
    except StratmapError as error:
        return Finding(what, False, str(error))
