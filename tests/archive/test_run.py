import json
import sqlite3
from dataclasses import replace

import pytest
from archive_fakes import FakeTagger

from stratmap import files
from stratmap.archive import TaggerFactory, read_results, run, watch
from stratmap.errors import ExportError, UsageError

FACTORY = "archive_fakes:FakeTagger"


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def start(folder, out, settings, *, jobs=1, log="", **more):
    tagger = FakeTagger(settings, str(log)).tag if jobs == 1 else None
    factory = TaggerFactory(FACTORY, (str(log),))
    return run([folder], out, tagger, settings, jobs, factory=factory, **more)


def test_a_folder_is_tagged_in_order_and_the_bad_file_is_set_aside(folder, tmp_path, settings):
    out = tmp_path / "out"
    result = start(folder, out, settings)
    assert (result.done, result.failed, result.exit_code) == (12, 1, 3)
    found = lines(result.tags)
    assert [one["source"] for one in found] == sorted(str(path) for path in folder.glob("part*/*.txt"))
    assert {"document", "language", "pages", "objectives", "needs_review", "warnings"} <= set(found[0])
    (failure,) = lines(result.failures)
    assert failure["source"] == str(folder / "broken.pdf")
    assert "damaged" in failure["reason"]
    assert failure["tries"] == 1


def test_exit_codes(folder, tmp_path, settings):
    assert start(folder / "part0", tmp_path / "a", settings).exit_code == 0
    assert start(folder / "broken.pdf", tmp_path / "b", settings).exit_code == 1


def test_the_same_text_is_tagged_once_and_named_as_such(folder, tmp_path, settings):
    log = tmp_path / "log"
    result = start(folder, tmp_path / "out", settings, log=log)
    assert len(log.read_text().splitlines()) == 11
    assert result.copied == 1
    twins = [one for one in lines(result.tags) if "duplicate_of" in one]
    assert [one["document"] for one in twins] == ["report11.txt"]
    assert twins[0]["duplicate_of"] == str(folder / "part0" / "report10.txt")
    last = list(read_results(tmp_path / "out"))[-1]
    assert last.duplicate_of.endswith("report10.txt")
    assert last.tagged.document == "report11.txt"


def test_several_jobs_give_the_same_bytes(folder, tmp_path, settings):
    one = start(folder, tmp_path / "one", settings)
    two = start(folder, tmp_path / "two", settings, jobs=2)
    assert one.tags.read_bytes() == two.tags.read_bytes()
    assert one.failures.read_bytes() == two.failures.read_bytes()


def test_a_finished_run_does_nothing_again(folder, tmp_path, settings):
    log = tmp_path / "log"
    first = start(folder, tmp_path / "out", settings, log=log)
    before = first.tags.read_bytes(), log.read_text()
    second = start(folder, tmp_path / "out", settings, log=log)
    assert (second.resumed, second.done, second.failed) == (13, 12, 1)
    assert (second.tags.read_bytes(), log.read_text()) == before


def test_changed_and_new_files_are_tagged_and_gone_ones_leave(folder, tmp_path, settings):
    log = tmp_path / "log"
    start(folder, tmp_path / "out", settings, log=log)
    log.unlink()
    (folder / "part0" / "report00.txt").write_text("Something else altogether about a border post.")
    (folder / "part0" / "new.txt").write_text("A new report about visas.")
    (folder / "part1" / "report01.txt").unlink()
    result = start(folder, tmp_path / "out", settings, log=log)
    assert sorted(log.read_text().split()) == ["new.txt", "report00.txt"]
    names = [one["document"] for one in lines(result.tags)]
    assert "new.txt" in names
    assert "report01.txt" not in names


def test_three_tries_then_aside(folder, tmp_path, settings):
    (folder / "part0" / "boom.txt").write_text("BOOM")
    (folder / "part0" / "flaky.txt").write_text("FLAKY")
    log = tmp_path / "log"
    result = start(folder, tmp_path / "out", settings, log=log)
    calls = log.read_text().split()
    assert (calls.count("boom.txt"), calls.count("flaky.txt")) == (3, 2)
    assert {
        "source": str(folder / "part0" / "boom.txt"),
        "reason": "RuntimeError: the tagger fell over",
        "tries": 3,
    } in (lines(result.failures))
    assert "flaky.txt" in [one["document"] for one in lines(result.tags)]
    again = start(folder, tmp_path / "out", settings, log=log, retry_failed=True)
    assert log.read_text().split().count("boom.txt") == 6
    assert again.failed == 2


