import subprocess
import sys

import pytest

from stratmap.reading import identify_language

from .conftest import cpu_seconds

TEXTS = {
    (
        "uz",
        "Latn",
    ): "Loyiha qaytib kelgan mehnat migrantlari va ularning oilalari uchun yordam ko‘rsatadi.",
    (
        "uz",
        "Cyrl",
    ): "Лойиҳа қайтиб келган меҳнат муҳожирлари ва уларнинг оилалари учун ёрдам кўрсатади.",
    ("tg", "Cyrl"): "Лоиҳа ба муҳоҷирони баргашта ва оилаҳои онҳо дар деҳаҳои Тоҷикистон кумак мерасонад.",
    (
        "ky",
        "Cyrl",
    ): "Долбоор кайтып келген мигранттарга жана алардын жаңы үй-бүлөлөрүнө жардам көрсөтөт.",
    (
        "kk",
        "Cyrl",
    ): "Жоба қайтып келген мигранттарға және олардың отбасыларына көмек көрсетеді.",
    ("tk", "Latn"): "Taslama yzyna gaýdyp gelen migrantlara we olaryň maşgalalaryna kömek berýär.",
    ("sr", "Cyrl"): "Пројекат пружа подршку повратницима и њиховим породицама у локалним заједницама.",
    (
        "sr",
        "Latn",
    ): "Projekat pruža podršku povratnicima i deci na tom mestu pre i posle povratka, gde su mere.",
    (
        "hr",
        "Latn",
    ): "Projekt pruža potporu povratnicima i djeci prije i poslije povratka u Hrvatsku tijekom ljeta.",
    (
        "mk",
        "Cyrl",
    ): "Проектот обезбедува поддршка на повратниците и нивните семејства, исто така и ќерките и синовите.",
    ("bg", "Cyrl"): "Проектът подкрепя завръщащите се мигранти и техните семейства в общините.",
    ("uk", "Cyrl"): "Проєкт надає підтримку людям, які повернулися, та їхнім родинам у громадах.",
    (
        "be",
        "Cyrl",
    ): "Праект аказвае падтрымку людзям, якія вярнуліся, і іх сем'ям у грамадах, дзе яны жывуць.",
    ("ru", "Cyrl"): "Проект поддерживает вернувшихся мигрантов и их семьи в общинах, где они живут.",
    (
        "ro",
        "Latn",
    ): "Proiectul oferă sprijin persoanelor întoarse și familiilor acestora în comunitățile în care trăiesc.",
    (
        "sq",
        "Latn",
    ): "Projekti ofron mbështetje për migrantët e kthyer dhe familjet e tyre në komunitetet ku jetojnë.",
    (
        "az",
        "Latn",
    ): "Layihə geri qayıdan miqrantlara və onların ailələrinə yaşadıqları icmalarda dəstək göstərir.",
    (
        "tr",
        "Latn",
    ): "Proje, geri dönen göçmenlere ve ailelerine İstanbul ve Iğdır'da destek sağlıyor.",
    ("hy", "Armn"): "Ծրագիրն աջակցում է վերադարձած միգրանտներին և նրանց ընտանիքներին։",
    ("ka", "Geor"): "პროექტი მხარს უჭერს დაბრუნებულ მიგრანტებს და მათ ოჯახებს.",
    (
        "en",
        "Latn",
    ): "The project supports returned migrants and their families in the places where they live.",
    ("de", "Latn"): "Das Projekt unterstützt zurückgekehrte Menschen und ihre Familien in den Gemeinden.",
    (
        "fr",
        "Latn",
    ): "Le projet soutient les migrants de retour et leurs familles dans les communes où ils vivent.",
}


@pytest.mark.parametrize(("key", "text"), TEXTS.items(), ids=[f"{code}-{script}" for code, script in TEXTS])
def test_languages_of_the_region_are_named(key, text):
    found = identify_language(text)
    assert (found.code, found.script) == key
    assert found.name


@pytest.mark.parametrize("text", ["", "12345 67890 !!!", "Short text here", "😀" * 50, "word " * 1000])
def test_too_little_to_tell_is_undetermined(text):
    assert identify_language(text).code == "und"


def test_one_short_title_page_does_not_decide_alone():
    assert identify_language("Заключительный отчёт по проекту. " + TEXTS["en", "Latn"] * 50).code == "en"


def test_time_does_not_grow_with_the_text():
    text = TEXTS["ru", "Cyrl"] * 50_000
    identify_language(text[:1000])
    started = cpu_seconds()
    identify_language(text)
    assert cpu_seconds() - started < 0.2


def test_plain_english_loads_no_language_model():
    code = (
        "import sys; from stratmap.reading import read_text;"
        "text = 'The project supports the families who return to the districts.';"
        "assert read_text(text, 'a').language.code == 'en';"
        "heavy = {'lingua', 'lxml', 'docx', 'pptx', 'openpyxl', 'pypdfium2', 'yaml', 'bs4'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
