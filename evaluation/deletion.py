"""Does the evidence carry the tag? `python -m evaluation.deletion [--most-dev N] [--draws N]`.

For each applied tag its evidence sentences are taken out of the document, and the tag's probability is computed again;
beside it as many other words are taken out at random, in whole sentences of the same document. Recorded is how much
more the evidence lowers the probability, paired, with bootstrap intervals over documents. Tags whose evidence is more
than half of the document have no such control; they are counted and left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evaluation.provenance import SHARED, record
from stratmap.assembly import Desk
from stratmap.evaluating.tagging import load_items
from stratmap.records import Document, Evidence, Passage
from stratmap.settings import EncodingSettings, Settings
from stratmap.tagging import Tagger
from stratmap.tagging.evidence import spans
from stratmap.tagging.pooling import pool, weights_of
from stratmap.tagging.tagger import Read

_SEED = 7
_BOOTSTRAPS = 1000
Cut = tuple[int, int, int]  # number of the passage, start and end in it


@dataclass(frozen=True)
class Case:
    """A tag of a document: by how much each removal lowers its probability."""

    document: int
    group: str
    by_evidence: float
    by_chance: float
    words: int


def cuts_of(evidence: Sequence[Evidence], passages: Sequence[Passage]) -> list[Cut]:
    """Evidence as spans of passages."""
    found = []
    for one in evidence:
        for number, passage in enumerate(passages):
            start, end = max(one.start, passage.start), min(one.end, passage.end)
            if passage.page_index == one.page_index and start < end:
                found.append((number, start - passage.start, end - passage.start))
    return found


def without(text: str, cuts: Iterable[tuple[int, int]]) -> str:
    """A text without some of its spans.

    >>> without("one two three", [(4, 8)])
    'one three'
    """
    kept, at = [], 0
    for start, end in sorted(cuts):
        kept.append(text[at : max(at, start)])
        at = max(at, end)
    return " ".join("".join([*kept, text[at:]]).split())


def words_in(cuts: Iterable[Cut], passages: Sequence[Passage]) -> int:
    """Words that cuts take out."""
    return sum(len(passages[number].text[start:end].split()) for number, start, end in cuts)


def others(taken: Sequence[Cut], passages: Sequence[Passage], language: str) -> list[Cut]:
    """Sentences of a document that no evidence touches."""
    return [
        (number, start, end)
        for number, passage in enumerate(passages)
        for start, end in spans(passage, language)
        if not any(number == n and start < b and a < end for n, a, b in taken)
    ]


def drawn(pool_of: Sequence[Cut], words: int, passages: Sequence[Passage], rng: np.random.Generator) -> list[Cut]:
    """Sentences at random that hold `words` words together; the last one is taken in part."""
    chosen: list[Cut] = []
    for place in rng.permutation(len(pool_of)):
        number, start, end = pool_of[place]
        own = passages[number].text[start:end].split()
        if len(own) < words:
            chosen.append((number, start, end))
            words -= len(own)
            continue
        part = passages[number].text[start:end]
        return [*chosen, (number, start, start + _end_of_word(part, words))]
    return chosen


def _end_of_word(text: str, words: int) -> int:
    at = 0
    for word in text.split()[:words]:
        at = text.index(word, at) + len(word)
    return at


def probability_without(tagger: Tagger, read: Read, matrix: np.ndarray, cuts: Sequence[Cut]) -> np.ndarray:
    """Probabilities of the document, (n_labels,), without some spans; only touched passages are encoded again."""
    touched = sorted({number for number, _, _ in cuts})
    texts = {n: without(read.passages[n].text, [(a, b) for m, a, b in cuts if m == n]) for n in touched}
    kept = [n for n in touched if texts[n]]
    changed = matrix.copy()
    if kept:
        encoded = tagger.encoder.encode_full([texts[n] for n in kept])
        changed[kept] = tagger.model.predict_proba([texts[n] for n in kept], encoded.embeddings, encoded.hidden)
    left = {n: replace(p, text=texts.get(n, p.text)) for n, p in enumerate(read.passages) if texts.get(n, " ")}
    return pool(changed[list(left)], weights_of(list(left.values())))


def cases_of(tagger: Tagger, number: int, read: Read, draws: int, rng: np.random.Generator) -> tuple[list[Case], int]:
    """Cases of one document, and how many of its tags have no control."""
    matrix, tagged, passages = read.seen.probabilities, tagger.tags_of(read), read.passages
    columns = {code: column for column, code in enumerate(tagger.model.labels)}
    whole = pool(matrix, weights_of(passages))
    found, left_out = [], 0
    for group, tags in tagged.tags.items():
        for tag in tags:
            if not tag.applied:
                continue
            taken = cuts_of(tag.evidence, passages)
            words, rest = words_in(taken, passages), others(taken, passages, read.document.language.code)
            if words_in(rest, passages) < words:
                left_out += 1
                continue
            column = columns[tag.code]
            chance = [
                probability_without(tagger, read, matrix, drawn(rest, words, passages, rng))[column]
                for _ in range(draws)
            ]
            evidence = probability_without(tagger, read, matrix, taken)[column]
            drop = float(whole[column] - evidence), float(whole[column] - np.mean(chance))
            found.append(Case(number, group, *drop, words))
    return found, left_out


def figures(cases: Sequence[Case], left_out: int) -> dict[str, object]:
    """Means of both drops and of their difference, with a bootstrap interval over documents."""
    gain = np.array([case.by_evidence - case.by_chance for case in cases])
    documents = np.array([case.document for case in cases])
    rows = {number: np.flatnonzero(documents == number) for number in set(documents.tolist())}
    rng, names = np.random.default_rng(_SEED), list(rows)
    means = [
        gain[np.concatenate([rows[names[i]] for i in rng.integers(0, len(names), len(names))])].mean()
        for _ in range(_BOOTSTRAPS)
    ]
    return {
        "tags": len(cases),
        "documents": len(names),
        "without_control": left_out,
        "words_removed": float(np.mean([case.words for case in cases])),
        "drop_by_evidence": float(np.mean([case.by_evidence for case in cases])),
        "drop_by_chance": float(np.mean([case.by_chance for case in cases])),
        "difference": float(gain.mean()),
        "interval": [float(value) for value in np.percentile(means, [2.5, 97.5])],
        "evidence_lowers_more": float((gain > 0).mean()),
    }


def measure(documents: Sequence[Document], tagger: Tagger, draws: int) -> dict[str, object]:
    """Figures of a set, whole and by half."""
    rng = np.random.default_rng(_SEED)
    cases: list[Case] = []
    left_out = 0
    for number, read in enumerate(tagger.read_many(documents)):
        own, without_control = cases_of(tagger, number, read, draws, rng)
        cases += own
        left_out += without_control
    halves = {group.id: [case for case in cases if case.group == group.id] for group in tagger.framework.groups}
    return {"all": figures(cases, left_out)} | {name: figures(own, 0) for name, own in halves.items() if own}


def main() -> None:
    """Measure both sets and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-dev", type=int, default=258, help="texts of dev, evenly drawn")
    parser.add_argument("--draws", type=int, default=3, help="random removals a tag")
    asked = parser.parse_args()
    desk = Desk(Settings(encoding=EncodingSettings(threads=1)))
    dev, _ = load_items(SHARED / "tagging" / "dev.jsonl", desk.framework)
    chosen = [dev[i] for i in np.linspace(0, len(dev) - 1, min(asked.most_dev, len(dev))).astype(int)]
    paths = [path for path in sorted(Path("corpora/projects").iterdir()) if path.suffix != ".csv"]
    found = {
        "dev": measure(chosen, desk.tagger, asked.draws),
        "projects": measure([desk.read(path) for path in paths], desk.tagger, asked.draws),
    }
    command = f"python -m evaluation.deletion --most-dev {asked.most_dev} --draws {asked.draws}"
    data = f"tagging/dev.jsonl ({len(chosen)} texts), corpora/projects ({len(paths)} documents)"
    print(record("deletion", found, command, data, _SEED))


if __name__ == "__main__":
    main()
