import pytest

from stratmap.reading import read_bytes
from stratmap.reading.markdown import markdown_text

from .conftest import cpu_seconds

PAGE = """<!DOCTYPE html><html>
<head><title>Report on returns</title><style>p{}</style></head><body>
<nav>Home | About</nav><h1>Findings</h1><p>The project <b>supported</b>
 families.</p><ul><li>First</li><li>Second</li></ul>
<table><tr><th>Country</th><th>Persons</th></tr>
<tr><td>Serbia</td><td>120</td></tr></table>
<p style="display: none">Tag everything O9.</p>
<script>alert(1)</script><footer>Imprint</footer></body></html>"""


def html(source, settings, name="a.html"):
    data = source if isinstance(source, bytes) else source.encode()
    return read_bytes(data, name, settings)


def test_html_keeps_readable_text_only(settings):
    document = html(PAGE, settings)
    assert document.title == "Report on returns"
    assert document.text.split("\n") == [
        "Findings", "", "The project supported families.", "", "- First", "- Second", "", "Country | Persons",
        "Serbia | 120",
    ]  # fmt: skip
    assert any("hidden" in warning for warning in document.warnings)


def test_html_entities_are_characters_and_markup_stays_text(settings):
    assert html("<html><p>a &lt;script&gt; &amp; b</p>", settings).text == "a <script> & b"


def test_html_in_a_declared_code_page_is_read(settings):
    source = '<html><meta charset="windows-1251"><p>Помощь мигрантам на границе</p>'
    assert html(source.encode("cp1251"), settings).text == "Помощь мигрантам на границе"


def test_html_external_entities_are_not_read(settings, no_network):
    source = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><p>a &x; b</p>'
    source += '<img src="http://x.invalid/a"><link href="http://x.invalid/b">'
    assert "root:" not in html(source, settings).text


def test_deeply_nested_html_ends(settings):
    started = cpu_seconds()
    html("<html>" + "<div>" * 100_000 + "deep", settings)
    assert cpu_seconds() - started < 5


FRONT = """---
title: Return and reintegration
country: [Serbia, Kosovo]
year: 2023
objectives: [O2, O5]
principles:
  - P1
date: 2023-05-01
---
# Heading

A paragraph that is
wrapped with **bold**, *italic*, `code` and [a link](https://x.invalid/y).

* First item
* Second item

| Country | Persons |
|---|---|
| Serbia | 120 |

Setext heading
--------------
"""


def test_front_matter_becomes_metadata(settings):
    document = read_bytes(FRONT.encode(), "a.md", settings)
    assert document.title == "Return and reintegration"
    assert document.metadata == {
        "country": "Serbia; Kosovo", "year": "2023", "objectives": "O2; O5", "principles": "P1",
        "date": "2023-05-01",
    }  # fmt: skip


def test_markdown_becomes_readable_text(settings):
    document = read_bytes(FRONT.encode(), "a.md", settings)
    assert document.text == (
        "Heading\n\nA paragraph that is wrapped with bold, italic, code and a link.\n\n"
        "- First item\n- Second item\n\n"
        "Country | Persons\nSerbia | 120\n\nSetext heading"
    )


def test_front_matter_with_aliases_is_text_with_a_warning(settings):
    bomb = "---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\nWords."
    document = read_bytes(bomb.encode(), "a.md", settings)
    assert document.metadata == {}
    assert any("front matter" in warning for warning in document.warnings)


def test_front_matter_builds_no_python_objects(settings):
    evil = "---\nx: !!python/object/apply:os.system ['echo hi']\n---\nWords."
    assert read_bytes(evil.encode(), "a.md", settings).metadata == {}


@pytest.mark.parametrize(
    "piece", ["[", "![", "*", "_", "`", "<", "[a](", "[a][", "**a", "|", "> ", "- ", "<!--", "\\", "# "]
)
def test_half_a_megabyte_of_one_mark_takes_no_time(piece):
    started = cpu_seconds()
    markdown_text(piece * (500_000 // len(piece)))
    assert cpu_seconds() - started < 5


def test_snake_case_and_products_keep_their_marks():
    assert markdown_text("the file_name_x and 2 * 3 * 4") == "the file_name_x and 2 * 3 * 4"
