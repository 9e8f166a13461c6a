"""`stratmap doctor`: is everything there, whole, and fitting together; and mending what is not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from stratmap.assembly import Desk
from stratmap.cli.show import complain, plain
from stratmap.health import examine, mend
from stratmap.settings import Settings


def run(index_folder: Path | None, settings: Settings, as_json: bool, repair: bool = False) -> int:
    """Check, mend first where asked, and print; returns the exit code."""
    desk = Desk(settings, index_folder)
    done = mend(desk, lambda name: complain(f"made again from its text: {plain(name)}")) if repair else None
    findings = examine(desk)
    fine = all(finding.fine for finding in findings)
    if as_json:
        listed = [asdict(finding) for finding in findings]
        print(json.dumps({"repair": asdict(done) if done else None, "findings": listed} if repair else listed))
    else:
        for finding in findings:
            print(f"{'ok ' if finding.fine else 'BAD'}  {finding.what}: {plain(finding.detail)}")
        if repair:
            print("nothing to mend" if done is None else _told(done.kept, done.rebuilt))
        for note in done.notes if done else ():
            print(f"note: {plain(note)}")
    for source in done.lost if done else ():
        complain(f"{plain(source)}: its text was damaged and its file is not there; index it again")
    if not fine:
        return 1
    return 3 if done and done.lost else 0


def _told(kept: int, rebuilt: tuple[str, ...]) -> str:
    return f"mended: {kept} documents as they were, {len(rebuilt)} made again from their text"
