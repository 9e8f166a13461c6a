"""IATI files of a run, given back with the tags of their activities.

Comes in: the paths and the folder of a finished run. Goes out: one file for each, in `iati/` of that folder; those of a
zip archive in a folder of its name. It tags nothing; a file that cannot take tags is refused alone, and is listed with
its reason in `iati/refused.jsonl`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from stratmap.archive.items import read_member
from stratmap.archive.results import read_results
from stratmap.archive.sources import HEAD, find_files, head_of, member_names
from stratmap.errors import ExportError, ReadingError
from stratmap.files import atomic_write, atomic_write_text
from stratmap.framework import Framework
from stratmap.records import TaggedDocument, Unreadable
from stratmap.reporting.characters import utf8_safe
from stratmap.reporting.iati import IatiOptions, insert_tags
from stratmap.reporting.iati_scan import looks_like_iati, scan
from stratmap.reporting.jsonlines import as_line
from stratmap.reporting.masking import mask_name, mask_with_names
from stratmap.settings import ReadingSettings

REFUSED = "refused.jsonl"


@dataclass(frozen=True, slots=True)
class IatiFiles:
    """IATI files written with their tags, and those that could not be, with reasons."""

    written: tuple[Path, ...]
    refused: tuple[Unreadable, ...]


def write_iati_files(
    paths: Iterable[Path | str],
    out: Path,
    framework: Framework,
    options: IatiOptions | None = None,
    settings: ReadingSettings | None = None,
    *,
    covered: bool = False,
) -> IatiFiles:
    """Write each IATI file of a run, with its tags, to `out/iati/`.

    Args:
        paths: What the run was given; files that are no IATI activities are left out.
        out: The run's folder of results.
        framework: What the tags are labels of.
        options: Vocabulary, groups, sectors.
        settings: Limits of reading.
        covered: Whether the run covered personal data: then names of files are too. Their content is their publisher's
            own and stays as it is.
    """
    settings = settings or ReadingSettings()
    sources = [source for path in find_files(paths, out) for source in _sources(path, settings)]
    names = {source.key: mask_name(source.key) if covered else source.key for source in sources}
    tags = _tags_of(out, set(names.values()))
    written: list[Path] = []
    refused: list[Unreadable] = []
    for source in sources:
        place = (mask_name(part) if covered else part for part in source.target.parts)
        target = _free_name(Path(out / "iati", *place), written)
        try:
            data = source.read(settings)
            numbers = range(1, len(scan(data, source.key).activities) + 1)
            tagged = [tags[names[source.key]].get(number) for number in numbers]
            atomic_write(target, insert_tags(data, tagged, framework, options, source.key))
            written.append(target)
        except (ExportError, ReadingError) as error:
            refused.append(Unreadable(source.key, str(error).removeprefix(f"{source.key}: ")))
        except OSError as error:
            refused.append(Unreadable(source.key, f"cannot be read again ({error.strerror})."))
    _list_refused(out / "iati" / REFUSED, refused, covered)
    return IatiFiles(tuple(written), tuple(refused))


def _list_refused(path: Path, refused: list[Unreadable], covered: bool) -> None:
    """The list of what was refused; none where nothing was."""
    if not refused:
        path.unlink(missing_ok=True)
        return
    told = (
        (mask_name(one.source), mask_with_names(one.reason)) if covered else (one.source, one.reason) for one in refused
    )
    lines = (as_line({"source": utf8_safe(source), "reason": utf8_safe(reason)}) for source, reason in told)
    atomic_write_text(path, "".join(f"{line}\n" for line in lines))


@dataclass(frozen=True, slots=True)
class _Source:
    """An IATI file, or one in a zip archive; `target` is its place below `iati/`."""

    path: Path
    member: str = ""

    @property
    def key(self) -> str:
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @property
    def target(self) -> Path:
        return Path(self.path.stem, *Path(self.member).parts) if self.member else Path(self.path.name)

    def read(self, settings: ReadingSettings) -> bytes:
        return read_member(self.path, self.member, settings) if self.member else self.path.read_bytes()


def _sources(path: Path, settings: ReadingSettings) -> Iterator[_Source]:
    if path.suffix.lower() == ".xml" and _is_iati(path):
        yield _Source(path)
    elif path.suffix.lower() == ".zip":
        for member in member_names(path, settings):
            if member.lower().endswith(".xml"):
                with contextlib.suppress(ReadingError):  # the run has set it aside, with the reason
                    if looks_like_iati(read_member(path, member, settings)[:HEAD]):
                        yield _Source(path, member)


def _tags_of(out: Path, keys: set[str]) -> dict[str, dict[int, TaggedDocument]]:
    """Tags by file and number of the activity."""
    tags: dict[str, dict[int, TaggedDocument]] = {key: {} for key in keys}
    for result in read_results(out) if keys else ():
        name, _, number = result.source.rpartition("#")
        if name in tags and number.isdecimal():
            tags[name][int(number)] = _without_evidence(result.tagged)
    return tags


def _is_iati(path: Path) -> bool:
    try:
        return looks_like_iati(head_of(path))
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
