"""A small desk for the tests of the app: keywords instead of a model, six documents instead of an archive."""

import os
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from stratmap.assembly import Desk
from stratmap.errors import IndexFolderError, UsageError
from stratmap.framework import Crosswalk, Framework, load_crosswalk, load_framework
from stratmap.reading import read_text, sentence_spans
from stratmap.records import (
    Answer,
    Citation,
    Document,
    Evidence,
    Filters,
    Hit,
    IndexedDocument,
    Passage,
    Statement,
    Tag,
    TaggedDocument,
)
from stratmap.settings import AnsweringSettings, Settings

ARCHIVE = (
    ("moldova-centre.md", "Moldova", 2012, "A resource centre in Chisinau offered retraining to 240 returnees. "
     "Wages of seasonal workers were paid on time."),
    ("armenia-return.md", "Armenia", 2019, "Returnees in Armenia found work through grants for small workshops. "
     "Each grant came with six weeks of mentoring."),
    ("armenia-border.md", "Armenia", 2021, "Border guards at Bagratashen trained in document examination."),
    ("georgia-tb.md", "Georgia", 2020, "Mobile clinics treated 310 migrants for tuberculosis."),
    ("georgia-law.md", "Georgia", 2014, "Parliament adopted the migration strategy and its action plan."),
    ("hostile <b>.md", "Tajikistan", 2011, "<script>alert('archive')</script> remittances grew {{value}} ${1+1}."),
)  # fmt: skip


NO_FILTERS = Filters()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # the network cable is out
]
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore"),  # the server runs in this process; Gradio's warnings are not ours
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing; install it with: apt-get install chromium"),
]


