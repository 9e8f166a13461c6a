import pytest

from stratmap.reading import read_bytes
from stratmap.reading.encodings import decode
from stratmap.settings import ReadingSettings

RUSSIAN = "Проект помогает вернувшимся мигрантам найти работу. Органы власти обучили сотрудников на границе."
SERBIAN = "Пројекат помаже повратницима да нађу посао, а њихове породице добијају подршку."
POLISH = "Projekt wspiera migrantów powracających, którzy szukają pracy, a także ich rodziny i gminę."
CROATIAN = "Projekt pomaže povratnicima i žrtvama trgovine ljudima: šest općina gradi kuće."
CZECH = "Projekt pomáhá lidem, kteří se vrátili, najít práci; úřady školí své zaměstnance, aby je chránily."
TURKISH = "Proje, geri dönen göçmenlere iş bulmaları için yardım ediyor; görevliler eğitim aldı ve çalışıyor."
FRENCH = "Le projet aide les migrants de retour à trouver un emploi après leur réintégration, à l’école."


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251", "koi8-r"]
)
def test_russian_is_read_in_every_encoding_of_the_region(encoding):
    assert decode(RUSSIAN.encode(encoding)).text == RUSSIAN


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_english_in_utf_16_without_a_mark_is_read(encoding):
    assert decode("Plain English words, 2024.".encode(encoding)).text == "Plain English words, 2024."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SERBIAN, "cp1251"),
        (POLISH, "cp1250"),
        (CROATIAN, "cp1250"),
        (CZECH, "cp1250"),
        (TURKISH, "cp1254"),
        (FRENCH, "cp1252"),
        ("Привет", "cp1251"),
        ("Привет", "koi8-r"),
        ("МЕЖДУНАРОДНАЯ ОРГАНИЗАЦИЯ ПО МИГРАЦИИ", "cp1251"),
    ],
)
def test_letter_statistics_choose_the_code_page(text, encoding):
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.guessed


def test_one_bad_byte_in_utf_8_does_not_change_the_encoding():
    decoded = decode(RUSSIAN.encode() + b"\xff" + RUSSIAN.encode())
    assert decoded.encoding == "utf-8"
    assert decoded.damaged
    assert decoded.text.startswith(RUSSIAN)


def test_a_declared_code_page_is_used_where_utf_8_does_not_fit():
    assert decode(RUSSIAN.encode("cp866"), "cp866").text == RUSSIAN


def test_an_unknown_declared_encoding_is_ignored():
    assert decode(RUSSIAN.encode("cp1251"), "no-such-thing").text == RUSSIAN


def test_valid_utf_8_wins_over_a_wrong_declaration():
    assert decode(RUSSIAN.encode(), "cp1251").text == RUSSIAN


def test_the_same_text_in_any_encoding_is_the_same_document():
    encodings = ["utf-8", "utf-16", "cp1251", "koi8-r"]
    documents = [read_bytes(RUSSIAN.encode(e), "a.txt", ReadingSettings()) for e in encodings]
    assert len({document.doc_id for document in documents}) == 1


def test_a_guessed_encoding_is_a_warning():
    document = read_bytes(RUSSIAN.encode("koi8-r"), "a.txt", ReadingSettings())
    assert any("koi8-r" in warning for warning in document.warnings)
