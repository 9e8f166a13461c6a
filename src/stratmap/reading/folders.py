"""The files of folders: which of them count when somebody names a folder.

Comes in: paths. Goes out: paths of files, in the order of their names. Nothing is opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stratmap.reading.detect import READABLE_SUFFIXES
from stratmap.reading.sidecar import SIDECAR

NO_INDEX = ".noindex"  # a file of this name keeps its folder, and what lies below it, out


def files_below(
    folder: Path,
    hidden: Callable[[str], bool],
    apart: Path | None = None,
    failed: Callable[[OSError], None] | None = None,
) -> Iterator[Path]:
    """Files below a folder, unsorted; label lists and folders with a file `.noindex` are left out.

    Args:
        folder: Where to look; links to folders are not followed.
        hidden: Says of the name of a file or folder whether it is left out.
        apart: A folder, resolved, that is left out wherever it lies.
        failed: Hears of folders that cannot be listed.
    """
    for root, folders, names in os.walk(folder, onerror=failed):
        here = Path(root)
        if NO_INDEX in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not hidden(name) and (not apart or (here / name).resolve() != apart)]
        yield from (here / name for name in names if not hidden(name) and name != SIDECAR)


def readable_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files of folders, recursively, that stratmap can read; named files as they are. Hidden files are left out."""
    for path in paths:
        if not os.path.isdir(path):  # unlike Path.is_dir it takes names of any length
            yield path
            continue
        found = files_below(path, lambda name: name.startswith("."))
        yield from sorted(one for one in found if one.suffix.lower() in READABLE_SUFFIXES and one.is_file())
