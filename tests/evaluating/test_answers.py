"""Answers measured: by hand on scripted ones, and with floors on our own questions to the project archive."""

import json
from dataclasses import asdict

import pytest

from stratmap.assembly import Desk
from stratmap.cli import evaluating
from stratmap.errors import UsageError
from stratmap.evaluating.answers import evaluate_answers, read_questions
from stratmap.records import Answer, Citation, Hit, Passage
from stratmap.settings import Settings

PAGE = "The fund closed in 2014. Nine schemes were built."


def cited(document, page, quote="The fund closed in 2014.", start=0):
    return Citation(1, document, document, page, 0, start, start + len(quote), quote, 1.0)


def answered(confidence, *citations):
    passages = tuple(Hit(Passage(c.doc_id, 0, c.page, 0, len(PAGE), 0, PAGE), c.document, 1.0) for c in citations)
    return Answer("?", True, "", citations, passages, confidence)


class Scripted:
    def __init__(self, answers):
        self.answers = answers

    def ask(self, question):
        return self.answers[question]

    def page_text(self, doc_id, page_index):
        return PAGE


@pytest.fixture
def written(tmp_path):
    def written(*rows):
        path = tmp_path / "questions.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
        return path

    return written


def row(question, *gold):
    found = [{"document": document, "pages": pages} for document, pages in gold]
    return {"id": question, "question": question, "answerable": bool(gold), "gold": found}


def test_figures_by_hand(written):
    questions = read_questions(
        [written(row("a", ("x.pdf", [2])), row("b", ("x.pdf", [])), row("c", ("x.pdf", [1])), row("d"), row("e"))]
    )
    refused = Answer("?", False, "", (), (), 0.2)
    asked = Scripted(
        {
            "a": answered(0.9, cited("y.pdf", 2), cited("x.pdf", 2)),
            "b": answered(0.8, cited("x.pdf", 7, quote="Nine schemes were built.", start=25)),
            "c": refused,
            "d": refused,
            "e": answered(0.1, cited("x.pdf", 1, quote="Ten schemes")),
        }
    )
    figures = evaluate_answers(asked, questions)
    assert (figures.questions, figures.answerable, figures.quotations) == (5, 3, 4)
    assert figures.cited_page_hit_at_1 == pytest.approx(1 / 3, abs=1e-4)
    assert figures.cited_page_hit_at_5 == pytest.approx(2 / 3, abs=1e-4)
    assert (figures.refusal_recall, figures.refusal_precision) == (0.5, 0.5)
    assert figures.answerable_answered == pytest.approx(2 / 3, abs=1e-4)
    assert figures.quotations_verbatim == 0.75
    assert figures.answerability_auroc == pytest.approx(5.5 / 6, abs=1e-4)
    assert figures.failures == {"page": ["a"], "refused": ["c"], "answered": ["e"]}


def test_what_was_not_counted_has_no_share(written):
    figures = evaluate_answers(Scripted({"d": Answer("?", False, "", (), ())}), read_questions([written(row("d"))]))
    assert (figures.cited_page_hit_at_1, figures.quotations_verbatim, figures.answerability_auroc) == (None, None, None)


@pytest.mark.parametrize(
    "line",
    ["no json", "[]", "{}", '{"question": 1}', '{"question": "a", "answerable": true}', '{"question": "a", "gold": 1}',
     '{"question": "a", "answerable": "yes", "gold": [{"document": "x"}]}', '{"question": "a", "gold": [{}]}'],
)  # fmt: skip
def test_what_is_no_question_is_named_by_its_line(written, line):
    with pytest.raises(UsageError, match=r"questions\.jsonl, line 2: expected"):
        read_questions([written(row("d"), line)])


def test_missing_and_empty_files_are_refused(written, tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.jsonl"):
        read_questions([tmp_path / "nowhere.jsonl"])
    with pytest.raises(UsageError, match="found none"):
        read_questions([written("")])


def test_a_folder_stands_for_the_three_files_of_a_collection(tmp_path):
    names = ("corpus.jsonl", "queries.jsonl", "qrels.tsv")
    assert evaluating.collection_files(tmp_path, None, None, None) == tuple(tmp_path / name for name in names)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").touch()
    assert evaluating.collection_files(tmp_path, None, None, None)[2] == tmp_path / "qrels" / "test.tsv"
    with pytest.raises(UsageError, match="expected a collection"):
        evaluating.collection_files(None, tmp_path, None, None)


@pytest.fixture(scope="module")
def project_archive(root, tmp_path_factory):
    desk = Desk(index_folder=tmp_path_factory.mktemp("archive") / "index")
    desk.add([root / "corpora" / "strategy", root / "corpora" / "projects"])
    return desk


def _hold(figures):
    """Floors below what was measured, so that a change for the worse is seen; see evaluation/results/answers.json."""
    assert figures.quotations_verbatim == 1.0
    assert figures.passage_page_hit_at_1 >= 0.75
    assert figures.passage_page_hit_at_5 >= 0.9
    assert figures.cited_page_hit_at_1 >= 0.5
    assert figures.answerable_answered >= 0.55
    assert figures.refusal_recall >= 0.55


@pytest.mark.timeout(900)
def test_some_of_our_questions_keep_the_floors(project_archive, root):
    questions = read_questions([root / "evaluation/questions/corpora.jsonl"])
    answerable = [question for question in questions if question.answerable]
    others = [question for question in questions if not question.answerable]
    _hold(evaluate_answers(project_archive, answerable[::10] + others[::3]))  # one in ten is too few of the others


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_all_of_our_questions_keep_the_floors(project_archive, root):
    _hold(evaluate_answers(project_archive, read_questions([root / "evaluation/questions/corpora.jsonl"])))


def test_the_command_prints_all_figures(project_archive, written, capsys):
    path = written(row("How much was paid for oil changes?", ("a14-sarajevo-fleet-and-fuel-note.md", [])))
    assert evaluating.answers([path], project_archive.index_folder, Settings(), as_json=True) == 0
    figures = json.loads(capsys.readouterr().out)
    read = evaluate_answers(project_archive, read_questions([path]))
    assert {**figures, "milliseconds": 0} == {**asdict(read), "milliseconds": 0}
    assert evaluating.answers([path], project_archive.index_folder, Settings(), as_json=False) == 0
    assert "cited_page_hit_at_1" in capsys.readouterr().out
