"""Tags from descriptions alone: real encoder, frameworks shipped and invented, values computed by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from stratmap.encoding import Encoder
from stratmap.errors import UsageError
from stratmap.framework import Framework, load_framework
from stratmap.tagging.keywords import PhraseIndex, WordProfiles, stems
from stratmap.tagging.zero_shot import Example, ZeroShotModel, encode_long

TWO_LABELS = """
schema: 1
id: kitchen
name: Kitchen
groups:
  - id: rooms
    labels:
      - {code: BREAD, name: Baking, statement: Bread and cakes are baked in an oven., keywords: [sourdough, flour]}
      - {code: FIX, name: Repairs, statement: Broken machines are repaired in a workshop.}
"""


@pytest.fixture(scope="module")
def goals(encoder: Encoder) -> ZeroShotModel:
    return ZeroShotModel(load_framework("sdg"), encoder)


@pytest.fixture(scope="module")
def kitchen(framework_file: Callable[[str], str]) -> Framework:
    return load_framework(framework_file(TWO_LABELS))


def applied(model: ZeroShotModel, encoder: Encoder, text: str) -> set[str]:
    row = model.predict_proba([text], encoder.encode([text]))[0]
    return {code for code, value, least in zip(model.labels, row, model.thresholds, strict=True) if value >= least}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Trawlers took twice the advised catch of hake, and the stock has collapsed off the coast.", "SDG14"),
        ("Judges were dismissed after they had acquitted journalists accused of insulting the president.", "SDG16"),
        ("Girls and their mothers fetch firewood and cook, so that daughters have no time of their own.", "SDG5"),
        ("The borehole ran dry and families bought water from tankers; latrines stood unused.", "SDG6"),
        ("Pupils who had repeated a grade read no better at the end of primary school.", "SDG4"),
        ("Tenants were moved from the slum to tower blocks at the edge of the metropolis.", "SDG11"),
    ],
)
def test_the_goal_of_a_clear_text_is_applied_and_best(
    goals: ZeroShotModel, encoder: Encoder, text: str, code: str
) -> None:
    row = goals.predict_proba([text], encoder.encode([text]))[0]
    assert goals.labels[int(row.argmax())] == code
    assert code in applied(goals, encoder, text)


def test_two_goals_are_applied_when_both_are_meant(goals: ZeroShotModel, encoder: Encoder) -> None:
    text = (
        "Coal power stations must close if greenhouse gas emissions are to fall as the Paris Agreement "
        "demands; wind farms and solar panels can supply the electricity."
    )
    assert {"SDG7", "SDG13"} <= applied(goals, encoder, text)


@pytest.mark.parametrize(
    "text",
    [
        "The goalkeeper saved a penalty in the last minute and the crowd sang.",
        "Let the sequence be bounded; then some subsequence converges, which proves the lemma.",
        "The sonata was printed in Leipzig after the composer's death.",
    ],
)
def test_a_text_about_none_of_the_goals_gets_none(goals: ZeroShotModel, encoder: Encoder, text: str) -> None:
    assert applied(goals, encoder, text) == set()


def test_scores_do_not_depend_on_the_batch(goals: ZeroShotModel, encoder: Encoder) -> None:
    texts = ["Wages fell.", "Forests were cleared.", "", "Vaccines reached every clinic.", "Tariffs rose."]
    vectors = encoder.encode([text or "x" for text in texts])
    together = goals.predict_proba(texts, vectors)
    alone = np.concatenate([goals.predict_proba([text], vectors[i : i + 1]) for i, text in enumerate(texts)])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-7)
    np.testing.assert_allclose(goals.predict_proba(texts[::-1], vectors[::-1]), together[::-1], rtol=0, atol=1e-7)
    assert together.shape == (5, 17)
    assert ((together > 0) & (together < 1)).all()


def test_what_it_promises(goals: ZeroShotModel, encoder: Encoder) -> None:
    assert goals.labels == tuple(f"SDG{number}" for number in range(1, 18))
    assert goals.calibrated is False
    assert goals.thresholds.shape == goals.auto_thresholds.shape == (17,)
    assert (goals.auto_thresholds > goals.thresholds).all()
    assert goals.predict_proba([], np.zeros((0, encoder.dim), dtype=np.float32)).shape == (0, 17)
    with pytest.raises(ValueError, match="2 texts and 1 vectors"):
        goals.predict_proba(["a", "b"], np.zeros((1, encoder.dim), dtype=np.float32))


def test_a_framework_of_two_labels_with_little_text(kitchen: Framework, encoder: Encoder) -> None:
    model = ZeroShotModel(kitchen, encoder)
    assert applied(model, encoder, "Knead the sourdough and bake the loaf until the crust is brown.") == {"BREAD"}
    assert applied(model, encoder, "The mechanic replaced a broken belt of the washing machine.") == {"FIX"}
    assert applied(model, encoder, "The parliament voted on the treaty.") == set()


def test_one_example_moves_its_label_and_more_move_it_further(kitchen: Framework, encoder: Encoder) -> None:
    text = "Bicycles with a bent wheel wait in the shed."
    vectors = encoder.encode([text])

    def score(examples: list[Example]) -> float:
        return float(ZeroShotModel(kitchen, encoder, examples).predict_proba([text], vectors)[0, 1])

    one: list[Example] = [("A bicycle with a flat tyre was left in the shed.", frozenset({"FIX"}))]
    many: list[Example] = [*one, ("Spokes of the wheel were bent.", frozenset({"FIX"}))] * 3
    assert score([]) < score(one) < score(many)


def test_an_example_without_labels_changes_nothing(kitchen: Framework, encoder: Encoder) -> None:
    vectors = encoder.encode(["flour"])
    plain = ZeroShotModel(kitchen, encoder).predict_proba(["flour"], vectors)
    given = ZeroShotModel(kitchen, encoder, [("Nothing.", frozenset())]).predict_proba(["flour"], vectors)
    np.testing.assert_array_equal(plain, given)


def test_an_unknown_label_is_refused_by_name(kitchen: Framework, encoder: Encoder) -> None:
    with pytest.raises(UsageError, match=r"'SOUP'.*Known: BREAD, FIX"):
        ZeroShotModel(kitchen, encoder, [("Hot soup.", frozenset({"SOUP"}))])


def test_long_examples_are_read_to_their_end(encoder: Encoder) -> None:
    head, tail = "The cow gives milk. " * 80, "The satellite circles the planet. " * 80
    whole, first, last = encode_long(encoder, [head + tail, head, tail])
    assert np.linalg.norm(whole) == pytest.approx(1.0)
    assert whole @ last > 0.4
    assert whole @ first > 0.4
    endless = encode_long(encoder, ["x" * 3000])
    assert endless.shape == (1, encoder.dim)


def test_phrases_count_by_stem_and_by_rarity() -> None:
    index = PhraseIndex([["border guards", "visa"], ["visa"]], [[], []])
    scores = index.scores(["A border guard waits.", "Visas.", "Nothing."])
    several, shared = 1.5, math.log(3 / 2) / math.log(3)
    np.testing.assert_allclose(
        scores, [[several / (1 + several), 0], [shared / (1 + shared), shared / (1 + shared)], [0, 0]]
    )


def test_word_profiles_prefer_the_label_that_owns_the_word() -> None:
    profiles = WordProfiles([["river water", "river"], ["river bank loan"]])
    scores = profiles.scores(["water", "loan", "river", "sky", ""])
    assert scores[0, 0] > scores[0, 1] == 0
    assert scores[1, 1] > scores[1, 0] == 0
    assert scores[2, 0] > scores[2, 1] > 0
    assert (scores[3:] == 0).all()


def test_stems_of_no_word() -> None:
    assert stems("… — 5_6!") == ["5", "6"]
