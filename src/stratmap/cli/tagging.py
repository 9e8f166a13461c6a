"""`stratmap tag`: documents in, tags out in the asked form."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from stratmap.assembly import Desk
from stratmap.cli.inputs import Failures, counted, documents_of, need
from stratmap.cli.show import complain, tagged_lines
from stratmap.errors import UsageError
from stratmap.settings import Settings

FORMS = ("text", "jsonl", "csv")


def tag_files(sources: list[str], form: str, crosswalks: list[str], settings: Settings) -> int:
    """Tag documents and print them as they are ready; returns the exit code."""
    if form not in FORMS:
        raise UsageError(f"expected one of {', '.join(FORMS)} for --format, found {form!r}.")
    desk = Desk(settings)
    failures = Failures()
    walks = [desk.crosswalk(name) for name in crosswalks]
    documents = counted(documents_of(need(sources, "files to tag"), settings.reading, failures), "tagging")
    done = 0
    results = []
    for tagged in desk.tagger.tag_many(documents):
        done += 1
        if form == "jsonl":
            from stratmap.reporting.jsonlines import as_dict

            print(json.dumps(as_dict(tagged, walks), ensure_ascii=False), flush=True)
        elif form == "text":
            print(("\n" if done > 1 else "") + "\n".join(tagged_lines(tagged, desk.framework, walks)), flush=True)
        else:
            results.append(tagged)
    if form == "csv":
        from stratmap.reporting.tables import tags_csv

        sys.stdout.write(tags_csv(results, desk.framework))
    return failures.exit_code(done)


def tag_archive(sources: list[str], out: Path, settings: Settings, jobs: int) -> int:
    """Tag an archive into a folder, resuming where an earlier run stopped; returns the exit code."""
    from stratmap.archive import run

    def told(message: str) -> None:
        print(message, file=sys.stderr)

    result = run([Path(source) for source in sources], out, settings, jobs=jobs, tell=told)
    complain(f"{result.done} tagged, {result.failed} failed; results in {out}")
    return 0 if not result.failed else (3 if result.done else 1)
