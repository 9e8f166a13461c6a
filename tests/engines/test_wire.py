"""What travels between machines arrives as it was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratmap.archive.engines import ENGINES, open_engine, wire
from stratmap.archive.items import Item
from stratmap.archive.work import Known, Outcome, Print
from stratmap.archive.workers import TaggerFactory
from stratmap.errors import MissingExtra, UsageError
from stratmap.reading import read_text
from stratmap.records import Unreadable
from stratmap.settings import Settings

DOCUMENT = read_text("Întoarcerea migranților.\n\nSecond paragraph, \u2028 odd.", "raport.md")


@pytest.mark.parametrize(
    "item",
    [
        Item("a/b.pdf", "12-34", Path("a/b.pdf")),
        Item("a/caf\udce9.txt", "12-34", Path("a/caf\udce9.txt")),
        Item("c.zip!d.docx", "1", Path("c.zip"), "d.docx"),
        Item("l.jsonl#7", "2", Path("l.jsonl"), ready=DOCUMENT),
        Item("l.jsonl#8", "3", Path("l.jsonl"), ready=Unreadable("l.jsonl#8", "no text")),
    ],
)
def test_an_item_arrives_as_it_was_sent(item):
    assert wire.item_from(wire.item_to(item)) == item


def test_outcomes_questions_and_answers_arrive_as_they_were_sent():
    outcome = Outcome("{}", "twin", '["w"]', 3, "why", True, True, "sig", "a#1")
    assert wire.outcome_from(wire.outcome_to(outcome)) == outcome
    assert wire.print_from(wire.print_to(Print("k\udce9", "t", "s"))) == Print("k\udce9", "t", "s")
    assert wire.known_from(wire.known_to(None)) is None
    assert wire.known_from(wire.known_to(Known("{}", "[]", "o", True))) == Known("{}", "[]", "o", True)


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="local, ray as engine, found 'spark'"):
        open_engine("spark", 1, TaggerFactory("x:y"), Settings(), lambda _: None)
    assert ENGINES == ("local", "ray")


def test_without_ray_the_missing_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"stratmap\[ray\]"):
        open_engine("ray", 1, TaggerFactory("x:y"), Settings(), lambda _: None)
