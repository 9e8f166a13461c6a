import random

import pytest

from stratmap.reading.near import RUN, bands, likeness, near_groups, signature

WORDS = [
    "border",
    "police",
    "visa",
    "return",
    "shelter",
    "training",
    "grant",
    "village",
    "legal",
    "aid",
    "health",
    "data",
    "centre",
    "family",
    "work",
]


def text(seed, length=400):
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) + str(rng.randrange(50)) for _ in range(length))


def changed(original, every):
    words = original.split()
    words[::every] = ["changed"] * len(words[::every])
    return " ".join(words)


def jaccard(a, b):
    runs = [{tuple(w[i : i + RUN]) for i in range(len(w) - RUN + 1)} for w in (a.split(), b.split())]
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


@pytest.mark.parametrize("every", [400, 200, 100, 40, 20, 3])
def test_the_estimate_is_near_the_share_of_common_runs(every):
    for seed in range(5):
        a = text(seed)
        b = changed(a, every)
        assert likeness(signature(a), signature(b)) == pytest.approx(jaccard(a, b), abs=0.13)


def test_the_same_words_are_the_same_and_short_texts_have_no_fingerprint():
    a = text(1)
    assert likeness(signature(a), signature(a.replace(" ", "\n\n "))) == 1.0
    assert likeness(signature(a), signature(text(2))) < 0.05
    assert signature("A short note.") == ""
    assert likeness("", signature(a)) == 0.0
    assert bands("") == ()
    assert all(-(2**63) <= key < 2**63 for key in bands(signature(a)))


def test_the_fingerprint_is_the_same_on_every_machine():
    assert signature(text(7))[:32] == "00400ca2002bc893002719b90121f822"


def test_groups_are_named_in_order():
    a, b = text(1), text(2)
    texts = [("a", a), ("b", b), ("a2", changed(a, 400)), ("c", text(3)), ("a3", changed(a, 300)), ("x", "short")]
    assert near_groups(((name, signature(one)) for name, one in texts), 0.9) == (("a", "a2", "a3"),)