class FakeDesk:
    """Finds the framework's keywords; knows the documents of `ARCHIVE`, or none."""

    reviews = None  # it keeps nothing; what is kept has tests over a real index

    def __init__(self, with_archive: bool = True) -> None:
        self.framework: Framework = load_framework()
        self.pages = {}
        self.feedback = []
        self.known = []
        for name, country, year, text in ARCHIVE if with_archive else ():
            document = read_text(text, name)
            self.pages[document.doc_id] = document.text
            labels = {t.code: t.probability for g in self.tag(document).tags.values() for t in g if t.applied}
            self.known.append(IndexedDocument(document.doc_id, name, name, "", "en", 1, (country,), year, labels))

    def tag(self, document: Document, progress=None) -> TaggedDocument:
        if progress and len(document.pages) > 20:
            progress(len(document.pages) // 2, len(document.pages))
        if "unreadable" in document.text:
            raise UsageError("expected a text in words, found none.")
        tags = {
            group.id: tuple(sorted((self._tag(document, code.code) for code in group.labels),
                                   key=lambda tag: -tag.probability))
            for group in self.framework.groups
        }  # fmt: skip
        review = any(tag.review for group in tags.values() for tag in group)
        return TaggedDocument(document.name, document.doc_id, document.language, len(document.pages), tags, review)

    def _tag(self, document: Document, code: str) -> Tag:
        label = self.framework.label(code)
        evidence = []
        for index, page in enumerate(document.pages):
            for start, end in sentence_spans(page.text):
                sentence = page.text[start:end]
                hits = sum(word.lower() in sentence.lower() for word in label.keywords)
                if hits:
                    evidence.append(Evidence(page.number, start, end, sentence, 1 - 0.3**hits, index))
        probability = round(0.04 if not evidence else 1 - 0.45 ** len(evidence), 3)
        return Tag(code, label.name, probability, probability >= 0.5, tuple(evidence), 0.5 <= probability < 0.6)

    def ask(self, question: str, filters: Filters = NO_FILTERS, history: Sequence[str] = ()) -> Answer:
        if "boom" in question:
            raise UsageError("expected a question, found a bang.")
        words = {word.strip("?.,").lower() for word in question.split() if len(word) > 5}
        for document in self.known:
            if filters.countries and not set(filters.countries) & set(document.countries):
                continue
            text = self.pages[document.doc_id]
            for start, end in sentence_spans(text):
                if words & {word.strip("?.,").lower() for word in text[start:end].split()}:
                    return self._answer(question, document, text[start:end], start, end)
        return Answer(question, False, "The archive holds no passage that answers this.", (), tuple(self._hits()[:2]))

    def ask_in_steps(self, question: str, filters: Filters = NO_FILTERS, history: Sequence[str] = ()):
        yield self.ask(question, filters, history)

    def note_feedback(self, question: str, helpful: bool) -> None:
        self.feedback.append((question, helpful))

    def _answer(self, question: str, document: IndexedDocument, quote: str, start: int, end: int) -> Answer:
        citation = Citation(1, document.doc_id, document.name, 1, 0, start, end, quote, 0.9)
        statement = Statement(quote, (1,))
        return Answer(question, True, f"{quote} [1]", (citation,), (), 0.87, (statement,))

    def _hits(self) -> list[Hit]:
        return [
            Hit(Passage(d.doc_id, 0, 1, 0, len(self.pages[d.doc_id]), 0, self.pages[d.doc_id]), d.name, 0.5)
            for d in self.known
        ]

    def documents(self) -> list[IndexedDocument]:
        return list(self.known)

    def page_text(self, doc_id: str, page_index: int) -> str:
        if doc_id not in self.pages or page_index:
            raise UsageError(f"expected a page of the archive, found {doc_id!r}.")
        return self.pages[doc_id]

    def similar(self, document: Document, k: int = 5) -> list[Hit]:
        if not self.known:
            raise IndexFolderError("expected an index, found none; `stratmap index` makes one.")
        return self._hits()[:k]

    def crosswalk(self, target: str) -> Crosswalk:
        return load_crosswalk(self.framework, target)


@pytest.fixture(scope="session")
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture(scope="session")
def bare_desk() -> FakeDesk:
    return FakeDesk(with_archive=False)


@pytest.fixture(scope="session")
def server(desk):
    """The address of a running app on a free port of this machine."""
    from stratmap.app.serve import launch
    from stratmap.settings import Settings

    app = launch(desk, Settings(), port=0, block=False)
    yield app.local_url
    app.close()


class KeywordModel:
    """Gives a label where one of its keywords stands; the more of them, the surer."""

    calibrated = True

    def __init__(self, framework: Framework) -> None:
        self.labels = framework.codes
        self.thresholds = np.full(len(self.labels), 0.5)
        self.auto_thresholds = np.full(len(self.labels), 0.8)
        self._words = [[word.lower() for word in label.keywords] for label in framework.labels]

    def predict_proba(self, texts, embeddings, hidden):
        counts = [[sum(word in text.lower() for word in words) for words in self._words] for text in texts]
        return 1 - 0.96 * 0.45 ** np.array(counts, dtype=float).reshape(len(texts), len(self.labels))


@pytest.fixture
def kept_desk(tmp_path, hashing_encoder) -> Desk:
    """A real desk over an index of six documents, with keywords in place of the trained model."""
    from stratmap.reviewing.held_out import HeldOut

    made = Desk(Settings(answering=AnsweringSettings(rerank=0)), tmp_path / "index")
    made.__dict__["encoder"] = hashing_encoder
    made.__dict__["shipped_model"] = KeywordModel(made.framework)
    made.__dict__["shipped_name"] = "keywords 1"
    for name, country, year, text in ARCHIVE:
        document = read_text(text, name)
        made.add_document(replace(document, metadata={"country": country, "year": str(year)}))
    features = tuple(made.reviews.features.archive())
    probabilities = [1 / (1 + np.exp(-one.logits.max(axis=0))) for one in features]
    truth = np.array(probabilities) >= 0.5
    away = [replace(one, doc_id=f"held-out-{one.doc_id}") for one in features]
    anchors = np.concatenate([one.vectors for one in features] * 60)
    made.reviews.__dict__["held_out"] = HeldOut(tuple(away), truth, anchors)
    return made


def quiet(_share: float, _message: str) -> None:
    """No progress bar."""


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()
    playwright.stop()


@contextmanager
def fresh_page(browser, address: str):
    """A fresh page of an app; errors and requests to anywhere else fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(120_000)
    elsewhere, errors = [], []
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else elsewhere.append(r.url))
    page.on("websocket", lambda socket: elsewhere.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#paste textarea")
    yield page
    context.close()
    assert elsewhere == []
    assert errors == []


def barriers(page) -> list[str]:
    """What axe finds against WCAG 2.1 AA on a page as it is, without Gradio's own foot of the page."""
    from axe_playwright_python.sync_playwright import Axe

    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response
    return [
        f"{found['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for found in results["violations"]
        for node in found["nodes"]
        if "footer" not in str(node["target"])
    ]


def open_tab(page, name: str) -> None:
    """Open a tab as a person would; on a phone some are in a menu."""
    page.wait_for_timeout(300)  # the row of tabs is laid out first
    tab = page.get_by_role("tab", name=name, exact=True)
    if tab.is_visible():
        tab.click()
    else:
        page.locator(".overflow-menu button").first.click()
        page.locator(".overflow-dropdown").get_by_text(name, exact=True).click()
