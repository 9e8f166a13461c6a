"""A process of its own for the tests: `python worker.py VERB FOLDER ...`; each line that it prints is on the disk.

Verbs: `write` adds documents for ever (or so many) and prints the name of each after `add` returned; `delete` deletes
them in order; `read` looks for ever, prints how often, and ends with 9 where it sees a mixture; `hold` takes the write
lock and waits; `fill` adds until the disk refuses, and prints what it was told.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from cuts import item, opened

from stratmap.errors import IndexFolderError, UsageError
from stratmap.index.schema import writing


def write(folder: Path, start: int, count: int) -> None:
    index = opened(folder, make=True)
    for n in range(start, start + count):
        index.add([item(f"w{n}.md", n), item(f"x{n}.md", n)])
        print(f"w{n}.md", flush=True)


def delete(folder: Path) -> None:
    index = opened(folder)
    for document in index.documents():
        if document.name.startswith("w"):
            index.delete([document.name, document.name.replace("w", "x")])
            print(document.name, flush=True)


def read(folder: Path) -> None:
    index = opened(folder)
    looks = 0
    while True:
        names = {document.name for document in index.documents()}
        pairs = {name[1:] for name in names}
        if any((f"w{pair}" in names) != (f"x{pair}" in names) for pair in pairs):
            print(sorted(names), flush=True)
            raise SystemExit(9)
        for document in index.documents()[-3:]:
            try:
                text = index.page_text(document.doc_id, 0)
            except UsageError:  # deleted since
                continue
            if not text.startswith(document.name):
                raise SystemExit(9)
        looks += 1
        print(looks, flush=True)


def hold(folder: Path) -> None:
    with writing(folder, 1.0):
        print("held", flush=True)
        time.sleep(600)


def fill(folder: Path, limit: int) -> None:
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    index = opened(folder)
    n = 0
    try:
        while True:
            index.add([item(f"w{n}.md", n, 60), item(f"x{n}.md", n, 60)])
            print(f"w{n}.md", flush=True)
            n += 1
    except IndexFolderError as error:
        print(f"refused {error}", flush=True)


if __name__ == "__main__":
    verb, folder = sys.argv[1], Path(sys.argv[2])
    numbers = [int(number) for number in sys.argv[3:]]
    {"write": write, "delete": delete, "read": read, "hold": hold, "fill": fill}[verb](folder, *numbers)
