"""Documents that say nearly the same are tagged once, whatever the order of the work, and their quotations are their own."""

import json
import random
from dataclasses import replace

import pytest
from archive_fakes import FakeTagger

from stratmap.archive import read_results, run
from stratmap.errors import UsageError

WORDS = ["border", "police", "visa", "return", "shelter", "training", "grant", "village", "legal", "aid", "health"]


def text(seed, length=300):
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) + str(rng.randrange(60)) for _ in range(length))


@pytest.fixture
def copies(tmp_path):
    """a, then b and d that change a word of it at the end, c that is another text, e whose beginning differs from a."""
    root = tmp_path / "in"
    root.mkdir()
    first = text(1)
    for name, content in {
        "a": first, "b": first + " more", "c": text(2), "d": first.rsplit(" ", 2)[0], "e": "Elsewhere " + first,
    }.items():  # fmt: skip
        (root / f"{name}.txt").write_text(content, encoding="utf-8")
    return root


def start(folder, out, settings, log, **more):
    result = run([folder], out, FakeTagger(settings, str(log)).tag, settings, **more)
    return [json.loads(line) for line in result.tags.read_text("utf-8").splitlines()]


def test_near_copies_take_the_tags_of_the_first_with_quotations_of_their_own(copies, tmp_path, settings):
    log = tmp_path / "log"
    found = start(copies, tmp_path / "out", settings, log)
    assert log.read_text().split() == ["a.txt", "c.txt"]
    origins = [one.get("near_duplicate_of", "").rpartition("/")[2] for one in found]
    assert origins == ["", "a.txt", "", "a.txt", "a.txt"]
    for one in found:
        page = (copies / one["document"]).read_text("utf-8")
        for item in one["objectives"][0]["evidence"]:
            assert page[item["start"] : item["end"]] == item["text"]
    assert {one["objectives"][0]["probability"] for one in found if one["document"] != "c.txt"} == {
        found[0]["objectives"][0]["probability"]
    }
    assert found[4]["objectives"][0]["evidence"][0]["start"] == len("Elsewhere ")
    assert [one.near_duplicate_of != "" for one in read_results(tmp_path / "out")] == [0, 1, 0, 1, 1]


def test_covered_quotations_are_found_again_too(tmp_path, settings):
    """A result with names covered says what the text says with its names covered."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name, begin in (("a", ""), ("b", "Elsewhere ")):
        (folder / f"{name}.txt").write_text(f"{begin}Mr Petrov said this. {text(1)}", encoding="utf-8")
    log = tmp_path / "log"
    covered = replace(settings, privacy=replace(settings.privacy, mask_exports=True))
    first, second = start(folder, tmp_path / "out", covered, log)
    assert log.read_text().split() == ["a.txt"]
    [one], [other] = (line["objectives"][0]["evidence"] for line in (first, second))
    assert one["text"] == other["text"] == "Mr ██████ said this."
    assert other["start"] == len("Elsewhere ")


def test_a_quotation_that_is_not_there_means_tagging_it(copies, tmp_path, settings):
    first = (copies / "a.txt").read_text("utf-8")
    (copies / "b.txt").write_text("X" + first, encoding="utf-8")
    (copies / "f.txt").write_text(first[:3] + "?" + first[3:], encoding="utf-8")
    log = tmp_path / "log"
    found = {one["document"]: one for one in start(copies, tmp_path / "out", settings, log)}
    applied = found["a.txt"]["objectives"][0]["applied"]
    assert ("f.txt" in log.read_text().split()) == applied
    assert found["f.txt"]["near_duplicate_of"].endswith("a.txt")


@pytest.mark.parametrize("order", [["b", "a", "c", "d", "e"], ["e", "d", "c", "b", "a"], ["d", "a", "e", "b", "c"]])
def test_the_order_of_the_work_leaves_no_trace(copies, tmp_path, settings, order):
    """As with several jobs, or after crashes: here the work is begun in another order than the input's."""
    start(copies, tmp_path / "whole", settings, tmp_path / "log")
    out = tmp_path / "out"
    for number in range(1, 6):
        paths = sorted(copies / f"{name}.txt" for name in order[:number])
        run(paths, out, FakeTagger(settings).tag, settings)
    whole, parts = ((folder / "tags.jsonl").read_bytes() for folder in (tmp_path / "whole", out))
    assert parts == whole


