"""`stratmap corrections`, `retrain` and `versions`: what people said of tags, and what the tagger makes of it."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from stratmap.assembly import Desk
from stratmap.cli.show import complain, plain
from stratmap.errors import UsageError
from stratmap.settings import Settings

if TYPE_CHECKING:
    from stratmap.reviewing.measuring import HeldOutFigures
    from stratmap.reviewing.retraining import Report
    from stratmap.reviewing.reviews import Reviews

_MOST_SHOWN = 40


def export(path: Path, folder: Path, settings: Settings) -> int:
    """Write the workbook; returns the exit code."""
    from stratmap.reviewing.exchange import export_sheet

    rows = export_sheet(_reviews(folder, settings), path, covered=settings.privacy.mask_exports)
    print(f"{rows} tags in {path}; choose verdicts there, then: stratmap corrections import {path}")
    return 0


def import_(path: Path, folder: Path, settings: Settings, author: str, dry: bool, as_json: bool) -> int:
    """Show what a workbook changes, and change it unless it is a dry run; returns the exit code."""
    from stratmap.reviewing.exchange import import_sheet

    found = import_sheet(_reviews(folder, settings), path, author or _user(), settings.reading, dry=dry)
    for refused in found.refused:
        complain(f"row {refused.row}: {refused.reason}")
    if as_json:
        print(json.dumps({"dry_run": dry, **asdict(found)}, ensure_ascii=False))
    else:
        for change in found.changes[:_MOST_SHOWN]:
            before, after = change.before or "as tagged", change.after or "as tagged"
            said = "a note more" if change.adds_note_only else f"{before} -> {after}"
            print(f"  row {change.row}: {plain(change.document)}: {change.code} {said}")
        if len(found.changes) > _MOST_SHOWN:
            print(f"  and {len(found.changes) - _MOST_SHOWN} more")
        verb = "would change" if dry else "changed"
        tags, rows = (
            f"{len(n)} {word}{'s' * (len(n) != 1)}" for n, word in ((found.changes, "tag"), (found.refused, "row"))
        )
        print(f"{tags} {verb}, {found.unchanged} as before, {rows} refused")
    return 0 if not found.refused else (3 if found.changes or found.unchanged else 1)


def show(folder: Path, settings: Settings, as_json: bool) -> int:
    """List the corrections that stand or were taken back; returns the exit code."""
    corrections = _reviews(folder, settings).corrections.all(undone=True)
    if as_json:
        print(json.dumps([asdict(one) for one in corrections], ensure_ascii=False))
        return 0
    for one in corrections:
        said = {"tag": "applies" if one.applies else "does not apply", "evidence": "wrong evidence"}.get(
            one.kind, "note"
        )
        back = " (taken back)" if one.undone else ""
        note = f": {plain(one.note)}" if one.note else ""
        print(f"{one.id:>5}  {one.at}  {plain(one.author)}  {plain(one.document)}  {one.code} {said}{back}{note}")
    print(f"{sum(not one.undone for one in corrections)} corrections stand")
    return 0


def undo(numbers: list[int], folder: Path, settings: Settings) -> int:
    """Take corrections back; returns the exit code."""
    undone = _reviews(folder, settings).undo(numbers)
    print(f"{undone} of {len(numbers)} corrections taken back")
    return 0 if undone == len(numbers) else 1


def retrain(folder: Path, settings: Settings, author: str, as_json: bool) -> int:
    """Refit the tagger on all corrections; returns the exit code, 1 where it was refused."""
    done = _reviews(folder, settings).retrain(author or _user())
    if as_json:
        value = {"version": done.version, "relabelled": done.relabelled, **done.report.as_data()}
        print(json.dumps(value, ensure_ascii=False))
    else:
        print("\n".join(_report_lines(done.report)))
        if done.version:
            print(f"version {done.version} is in use; {done.relabelled} documents of the archive have other labels now")
    for reason in done.report.refused:
        complain(f"refused: {reason}")
    return 0 if done.version else 1


def versions(folder: Path, settings: Settings, as_json: bool) -> int:
    """List the versions; returns the exit code."""
    reviews = _reviews(folder, settings)
    listed, active = reviews.list_versions(), reviews.versions.active()
    if as_json:
        print(json.dumps({"active": active, "versions": [asdict(one) for one in listed]}, ensure_ascii=False))
        return 0
    print(f"{'*' if active == 'shipped' else ' '} shipped  the tagger as it came")
    for one in listed:
        told = plain(one.report.get("damaged", "")) or (
            f"{one.report.get('at', '')}  {plain(str(one.report.get('author', '')))}  "
            f"{one.report.get('verdicts', 0)} verdicts"
        )
        print(f"{'*' if one.active else ' '} {one.name}     {told}")
    return 0


def restore(name: str, folder: Path, settings: Settings) -> int:
    """Use a version from now on; returns the exit code."""
    changed = _reviews(folder, settings).restore(name)
    print(f"{name} is in use; {changed} documents of the archive have other labels now")
    return 0


def _report_lines(report: Report) -> list[str]:
    lines = [f"{report.verdicts} verdicts, {report.wrong_evidence} passages of wrong evidence, {report.seconds:.1f} s"]
    if report.left_out:
        lines.append(f"{report.left_out} corrected documents left out: their passages are not kept")
    if report.before and report.after:
        lines.append(f"on {report.after.texts} held-out texts        before    after")
        for group in report.after.f1:
            lines.append(f"  {'F1 ' + group:<28}{report.before.f1[group]:8.3f} {report.after.f1[group]:8.3f}")
        lines.append(f"  {'log-loss (lower is better)':<28}{_loss(report.before)} {_loss(report.after)}")
    if report.agreement:
        after = "too few" if report.agreement.after is None else f"{report.agreement.after:8.0%}"
        lines.append(f"on {report.agreement.verdicts} verdicts of {report.agreement.documents} texts")
        lines.append(f"  {'agreement, texts not seen':<28}{report.agreement.before:8.0%} {after}")
    return lines


def _loss(figures: HeldOutFigures) -> str:
    return f"{figures.log_loss:8.3f}"


def _reviews(folder: Path, settings: Settings) -> Reviews:
    desk = Desk(settings, folder)
    reviews = desk.reviews
    if reviews is None:
        raise UsageError(f"{folder}: expected an index, found none. Make one with: stratmap index PATHS --index DIR")
    return reviews


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unnamed"
