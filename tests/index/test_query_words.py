"""A query meets documents of several languages, each stemmed in its own."""

import numpy as np

from stratmap.index.hybrid import Hybrid
from stratmap.index.words import query_words, words


def test_every_word_has_a_form_for_each_language_and_each_form_once():
    assert query_words("returns", ("en",)) == words("returns")
    assert query_words("мигрантов Risan", ("en", "ru")) == ["мигрантов", "мигрант", "risan"]
    assert query_words("returns", ()) == ["return"]


def test_a_query_finds_a_document_by_another_form_of_a_word_in_the_documents_language():
    texts = ["The clinic treated workers.", "Консультации для мигрантов на вокзале.", "Обучение сотрудников полиции."]
    hybrid = Hybrid(np.zeros((3, 4), dtype=np.float32), texts, ["en", "ru", "ru"])
    found = hybrid.search("помощь мигрантам", np.zeros(4, dtype=np.float32), 3)
    assert found.rows[0] == 1
    assert found.lexical[0] > 0


def test_an_index_on_disk_of_two_languages_stems_queries_for_both(tmp_path, open_at, indexable):
    index = open_at(tmp_path / "index", make=True)
    english = "The clinic treated workers who had been injured on building sites near the port of the city."
    russian = "Юристы провели консультации для мигрантов на вокзале и помогли им получить документы и вернуться домой."
    index.add([indexable("clinic.md", english), indexable("station.md", russian)])
    assert {document.language for document in index.documents()} == {"en", "ru"}
    nowhere = np.zeros(int(index.meta()["dim"]), dtype=np.float32)
    for query, name in (("консультация мигрантам", "station.md"), ("treating an injury of a worker", "clinic.md")):
        best = index.search(query, nowhere, 2)[0]
        assert (best.document, best.lexical > 0) == (name, True)
