from dataclasses import replace

import pytest

from stratmap.errors import UsageError
from stratmap.reporting.compare import changes_table, compare
from stratmap.reporting.coverage_records import CoveredDocument
from stratmap.reporting.overrides import override, read_overrides

from .conftest import make_tagged


def moved(tagged, code, **changes):
    tags = {
        group: tuple(replace(tag, **changes) if tag.code == code else tag for tag in found)
        for group, found in tagged.tags.items()
    }
    return replace(tagged, tags=tags)


def test_the_same_results_have_no_changes(framework):
    side = [("a", make_tagged(framework))]
    found = compare(side, side)
    assert (found.shared, found.changed, found.changes, found.mean_shift) == (1, 0, (), 0.0)
    assert found.totals == {"O3": (1, 1), "P1": (1, 1)}


def test_every_change_has_its_reason(framework):
    old = make_tagged(framework, applied=("O3",))
    first = [(name, old) for name in ("probability", "threshold", "text", "label", "gone")]
    second = [
        ("probability", moved(old, "O1", probability=0.7, applied=True)),
        ("threshold", moved(old, "O1", threshold=0.05, applied=True)),
        ("text", replace(moved(old, "O1", applied=True), doc_id="1")),
        ("label", replace(old, tags={"principles": old.tags["principles"]})),
        ("new", old),
    ]
    found = compare(first, second)
    why = {change.document: change.why for change in found.changes}
    assert why == {
        "probability": "The probability went from 0.10 to 0.70.",
        "threshold": "The threshold moved from 0.50 to 0.05.",
        "text": "The text of the document is another one.",
        "label": "The second side does not know this label.",
    }
    assert (found.only_first, found.only_second) == (("gone",), ("new",))
    assert (found.shared, found.changed) == (4, 4)
    assert [change.document for change in found.changes[:2]] == ["label", "probability"]
    assert found.totals["O1"] == (0, 3)
    assert {len(row) for row in changes_table(found).rows} == {9}


def test_a_change_carries_the_words_behind_it(framework):
    without, with_it = make_tagged(framework, applied=()), make_tagged(framework, applied=("O3",))
    (gained,) = compare([("a", without)], [("a", with_it)]).changes
    (lost,) = compare([("a", with_it)], [("a", without)]).changes
    for change in (gained, lost):
        assert (change.code, change.page, change.quotation) == ("O3", 2, "We helped returning migrants.")


def test_stated_facts_replace_found_ones():
    data = "\ufeffDocument;Country;Year\na.pdf;Georgia; \nin/b.pdf;Armenia; Moldova;2020\n".encode()
    stated = read_overrides(data.replace(b"Armenia; Moldova", '"Armenia; Молдова"'.encode()))
    one = CoveredDocument("a.pdf", "1", {}, ("Serbia",), 2011)
    two = CoveredDocument("b.pdf", "2", {}, (), None)
    three = CoveredDocument("c.pdf", "3", {}, ("Serbia",), 2012)
    found = list(override([("x/a.pdf", one), ("in/b.pdf", two), ("c.pdf", three)], stated))
    assert [(item.countries, item.year) for item in found] == [
        (("Georgia",), 2011),
        (("Armenia", "Moldova"), 2020),
        (("Serbia",), 2012),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"document,country,year\na,Georgia,twenty\n", r"line 2.*'twenty'"),
        (b"name,country\na,b\n", "expected the columns"),
        (b"document,year\n\xff", "UTF-8"),
        (b"", "expected the columns"),
    ],
)
def test_overrides_that_cannot_be_read_say_where(data, message):
    with pytest.raises(UsageError, match=message):
        read_overrides(data)
