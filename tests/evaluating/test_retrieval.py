"""A tiny BEIR collection: loading, searching, measuring, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from stratmap.errors import UsageError
from stratmap.evaluating.retrieval import CollectionSearch, evaluate_retrieval, load_collection, trec_lines
from stratmap.evaluating.tagging import evaluate_tagging, load_items
from stratmap.framework import Framework, Group, Label
from stratmap.records import UNDETERMINED, Tag, TaggedDocument

CORPUS = [
    {"_id": "d1", "title": "Border", "text": "Police trained at the border crossing with Armenia."},
    {"_id": "d2", "title": "", "text": "Returnees opened workshops and bakeries."},
    {"_id": "d3", "text": "Clinics treated tuberculosis among seasonal workers. " * 20},
    {"_id": "d4", "title": "Empty", "text": None},
]
QUERIES = [
    {"_id": "q1", "text": "border police"},
    {"_id": "q2", "text": "tuberculosis clinics"},
    {"_id": "q3", "text": "x"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td3\t1\nq9\td1\t1\n"


@pytest.fixture
def files(tmp_path):
    def write(corpus=CORPUS, queries=QUERIES, qrels=QRELS):
        for name, rows in (("corpus", corpus), ("queries", queries)):
            lines = rows if isinstance(rows, str) else "\n".join(json.dumps(row) for row in rows)
            (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        (tmp_path / "qrels.tsv").write_text(qrels, encoding="utf-8")
        return tmp_path / "corpus.jsonl", tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"

    return write


def test_a_collection_is_loaded_and_judgements_of_unknown_queries_are_left_out(files):
    found = load_collection(*files())
    assert found.ids == ("d1", "d2", "d3", "d4")
    assert (found.titles[1], found.texts[3]) == ("", "")
    assert found.qrels == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}


def test_judgements_in_trec_form_and_ids_with_quotes_are_read(files):
    queries = [{"_id": '"q', "text": "border"}]
    assert load_collection(*files(queries=queries, qrels='"q\t0\td1\t1\n')).qrels == {'"q': {"d1": 1}}


def test_the_right_documents_come_first_and_are_measured(files, hashing_encoder):
    collection = load_collection(*files())
    figures = evaluate_retrieval(collection, CollectionSearch(collection, hashing_encoder))
    assert [figures.run[query][0][0] for query in ("q1", "q2")] == ["d1", "d3"]
    assert (figures.ndcg_10, figures.recall_1, figures.recall_100, figures.mrr_10) == (1, 1, 1, 1)
    assert (figures.queries, figures.documents) == (2, 4)
    for found in figures.run.values():
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)
        assert len({doc for doc, _ in found}) == len(found)


def test_a_reranker_decides_the_order_of_what_it_reads_and_nothing_below(files, hashing_encoder):
    class Backwards:
        def score(self, question, passages):
            return np.arange(len(passages), dtype=float) * 100

    collection = load_collection(*files())
    plain = [doc for doc, _ in CollectionSearch(collection, hashing_encoder).search("which border police?")]
    read = CollectionSearch(collection, hashing_encoder, Backwards(), rerank=2).search("which border police?")
    assert [doc for doc, _ in read] == [plain[1], plain[0], *plain[2:]]
    assert [score for _, score in read] == sorted((score for _, score in read), reverse=True)


def test_a_long_document_counts_with_the_passage_that_the_reranker_likes_best(files, hashing_encoder):
    class Knowing:
        def score(self, question, passages):
            return np.array([5.0 if "Armenia" in passage else -5.0 for passage in passages])

    other = "\n\n".join(f"Chapter {n}. " + "Clinics treated seasonal workers in the port. " * 25 for n in range(3))
    long = f"Border police. Which border police?\n\n{other}\n\nThe border with Armenia has a police school."
    corpus = [{"_id": "long", "text": long}, {"_id": "short", "text": "Which border police? Border police, which?"}]
    search = CollectionSearch(load_collection(*files(corpus=corpus, qrels="q1\tlong\t1\n")), hashing_encoder)
    assert search.search("which border police?")[0][0] == "short"
    assert search.with_reranker(Knowing(), 6).search("which border police?")[0][0] == "long"


def test_a_query_beyond_the_window_is_shortened_and_not_refused(files, hashing_encoder):
    search = CollectionSearch(load_collection(*files()), hashing_encoder)
    assert search.search("border police " * 400)[0][0] == "d1"


def test_the_run_is_in_trec_form():
    lines = list(trec_lines({"q1": [("d2", 0.5), ("d1", 0.25)]}))
    assert lines == ["q1 Q0 d2 1 0.500000 stratmap", "q1 Q0 d1 2 0.250000 stratmap"]


@pytest.mark.parametrize(
    "changes",
    [
        {"corpus": "no json"}, {"corpus": "[1]"}, {"corpus": [{"text": "no id"}]}, {"queries": [{"_id": "q1"}]},
        {"corpus": "\n"}, {"qrels": ""}, {"qrels": "other\td1\t1\n"}, {"qrels": "x" * 200_000 + "\td1\t1\n"},
    ],
)  # fmt: skip
def test_what_is_no_collection_is_refused(files, changes):
    with pytest.raises(UsageError, match="expected"):
        load_collection(*files(**changes))


def test_a_missing_file_is_named(files, tmp_path):
    corpus, queries, _ = files()
    with pytest.raises(UsageError, match=r"nowhere\.tsv"):
        load_collection(corpus, queries, tmp_path / "nowhere.tsv")


FRAMEWORK = Framework("toy", "Toy", "", (Group("themes", "Themes", (Label("A", "a", "a"), Label("B", "b", "b"))),))


def tagged(a, b, review=()):
    tags = [
        Tag(code, code, probability, probability >= 0.5, review=code in review)
        for code, probability in (("A", a), ("B", b))
    ]
    return TaggedDocument("d", "d", UNDETERMINED, 1, {"themes": tuple(tags)}, False)


def test_figures_of_tagging_by_hand():
    truth = {"themes": np.array([[True, False], [True, False], [False, False]])}
    results = [tagged(0.9, 0.1), tagged(0.2, 0.1), tagged(0.6, 0.1, review=("A",))]
    found = evaluate_tagging(results, truth, FRAMEWORK)["themes"]
    assert found.labels["A"] == {"f1": 0.5, "ap": pytest.approx((1 + 2 / 3) / 2), "true": 2, "given": 2}
    assert found.labels["B"] == {"f1": 0.0, "ap": None, "true": 0, "given": 0}
    assert (found.macro_f1, found.micro_f1, found.false_alarms) == (0.25, 0.5, 1.0)
    assert (found.automatic, found.automatic_precision) == (0.5, 1.0)
    assert found.mean_average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert json.loads(json.dumps(found.labels, allow_nan=False))


def test_items_are_loaded_with_their_truth(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text(
        '{"text": "One.", "themes": ["B"]}\n\n{"id": 7, "text": "Two.", "themes": null}\n', encoding="utf-8"
    )
    documents, truth = load_items(path, FRAMEWORK)
    assert [one.name for one in documents] == ["0", "7"]
    assert truth["themes"].tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize("content", ["", "\n", "{", "[]", '{"id": 1}', '{"text": 3}', "null"])
def test_items_that_are_none_are_refused(tmp_path, content):
    path = tmp_path / "items.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"items\.jsonl: expected JSONL items"):
        load_items(path, FRAMEWORK)
