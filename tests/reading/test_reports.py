"""Published reports beside the repository; their texts stay there, so only shapes are checked here."""

import re
from pathlib import Path

import pytest

from stratmap.reading import read_document, split_passages
from stratmap.settings import ReadingSettings

from .conftest import count_words

REPORTS = Path(__file__).resolve().parents[3] / "shared" / "datasets" / "reports"
PAGES = {
    "accountability-evaluation-brief": (2, "en"),
    "eu-iom-joint-initiative-learning-brief": (2, "en"),
    "haiti-dominican-republic-evaluation-tor": (18, "fr"),
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not REPORTS.is_dir(), reason=f"the published reports are not at {REPORTS}"),
]


@pytest.fixture(params=list(PAGES))
def report(request):
    return request.param, read_document(REPORTS / f"{request.param}.pdf", ReadingSettings())


def test_page_counts_and_languages(report):
    name, document = report
    assert (len(document.pages), document.language.code) == PAGES[name]
    assert document.empty_pages == ()


def test_sentences_are_contiguous(report):
    _, document = report
    broken = re.findall(r"[a-zé,]\n[a-zé]", document.text)
    assert len(broken) <= 2
    assert not re.search(r"[\ufffe\xad\ufffd]", document.text)


def test_most_passages_are_of_a_good_length_and_end_a_sentence(report):
    _, document = report
    passages = split_passages(document, lambda texts: [int(1.4 * n) for n in count_words(texts)], 160)
    lengths = [len(passage.text.split()) for passage in passages]
    assert sum(length >= 12 for length in lengths) >= 0.85 * len(lengths)
    assert sum(p.text.rstrip()[-1] in ".!?:;»”" for p in passages) >= 0.5 * len(passages)
    assert all(document.pages[p.page_index].text[p.start : p.end] == p.text for p in passages)
