"""A report of a hundred pages: its subject decides, and not contents, annexes, boilerplate or references."""

from __future__ import annotations

import numpy as np
import pytest

from stratmap.framework import Framework, Group, Label
from stratmap.reading import read_text
from stratmap.records import Document, Page
from stratmap.settings import ReadingSettings, TaggingSettings
from stratmap.tagging import Tagger

FRAMEWORK = Framework("toy", "Toy", "", (Group("themes", "Themes", tuple(
    Label(code, code, f"{code}.") for code in ("MAIN", "ANNEX", "CONTENTS", "REFERENCES", "FOOTER")
)),))  # fmt: skip
MAIN = "The borehole at the village was repaired by the crew and its committee keeps the money for spare parts. "
PLAIN = "The team met in the afternoon and agreed on the next steps with those who had come to the hall that day. "
PAGES = 110


class WordModel:
    """0.97 where the label's word stands in the text, else 0.01."""

    labels = FRAMEWORK.codes
    thresholds = np.full(5, 0.3)
    auto_thresholds = np.full(5, 0.8)
    calibrated = True
    words = ("borehole", "vaccin", "customs", "prison", "railway")

    def predict_proba(self, texts, embeddings, hidden):
        return np.array([[0.97 if word in text.lower() else 0.01 for word in self.words] for text in texts]).reshape(
            -1, 5
        )


@pytest.fixture
def report() -> Document:
    """110 pages: a page of contents, 95 of text, 8 of annex of which 3 are on another subject, 6 of references."""
    contents = "Contents\n" + "\n".join(f"{n}. Customs reform in district {n} {'.' * 30} {n + 3}" for n in range(1, 25))
    body = [(MAIN * 3 + PLAIN * 6) if n % 3 == 0 else PLAIN * 9 for n in range(95)]
    annex = ["Annex 1\n\n" + ("Vaccination of calves was counted by the clinic in each yard. " * 12)] + [
        "Vaccination of calves was counted by the clinic in each yard. " * 12 if n < 2 else PLAIN * 9 for n in range(7)
    ]
    works = [
        ("References\n\n" if n == 0 else "")
        + "\n".join(
            f"Author, A. ({1990 + k}). Prison reform, volume {k}. Journal of Prisons {k}({n}), {k}-{k + 9}."
            for k in range(12)
        )
        for n in range(6)
    ]
    texts = [contents, *body, *annex, *works]
    assert len(texts) == PAGES
    pages, at = [], 0
    for number, text in enumerate(texts, 1):
        whole = f"{text}\n\nRailway Fund, annual report, page {number}"
        pages.append(Page(number, whole, at))
        at += len(whole) + 1
    language = read_text(MAIN * 3, "x").language
    return Document("long", "long.pdf", "long.pdf", tuple(pages), language)


def test_the_subject_of_the_report_decides_and_its_furniture_and_annexes_do_not(report, hashing_encoder):
    tagger = Tagger(FRAMEWORK, hashing_encoder, WordModel(), TaggingSettings(), ReadingSettings(passage_tokens=100))
    tagged = tagger.tag(report)
    assert tagged.applied("themes") == ("MAIN",)
    probability = {tag.code: tag.probability for tag in tagged.tags["themes"]}
    assert probability["CONTENTS"] < 0.05
    assert probability["REFERENCES"] < 0.05
    assert probability["FOOTER"] < 0.3
    assert 0.05 < probability["ANNEX"] < 0.3  # three pages of 110: seen, and not enough
