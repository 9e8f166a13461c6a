"""stratmap from Python: a tagger, an archive, an assistant, each made from a name or a folder in one line.

Comes in: texts, paths, folders. Goes out: the records of `stratmap.records`, and pandas frames of them. It decides
nothing itself; `docs/python.md` shows each in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from stratmap.answering.assistant import Assistant as _Assistant
from stratmap.archive import ArchiveResult, FormOptions, Result, TaggerFactory, check_forms, covered_documents
from stratmap.archive import read_results as _read_results
from stratmap.archive import run as _run
from stratmap.archive import write_forms as _write_forms
from stratmap.archive.session import Report
from stratmap.assembly import Desk, named_in_english
from stratmap.errors import UsageError
from stratmap.framework import Framework
from stratmap.reading import read_document, read_text
from stratmap.records import Answer, Document, Filters, TaggedDocument
from stratmap.reporting.compare import Comparison
from stratmap.reporting.compare import compare as _compare
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.frames import Frame, frame_of
from stratmap.reporting.overrides import read_overrides
from stratmap.reporting.tables import evidence_table, matrix_table, tags_table
from stratmap.settings import Settings
from stratmap.tagging import Tagger as _Tagger
from stratmap.tagging.tagger import Progress

Readable: TypeAlias = Document | Path | str
_TABLES: dict[str, Any] = {
    "tags": tags_table,
    "evidence": evidence_table,
    "matrix": lambda found: matrix_table(list(found)),
}


def frame(tagged: TaggedDocument | Iterable[TaggedDocument], rows: str = "tags") -> Frame:
    """Tagged documents as a pandas frame.

    Args:
        tagged: One or many.
        rows: `tags` (a row for each document and label), `evidence` (for each passage behind an applied tag) or
            `matrix` (a row a document, a column a label).

    Raises:
        UsageError: Rows that there are not.
        MissingExtra: pandas is not installed.
    """
    if rows not in _TABLES:
        raise UsageError(f"expected rows among {', '.join(_TABLES)}, found {rows!r}.")
    return frame_of(_TABLES[rows]([tagged] if isinstance(tagged, TaggedDocument) else tagged))


class Tagger(_Tagger):
    """The tagger of a framework: trained where one ships with stratmap, else from the labels' descriptions.

    Args:
        framework: A shipped framework's name, a YAML file, or a framework that is loaded already.
        settings: All settings.

    Raises:
        FrameworkError: There is no such framework.
    """

    def __init__(self, framework: str | Path | Framework = "iom-seeeca", settings: Settings | None = None) -> None:
        desk = _desk(framework, settings)
        super().__init__(desk.framework, desk.encoder, desk.shipped_model, desk.settings.tagging, desk.settings.reading)

    def tag(self, document: Readable, progress: Progress | None = None) -> TaggedDocument:
        """The tags of a document, of the file at a path, or of a text; `progress` as `tagging.Tagger.tag` has it.

        Raises:
            ReadingError: The file cannot be read.
        """
        return super().tag(_document(document, self._reading), progress)

    def tag_many(self, documents: Iterable[Readable]) -> Iterator[TaggedDocument]:
        """The tags of documents, files or texts, in their order; a file that cannot be read ends it."""
        return super().tag_many(_document(one, self._reading) for one in documents)


class Archive:
    """A folder of results of many documents: tagged, stopped, resumed, counted, compared.

    Args:
        folder: Where results are kept; made by the first `tag`.
        framework: As of `Tagger`; a name or a path, so that further processes can load it too.
        settings: All settings.
    """

    def __init__(
        self, folder: Path | str, framework: str | Path = "iom-seeeca", settings: Settings | None = None
    ) -> None:
        self.folder = Path(folder)
        self._desk = _desk(framework, settings)

    def tag(
        self,
        *paths: Path | str,
        jobs: int = 1,
        forms: Sequence[str] = (),
        progress: Report | None = None,
        retry_failed: bool = False,
    ) -> ArchiveResult:
        """Tag files, folders, patterns, zip archives, lists and IATI files; the same call goes on where one stopped.

        Args:
            paths: What to tag.
            jobs: Processes. A script that takes more than one starts under `if __name__ == "__main__":`.
            forms: What to write beside `tags.jsonl`: see `stratmap.archive.FORMS`.
            progress: Called after each document.
            retry_failed: Whether what was set aside is tried again.

        Raises:
            UsageError: A path names nothing, or the folder belongs to another tagger.
            ExportError: The folder cannot be written; what was done is kept.
        """
        options = FormOptions(check_forms(forms), covered=self._desk.settings.privacy.mask_exports)
        result = _run(
            paths,
            self.folder,
            self._desk.tag if jobs == 1 else None,
            self._desk.settings,
            jobs,
            factory=TaggerFactory("stratmap.assembly:Desk"),
            identity=self._desk.identity,
            progress=progress,
            retry_failed=retry_failed,
        )
        return replace(result, refused=_write_forms(paths, self.folder, self._desk.framework, options))

    def results(self) -> Iterator[Result]:
        """Every document with its tags, country and year, in input order, one at a time.

        Raises:
            ExportError: Nothing was tagged yet.
        """
        return _read_results(self.folder)

    def frame(self, rows: str = "tags") -> Frame:
        """All results as a pandas frame; see `frame`."""
        return frame((result.tagged for result in self.results()), rows)

    def coverage(self, facts: Path | None = None) -> Coverage:
        """What the archive covers and what it lacks.

        Args:
            facts: A CSV of document, country and year that a person knows better.
        """
        stated = read_overrides(facts.read_bytes(), str(facts)) if facts else {}
        return cover(covered_documents(self.folder, stated), self._desk.framework)

    def compare(self, other: Archive) -> Comparison:
        """What changed from this one to another one: other tags, with the reason and the words behind them."""
        first, second = ([(one.source, one.tagged) for one in side.results()] for side in (self, other))
        return _compare(first, second)


class Assistant(_Assistant):
    """Answers questions from an index, with quotations that stand in its documents.

    Args:
        index: The index folder.
        documents: Files and folders to add to it first; it is made where there is none.
        settings: All settings.

    Raises:
        IndexFolderError: There is no index, and nothing to make one of.
    """

    def __init__(
        self, index: Path | str, documents: Iterable[Path | str] = (), settings: Settings | None = None
    ) -> None:
        desk = Desk(settings, Path(index))
        listed = [Path(one) for one in documents]
        if listed:
            self.indexed = desk.add(listed)
        super().__init__(desk.index, desk.encoder, desk.settings.answering, desk.reranker, desk.framework)

    def ask(
        self,
        question: str,
        filters: Filters = Filters(),  # noqa: B008  (frozen)
        history: Sequence[str] = (),
    ) -> Answer:
        """The answer to a question; countries of a filter in any of their names."""
        return super().ask(question, named_in_english(filters), history)


def _desk(framework: str | Path | Framework, settings: Settings | None) -> Desk:
    settings = settings or Settings()
    if isinstance(framework, Framework):
        desk = Desk(settings)
        desk.__dict__["framework"] = framework  # in place of the one that the settings name
        return desk
    return Desk(replace(settings, tagging=replace(settings.tagging, framework=str(framework))))


def _document(one: Readable, settings: Any) -> Document:
    if isinstance(one, Document):
        return one
    return read_document(one, settings) if isinstance(one, Path) else read_text(one, "text")
