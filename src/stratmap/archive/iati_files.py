"""IATI files of a run, given back with the tags of their activities.

Comes in: the paths and the folder of a finished run. Goes out: one file for each, in `iati/` of that folder. It tags
nothing; a file that cannot take tags is refused alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from stratmap.archive.results import read_results
from stratmap.archive.sources import find_files
from stratmap.errors import ExportError, ReadingError
from stratmap.files import atomic_write
from stratmap.framework import Framework
from stratmap.records import TaggedDocument, Unreadable
from stratmap.reporting.iati import IatiOptions, insert_tags
from stratmap.reporting.iati_scan import looks_like_iati, scan


@dataclass(frozen=True, slots=True)
class IatiFiles:
    """IATI files written with their tags, and those that could not be, with reasons."""

    written: tuple[Path, ...]
    refused: tuple[Unreadable, ...]


def write_iati_files(
    paths: Iterable[Path | str], out: Path, framework: Framework, options: IatiOptions | None = None
) -> IatiFiles:
    """Write each IATI file of a run, with its tags, to `out/iati/`.

    Args:
        paths: What the run was given; files that are no IATI activities are left out.
        out: The run's folder of results.
        framework: What the tags are labels of.
        options: Vocabulary, groups, sectors.
    """
    files = [path for path in find_files(paths, out) if path.suffix.lower() == ".xml" and _is_iati(path)]
    tags: dict[str, dict[int, TaggedDocument]] = {str(path): {} for path in files}
    for result in read_results(out):
        name, _, number = result.source.rpartition("#")
        if name in tags and number.isdecimal():
            tags[name][int(number)] = _without_evidence(result.tagged)
    written: list[Path] = []
    refused: list[Unreadable] = []
    for path in files:
        name, target = str(path), _free_name(out / "iati" / path.name, written)
        try:
            data = path.read_bytes()
            numbers = range(1, len(scan(data, name).activities) + 1)
            tagged = [tags[name].get(number) for number in numbers]
            atomic_write(target, insert_tags(data, tagged, framework, options, name))
            written.append(target)
        except (ExportError, ReadingError) as error:
            refused.append(Unreadable(name, str(error)))
    return IatiFiles(tuple(written), tuple(refused))


def _is_iati(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return looks_like_iati(file.read(8_192))
    except OSError:
        return False


def _without_evidence(tagged: TaggedDocument) -> TaggedDocument:
    """IATI has no place for quotations, and all activities of a run are held at once."""
    tags = {group: tuple(replace(tag, evidence=()) for tag in found) for group, found in tagged.tags.items()}
    return replace(tagged, tags=tags)


def _free_name(path: Path, taken: list[Path]) -> Path:
    """Files of the same name in different folders get a number."""
    found, number = path, 2
    while found in taken:
        found, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return found
