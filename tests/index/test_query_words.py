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