def test_a_worker_that_dies_or_hangs_costs_its_item_only(folder, tmp_path, settings):
    (folder / "part0" / "die.txt").write_text("DIE")
    (folder / "part0" / "hang.txt").write_text("HANG")
    for limit_s in (0.8, 3.2, 12.8):  # on a busy machine an ordinary document may be late too, but not at every limit
        quick = replace(settings, reading=replace(settings.reading, timeout_s=limit_s))
        result = start(folder, tmp_path / f"out{limit_s}", quick, jobs=2, log=tmp_path / f"log{limit_s}")
        reasons = {one["source"].rpartition("/")[2]: (one["reason"], one["tries"]) for one in lines(result.failures)}
        if len(reasons) == 3:
            break
    assert set(reasons) == {"broken.pdf", "die.txt", "hang.txt"}
    assert "exit code 9" in reasons["die.txt"][0]
    assert f"took longer than {5 * limit_s:.0f} s" in reasons["hang.txt"][0]
    assert (reasons["die.txt"][1], reasons["hang.txt"][1], result.done) == (3, 3, 12)


def test_a_tagger_that_cannot_be_made_ends_the_run(folder, tmp_path, settings):
    with pytest.raises(UsageError, match="module:name"):
        run([folder], tmp_path / "a", None, settings, 2, factory=TaggerFactory("archive_fakes:Nothing"))
    with pytest.raises(UsageError, match="exit code 7"):
        run([folder], tmp_path / "b", None, settings, 2, factory=TaggerFactory("archive_fakes:refuse"))
    with pytest.raises(UsageError, match="factory"):
        run([folder], tmp_path / "c", None, settings, 2)


def test_ctrl_c_is_no_try(folder, tmp_path, settings):
    count = iter(range(100))

    def interrupted(document):
        if next(count) == 3:
            raise KeyboardInterrupt
        return FakeTagger(settings).tag(document)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run([folder], tmp_path / "out", interrupted, settings)
        count = iter(range(100))
    rows = sqlite3.connect(tmp_path / "out" / "journal.sqlite")
    assert rows.execute("SELECT max(crashes), sum(state = 'done') FROM items").fetchone() == (0, 6)
    rows.close()
    whole = start(folder, tmp_path / "whole", settings)
    assert start(folder, tmp_path / "out", settings).tags.read_bytes() == whole.tags.read_bytes()


def test_other_settings_are_refused_and_a_second_run_at_once(folder, tmp_path, settings):
    start(folder, tmp_path / "out", settings, identity="model 1")
    with pytest.raises(UsageError, match="settings and models"):
        start(folder, tmp_path / "out", settings, identity="model 2")

    def nested(document):
        with pytest.raises(UsageError, match="another run"):
            start(folder, tmp_path / "new", settings)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([folder], tmp_path / "new", nested, settings)


def test_a_full_disk_keeps_the_old_results_and_names_the_file(folder, tmp_path, settings, monkeypatch):
    first = start(folder, tmp_path / "out", settings)
    before = first.tags.read_bytes()
    (folder / "more.txt").write_text("More about visas.")

    def full(descriptor):
        raise OSError(28, "No space left on device", "tags.jsonl")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(ExportError, match=r"tags\.jsonl.*No space"):
            start(folder, tmp_path / "out", settings)
    assert first.tags.read_bytes() == before
    assert not list((tmp_path / "out").glob(".*tmp"))
    assert start(folder, tmp_path / "out", settings).resumed == 14


def test_progress_tells_rate_and_remaining_time(folder, tmp_path, settings):
    seen = []
    start(folder, tmp_path / "out", settings, progress=seen.append)
    assert [one.done + one.failed for one in seen] == list(range(1, 14))
    assert {one.total for one in seen} == {13}
    assert seen[5].per_second > 0
    assert seen[5].remaining_s > 0
    assert seen[-1].remaining_s == 0


def test_nothing_to_tag_is_said(tmp_path, settings):
    with pytest.raises(UsageError, match="nothing of this name"):
        start(tmp_path / "missing", tmp_path / "out", settings)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="at least one file"):
        start(tmp_path / "empty", tmp_path / "out", settings)


def test_a_drop_folder_is_run_again_when_it_has_changed(folder, tmp_path, settings):
    looks = iter(range(8))
    out = folder / "out"
    found = []
    for result in watch(
        [folder], out, lambda: start(folder, out, settings), interval_s=0.01, stop=lambda: next(looks) == 7
    ):
        found.append(result.done)
        if len(found) == 1:
            (folder / "late.txt").write_text("A late report on visas.")
    assert found == [12, 13]
