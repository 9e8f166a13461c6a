"""Tags of any framework without training, and from the first examples on.

Comes in: a framework as loaded from its file, an encoder, perhaps some labelled texts; then passages with their
search vectors. Goes out: a score between 0 and 1 for each passage and label, in the form of a probability, but not
calibrated. A label is described by its sentences, lists and examples (prototypes); a passage is near a label when
it is near several of its prototypes, away from what is common to all labels, and shares the label's words. It
pools no passages into documents and fits nothing but the place of the prototypes.

The constants were chosen on texts about two frameworks; `evaluation/experiments_zero_shot.py` shows how.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from stratmap.encoding import Encoder
from stratmap.framework import Framework, Label
from stratmap.reading.sentences import sentence_spans
from stratmap.tagging.few_shot import ExamplePull
from stratmap.tagging.keywords import PhraseIndex, WordProfiles

_BACKGROUND = Path(__file__).parent / "background.txt"
_REFERENCE = re.compile(r"\s*\([^)]*\)$")  # "(SDG10)" behind an exclusion
_KEYWORDS_A_SENTENCE = 4
_NEAREST_NEUTRAL = 3

Example = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class ZeroShotConstants:
    """What the score is made of.

    Attributes:
        nearest: Number of nearest prototypes whose cosines are averaged.
        centroid: Share of the cosine to the label's mean prototype in the vector part; the rest is `nearest`.
        phrases: Weight of the listed keywords.
        words: Weight of the label's vocabulary.
        exclusion: Weight against the label of the nearest text that it excludes.
        neutral: Weight against every label of the nearest sentences that are about nothing.
        rivalry: Share of the group's best score that is taken from every score of the group.
        background: How many labels the neutral sentences count for in the common centre.
        cut: The score that becomes probability 0.5.
        softness: The change of score that changes the log-odds by one.
        share: Weight of very many examples against the description.
        patience: Number of examples that earn half of that weight.
    """

    nearest: int = 6
    centroid: float = 0.3
    phrases: float = 0.1
    words: float = 1.5
    exclusion: float = 0.1
    neutral: float = 0.0
    rivalry: float = 0.3
    background: float = 3.0
    cut: float = 0.18
    softness: float = 0.06
    share: float = 0.7
    patience: float = 5.0


class ZeroShotModel:
    """A tagger made from the descriptions in a framework file.

    Attributes:
        labels: Codes in the order of every column below.
        thresholds: Score from which a label is given, (n_labels,).
        auto_thresholds: Score from which a label may be applied unseen, (n_labels,); no precision is promised.
        calibrated: Always false: no labelled texts stand behind the scores.

    Args:
        framework: The labels.
        encoder: The encoder that also makes the vectors of the passages.
        examples: Labelled texts, each with the codes it bears; none is needed, one helps.
        constants: What the score is made of.

    Raises:
        UsageError: An example bears a code that the framework does not have.
    """

    calibrated = False

    def __init__(
        self,
        framework: Framework,
        encoder: Encoder,
        examples: Sequence[Example] = (),
        constants: ZeroShotConstants | None = None,
    ) -> None:
        self.labels = framework.codes
        self.constants = constants or ZeroShotConstants()
        self.thresholds = np.full(len(self.labels), 0.5)
        self.auto_thresholds = np.full(len(self.labels), 0.8)
        _check_examples(framework, examples)
        self._groups = _group_columns(framework)
        described = [_described(label) for label in framework.labels]
        self._place_prototypes(framework, encoder, described)
        self._pull = self._placed_examples(encoder, examples) if examples else None
        self._phrases = PhraseIndex([label.keywords for label in framework.labels], described)
        self._words = WordProfiles(described)

    def _place_prototypes(self, framework: Framework, encoder: Encoder, described: list[list[str]]) -> None:
        sentences = [
            [*lines, *_keyword_sentences(label)] for lines, label in zip(described, framework.labels, strict=True)
        ]
        raw = [encode_long(encoder, lines) for lines in sentences]
        neutral = encode_long(encoder, _BACKGROUND.read_text(encoding="utf-8").splitlines())
        means, share = np.stack([rows.mean(axis=0) for rows in raw]), self.constants.background
        self._centre = (means.sum(axis=0) + share * neutral.mean(axis=0)) / (len(means) + share)
        self._neutral = _unit(neutral - self._centre)
        self._prototypes = [_unit(rows - self._centre) for rows in raw]
        self._centroids = _unit(means - self._centre)
        excluded = [[_REFERENCE.sub("", line) for line in label.excludes] for label in framework.labels]
        self._excluded = [_unit(encode_long(encoder, lines) - self._centre) for lines in excluded]

    def _placed_examples(self, encoder: Encoder, examples: Sequence[Example]) -> ExamplePull:
        rows = _unit(encode_long(encoder, [text for text, _ in examples]) - self._centre)
        bears = np.array([[code in codes for code in self.labels] for _, codes in examples])
        use = self.constants
        return ExamplePull(
            rows, bears, self._near(rows), self._neutral, self._near(self._neutral), use.share, use.patience
        )

    def predict_proba(
        self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray] = ()
    ) -> np.ndarray:
        """Score of each label for each passage; a passage's scores do not depend on the other passages.

        Args:
            texts: The passages, n of them.
            embeddings: Their search vectors, float32 (n, dim), length 1.
            hidden: Taken and ignored, so that every tagger is called alike.

        Returns:
            Scores in (0, 1), float64 (n, n_labels), columns in the order of `labels`.

        Raises:
            ValueError: There is not one vector a text.
        """
        del hidden
        if len(texts) != len(embeddings):
            raise ValueError(f"expected one vector a text, found {len(texts)} texts and {len(embeddings)} vectors")
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        scores = self.scores(texts, embeddings)
        odds = (scores - self.constants.cut) / self.constants.softness
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))

    def scores(self, texts: Sequence[str], embeddings: np.ndarray) -> np.ndarray:
        """The scores before they take the form of probabilities, float64 (n, n_labels)."""
        use = self.constants
        total = self._vector_part(np.asarray(embeddings, dtype=np.float64))
        total += use.phrases * self._phrases.scores(texts) + use.words * self._words.scores(texts)
        for columns in self._groups:
            total[:, columns] -= use.rivalry * total[:, columns].max(axis=1, keepdims=True)
        return total.round(9)  # the order of sums in a batch shows in the last digits

    def _vector_part(self, embeddings: np.ndarray) -> np.ndarray:
        rows = _unit(embeddings - self._centre)
        near = self._near(rows)
        if self._pull is not None:
            near = self._pull.applied(rows, near)
        for column, own in enumerate(self._excluded):
            if len(own):
                near[:, column] -= self.constants.exclusion * (rows @ own.T).max(axis=1)
        calm = _nearest_mean(rows @ self._neutral.T, _NEAREST_NEUTRAL)
        return np.asarray(near - self.constants.neutral * calm[:, None])

    def _near(self, rows: np.ndarray) -> np.ndarray:
        """Nearness of centred vectors (n, dim) to the descriptions, (n, n_labels)."""
        use = self.constants
        near = np.stack([_nearest_mean(rows @ own.T, use.nearest) for own in self._prototypes], axis=1)
        return np.asarray((1.0 - use.centroid) * near + use.centroid * (rows @ self._centroids.T))


def encode_long(encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    """Vectors of texts of any length; what exceeds the window is halved until it fits, and its parts are averaged.

    Returns:
        float64 (n, dim), rows of length 1.
    """
    if not texts:
        return np.zeros((0, encoder.dim))
    parts = [_fitting(encoder, text) for text in texts]
    vectors = np.asarray(encoder.encode([part for own in parts for part in own]), dtype=np.float64)
    starts = np.cumsum([0, *(len(own) for own in parts)])
    return _unit(np.stack([vectors[a:b].mean(axis=0) for a, b in pairwise(starts)]))


def _fitting(encoder: Encoder, text: str) -> list[str]:
    if encoder.count_tokens([text])[0] <= encoder.window:
        return [text]
    words = text.split()
    if len(words) < 2:  # one endless word
        return [*_fitting(encoder, text[: len(text) // 2]), *_fitting(encoder, text[len(text) // 2 :])]
    middle = len(words) // 2
    return [*_fitting(encoder, " ".join(words[:middle])), *_fitting(encoder, " ".join(words[middle:]))]


def _described(label: Label) -> list[str]:
    """What the file says about a label, in sentences and list items, without its keywords."""
    sentences = [label.description[start:end] for start, end in sentence_spans(label.description)]
    return [label.name, label.statement, *sentences, *label.covers, *label.examples]


def _keyword_sentences(label: Label) -> list[str]:
    starts = range(0, len(label.keywords), _KEYWORDS_A_SENTENCE)
    return [f"This text is about {', '.join(label.keywords[at : at + _KEYWORDS_A_SENTENCE])}." for at in starts]


def _group_columns(framework: Framework) -> list[slice]:
    ends = np.cumsum([len(group.labels) for group in framework.groups])
    return [slice(int(end) - len(group.labels), int(end)) for end, group in zip(ends, framework.groups, strict=True)]


def _check_examples(framework: Framework, examples: Sequence[Example]) -> None:
    for _, codes in examples:
        for code in sorted(codes):
            framework.label(code)


def _nearest_mean(cosines: np.ndarray, count: int) -> np.ndarray:
    return np.asarray(np.sort(cosines, axis=1)[:, -count:].mean(axis=1))


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12))
