"""The `Desk`: all rooms put together from the settings, each built when it is first used.

Comes in: settings and an index folder. Goes out: what the command line and the web app call. It decides nothing
itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stratmap.errors import ArtefactError, SettingsError, UsageError
from stratmap.framework import Crosswalk, Framework, load_crosswalk, load_framework
from stratmap.reading import read_document
from stratmap.records import Answer, Document, Filters, Hit, IndexedDocument, Statement, TaggedDocument
from stratmap.settings import Settings

if TYPE_CHECKING:
    from stratmap.answering.assistant import Assistant
    from stratmap.answering.reranker import Reranker
    from stratmap.encoding import Encoder
    from stratmap.index import Index
    from stratmap.intake import Indexed, Intake, Progress
    from stratmap.reviewing.reviews import Reviews
    from stratmap.tagging import Tagger
    from stratmap.tagging.tagger import PassageModel
    from stratmap.tagging.tiers import TieredTagger


class Desk:
    """Everything stratmap can do, over one index folder.

    Args:
        settings: All settings.
        index_folder: The index; None where none is needed.
    """

    def __init__(self, settings: Settings | None = None, index_folder: Path | None = None) -> None:
        self.settings = settings or Settings()
        self.index_folder = index_folder
        self._tagger: tuple[str, Tagger] | None = None

    @cached_property
    def framework(self) -> Framework:
        """The framework that the settings name."""
        return load_framework(self.settings.tagging.framework)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that the settings name."""
        from stratmap.encoding import load_encoder

        return load_encoder(self.settings.encoding)

    @cached_property
    def shipped_model(self) -> PassageModel:
        """What scores passages before anybody's corrections: the head that the settings name, trained where shipped
        for framework and encoder, or zero-shot.
        """
        from stratmap.tagging.choice import passage_model

        return passage_model(self.framework, self.encoder, self.settings)

    @property
    def tagger(self) -> Tagger:
        """The tagger of the framework, with the version in use where corrections of the index made one."""
        from stratmap.tagging import Tagger

        stamp = self.reviews.versions.stamp() if self.reviews else ""
        if self._tagger is None or self._tagger[0] != stamp:
            model = self.reviews.current_model() if self.reviews else self.shipped_model
            made = Tagger(self.framework, self.encoder, model, self.settings.tagging, self.settings.reading)
            self._tagger = (stamp, made)
        return self._tagger[1]

    @property
    def reader(self) -> Tagger | TieredTagger:
        """What tags documents that are not indexed: the tagger, or the tiers that the settings name.

        Raises:
            SettingsError: There is no such tier, or the fast one does not know the framework.
        """
        from stratmap.tagging.tiers import FULL, checked_tier

        return self.tagger if checked_tier(self.settings.tagging.tier) == FULL else self._tiers

    @cached_property
    def _tiers(self) -> Tagger | TieredTagger:
        from stratmap.tagging.tiers import load_tiers

        return load_tiers(self.framework, lambda: self.tagger, self.settings)

    @property
    def reviews(self) -> Reviews | None:
        """Corrections, review and versions of the index; None where no index is named or it is not there yet."""
        if self.index_folder is None or not (self.index_folder / "index.sqlite").is_file():
            return None
        return self._reviews

    @cached_property
    def _reviews(self) -> Reviews:
        from stratmap.reviewing.reviews import Reviews

        patience = self.settings.index.lock_timeout_s
        model, name, dim = self.shipped_model, self.shipped_name, self.encoder.dim
        return Reviews(self.index, self.framework, model, name, dim, patience)

    @property
    def identity(self) -> str:
        """What tags depend on: version, framework and the weights of encoder and tagger."""
        from stratmap import __version__

        tier = ""
        if self.settings.tagging.tier != "full":
            from stratmap.artefacts import load_manifest, shipped_folder

            tier = f" {load_manifest(shipped_folder('fast-tier'), 'table').fingerprint}"
        return f"{__version__} {self.tagger_name} {self.settings.tagging}{tier}"

    @property
    def tagger_name(self) -> str:
        """What labels are made by now: framework, encoder and weights of the tagger, and the version in use."""
        return self.reviews.tagger_name() if self.reviews else self.shipped_name

    @cached_property
    def shipped_name(self) -> str:
        """Framework, encoder and weights of the tagger before anybody's corrections."""
        from stratmap.artefacts import load_manifest, shipped_folder

        weights = "zero-shot"
        if self.settings.tagging.head:
            with contextlib.suppress(ArtefactError):
                weights = load_manifest(Path(self.settings.tagging.head), "head").fingerprint
        elif self.settings.encoding.encoder == "shipped":
            with contextlib.suppress(ArtefactError):
                weights = load_manifest(shipped_folder(f"tagger-{self.framework.id}"), "tagger").fingerprint
        return f"{self.framework.id} {self.encoder.fingerprint} {weights}"

    @cached_property
    def index(self) -> Index:
        """The index of the folder.

        Raises:
            UsageError: No folder was named.
            IndexFolderError: It is missing or of another encoder.
        """
        return self._open_index(make=False)

    def _open_index(self, *, make: bool) -> Index:
        if self.index_folder is None:
            raise UsageError("expected an index, found none named. Name one: --index DIR")
        encoder = self.encoder
        return index_kind(self.settings).open(
            self.index_folder, encoder.name, encoder.fingerprint, encoder.dim, self.settings.index, make=make
        )

    @cached_property
    def reranker(self) -> Reranker | None:
        """The shipped reranker; None where it is switched off or not shipped."""
        from stratmap.artefacts import shipped_folder

        if self.settings.answering.rerank == 0:
            return None
        try:
            folder = shipped_folder("reranker")
        except ArtefactError:
            return None
        from stratmap.answering.reranker import Reranker

        return Reranker.load(folder, self.settings.encoding.threads)

    @cached_property
    def assistant(self) -> Assistant:
        """The assistant over the index."""
        from stratmap.answering.assistant import Assistant

        return Assistant(self.index, self.encoder, self.settings.answering, self.reranker, self.framework)

    def read(self, path: Path) -> Document:
        """Read one file.

        Raises:
            ReadingError: It cannot be read.
        """
        return read_document(path, self.settings.reading)

    def tag(self, document: Document, progress: Callable[[int, int], None] | None = None) -> TaggedDocument:
        """The tags of a document, as corrected by people where its text was.

        Args:
            document: What is tagged.
            progress: Hears how many passages of a long document are read, and of how many.
        """
        if self.reviews is None:
            return self.reader.tag(document, progress)
        tagger = self.tagger
        [read] = tagger.read_many([document], progress)
        self.reviews.remember(self.reviews.features_of(read, tagger.model))
        return self.reviews.corrected(tagger.tags_of(read))

    def ask(self, question: str, filters: Filters = Filters(), history: Sequence[str] = ()) -> Answer:  # noqa: B008
        """The answer to a question."""
        return self.assistant.ask(question, named_in_english(filters), history)

    def ask_in_steps(
        self,
        question: str,
        filters: Filters = Filters(),  # noqa: B008
        history: Sequence[str] = (),
    ) -> Iterator[Answer]:
        """The answer as it grows, statement by statement; the last one is whole, checked and has its citations."""
        said: list[Statement] = []
        for part in self.stream(question, filters, history):
            if isinstance(part, Answer):
                yield part
            else:
                said.append(part)
                yield Answer(question, True, "", (), (), statements=tuple(said))

    def stream(
        self,
        question: str,
        filters: Filters = Filters(),  # noqa: B008
        history: Sequence[str] = (),
    ) -> Iterator[Statement | Answer]:
        """The answer to a question, sentence by sentence, and as a whole at the end."""
        return self.assistant.stream(question, named_in_english(filters), history)

    def documents(self) -> list[IndexedDocument]:
        """All indexed documents."""
        return self.index.documents()

    def page_text(self, doc_id: str, page_index: int) -> str:
        """The text of a page of an indexed document."""
        return self.index.page_text(doc_id, page_index)

    def similar(self, document: Document, k: int = 5) -> list[Hit]:
        """The passages of the archive that are nearest to a document, one a document."""
        passages = self.tagger.passages(document)
        if not passages:
            return []
        vectors = self.encoder.encode([passage.text for passage in passages[:32]])
        mean = vectors.mean(axis=0)
        hits = self.index.search("", mean / max(float((mean**2).sum()) ** 0.5, 1e-9), 10 * k)
        first: dict[str, Hit] = {}
        for hit in hits:
            if hit.passage.doc_id != document.doc_id:
                first.setdefault(hit.passage.doc_id, hit)
        return list(first.values())[:k]

    def note_feedback(self, question: str, helpful: bool) -> None:
        """Keep a verdict on an answer in the index's database."""
        from stratmap.index.feedback import store_feedback

        store_feedback(self.index.folder, question, helpful, self.settings.index.lock_timeout_s)

    def crosswalk(self, target: str) -> Crosswalk:
        """A crosswalk from the framework."""
        return load_crosswalk(self.framework, target)

    def add(self, paths: Iterable[Path], progress: Progress | None = None) -> Indexed:
        """Read, tag and index files and folders, making the index where there is none.

        What cannot be read is reported and skipped; what is reported as added is on the disk.
        """
        return self._intake().add(paths, progress)

    def add_document(self, document: Document) -> int:
        """Tag and index one document, making the index where there is none; 0 where its text is there already.

        A document of the same source is replaced.

        Raises:
            StratmapError: It cannot be tagged or kept; nothing changes then.
        """
        return self._intake().add_document(document)

    def remove(self, doc_ids: Sequence[str]) -> int:
        """Delete documents from the index, and the features kept of them; returns how many there were."""
        deleted = self.index.delete(doc_ids)
        if self.reviews:
            self.reviews.features.forget(doc_ids)
        return deleted

    def _intake(self) -> Intake:
        """What documents are taken in by, over the index, made where there is none."""
        from stratmap.intake import Intake

        if "index" not in self.__dict__:
            self.__dict__["index"] = self._open_index(make=True)
        return Intake(
            self.index,
            self._reviews,
            self.framework,
            self.settings.reading,
            lambda: self.tagger,
            lambda: self.tagger_name,
        )


def named_in_english(filters: Filters) -> Filters:
    """Countries as the index keeps them, whatever people call them: `Turkey` finds Türkiye."""
    if not filters.countries:
        return filters
    from stratmap.reading.countries import country_name

    return replace(filters, countries=tuple(country_name(name) or name for name in filters.countries))


def index_kind(settings: Settings) -> type[Index]:
    """The kind of index that the settings name.

    Raises:
        SettingsError: There is no such backend.
    """
    if settings.index.backend == "faiss":
        from stratmap.index import Index

        return Index
    if settings.index.backend == "milvus":
        from stratmap.milvus import MilvusIndex

        return MilvusIndex
    raise SettingsError(f"index.backend: expected faiss or milvus, found {settings.index.backend!r}.")
