"""Two taggers in one: the fast one reads everything, the full one what the fast one is unsure of.

Comes in: documents. Goes out: their tags, in their order, by the tagger that read them last. How unsure is too unsure
is the fast model's own figure, chosen on the curve in `evaluation/results/tiers.json`. The full tagger is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from stratmap.artefacts import shipped_folder
from stratmap.encoding.table import CountingEncoder, TokenTable
from stratmap.errors import SettingsError
from stratmap.framework import Framework
from stratmap.records import Document, TaggedDocument
from stratmap.settings import Settings
from stratmap.tagging.fast_model import FastModel
from stratmap.tagging.tagger import Progress, Tagger

FULL, FAST, AUTO = TIERS = ("full", "fast", "auto")
_GROUP = 64  # documents that the fast tier reads before the full one is asked


def checked_tier(name: str) -> str:
    """The name of a tier.

    Raises:
        SettingsError: There is no such tier.
    """
    if name not in TIERS:
        raise SettingsError(f"tagging tier: expected one of {', '.join(TIERS)}, found {name!r}.")
    return name


def doubt(tagged: TaggedDocument) -> float:
    """How many of a document's decisions are expected to be wrong, by its own probabilities."""
    decisions = [tag for tags in tagged.tags.values() for tag in tags]
    return sum(1.0 - tag.probability if tag.applied else tag.probability for tag in decisions)


class TieredTagger:
    """A fast tagger with a full one behind it.

    Args:
        fast: Reads every document.
        full: Gives the full tagger; called when the first document needs it, so that its models load only then.
        escalate_above: Doubt from which the full tagger reads a document.
    """

    def __init__(self, fast: Tagger, full: Callable[[], Tagger], escalate_above: float) -> None:
        self.fast = fast
        self._full = full
        self.escalate_above = escalate_above

    def tag(self, document: Document, progress: Progress | None = None) -> TaggedDocument:
        """The tags of one document; the full tagger tells `progress` how far it is in a long one."""
        first = self.fast.tag(document)
        return self._full().tag(document, progress) if doubt(first) > self.escalate_above else first

    def tag_many(self, documents: Iterable[Document]) -> Iterator[TaggedDocument]:
        """The tags of documents, in their order."""
        waiting = iter(documents)
        while group := list(islice(waiting, _GROUP)):
            first = list(self.fast.tag_many(group))
            unsure = [place for place, tagged in enumerate(first) if doubt(tagged) > self.escalate_above]
            again = self._full().tag_many([group[place] for place in unsure]) if unsure else iter(())
            for place, tagged in zip(unsure, again, strict=True):
                first[place] = tagged
            yield from first


def load_tiers(framework: Framework, full: Callable[[], Tagger], settings: Settings) -> Tagger | TieredTagger:
    """The tagger of the tier that the settings name, other than the full one.

    A framework or an encoder of the user's own has no fast tier: `auto` is the full tagger then.

    Raises:
        SettingsError: The fast tier is asked for, and does not know the framework.
        ArtefactError: Its folder is missing or damaged.
    """
    folder = shipped_folder("fast-tier")
    table = TokenTable(folder)
    model = FastModel(folder, table)
    own = settings.encoding.encoder == "shipped" and not settings.tagging.head
    if not own or set(model.labels) != set(framework.codes):
        if settings.tagging.tier == AUTO:
            return full()
        raise SettingsError(
            f"tagging tier fast: expected the shipped framework, encoder and head, found {framework.id} on "
            f"{settings.encoding.encoder!r}. Use --tier full."
        )
    fast = Tagger(framework, CountingEncoder(table), model, settings.tagging, settings.reading)
    return fast if settings.tagging.tier == FAST else TieredTagger(fast, full, model.escalate_above)