def test_when_the_first_leaves_the_next_one_takes_its_place(copies, tmp_path, settings):
    log = tmp_path / "log"
    start(copies, tmp_path / "out", settings, log)
    (copies / "a.txt").unlink()
    found = start(copies, tmp_path / "out", settings, log)
    assert [one.get("near_duplicate_of", "").rpartition("/")[2] for one in found] == ["", "", "b.txt", "b.txt"]
    assert log.read_text().split() == ["a.txt", "c.txt", "b.txt"]
    start(copies, tmp_path / "fresh", settings, tmp_path / "log2")
    assert (tmp_path / "out" / "tags.jsonl").read_bytes() == (tmp_path / "fresh" / "tags.jsonl").read_bytes()


def test_what_a_crash_left_is_tagged_once_though_a_copy_is_tagged_after_it(copies, tmp_path, settings):
    def crash(document):
        raise SystemExit

    log = tmp_path / "log"
    start(copies, tmp_path / "out", settings, log)
    (copies / "a.txt").unlink()
    (copies / "f.txt").write_text(text(3), encoding="utf-8")
    with pytest.raises(SystemExit):
        run([copies], tmp_path / "out", crash, settings)
    start(copies, tmp_path / "out", settings, log)
    assert log.read_text().split() == ["a.txt", "c.txt", "f.txt", "b.txt"]


def test_it_can_be_switched_off(copies, tmp_path, settings):
    never = replace(settings, tagging=replace(settings.tagging, near_duplicates=1.1))
    log = tmp_path / "log"
    found = start(copies, tmp_path / "out", never, log)
    assert len(log.read_text().split()) == 5
    assert not any("near_duplicate_of" in one for one in found)


def test_a_finished_run_is_not_gone_through_again(copies, tmp_path, settings, monkeypatch):
    start(copies, tmp_path / "out", settings, tmp_path / "log")
    monkeypatch.setattr("stratmap.archive.near_twins._moved", lambda *_: pytest.fail("gone through"))
    start(copies, tmp_path / "out", settings, tmp_path / "log")
    with pytest.raises(UsageError):
        run([copies / "none.txt"], tmp_path / "out", FakeTagger(settings).tag, settings)


def test_pictures_are_left_out_with_a_note(tmp_path, settings):
    root = tmp_path / "in"
    (root / "kept away").mkdir(parents=True)
    (root / "a.txt").write_text("A report on visas.")
    (root / "photo.JPG").write_bytes(b"\xff\xd8\xff")
    (root / "kept away" / ".noindex").touch()
    (root / "kept away" / "b.txt").write_text("A report on returns.")
    (root / "labels.csv").write_text("file,country,year\na.txt,Turkey,2012\n")
    result = run([root], tmp_path / "out", FakeTagger(settings).tag, settings)
    assert (result.done, result.failed, result.skipped, result.exit_code) == (1, 0, 1, 0)
    (note,) = [json.loads(line) for line in result.failures.read_text("utf-8").splitlines()]
    assert (note["source"], note["skipped"]) == (str(root / "photo.JPG"), True)
    assert "a picture" in note["reason"]
    (found,) = read_results(tmp_path / "out")
    assert (found.countries, found.year) == (("Türkiye",), 2012)
    (root / "labels.csv").write_text("file,country,year\na.txt,Georgia,2013\n")
    run([root], tmp_path / "out", FakeTagger(settings).tag, settings)
    (found,) = read_results(tmp_path / "out")
    assert (found.countries, found.year) == (("Georgia",), 2013)
    assert run([root / "photo.JPG"], tmp_path / "alone", FakeTagger(settings).tag, settings).exit_code == 1
