"""Which files count when somebody names a folder."""

from __future__ import annotations

import os

from stratmap.reading.folders import readable_files


def made(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("A text.", encoding="utf-8")


def test_readable_files_of_a_folder_in_the_order_of_their_names(tmp_path):
    made(tmp_path, "b/c.md", "b.txt", "a.md", "picture.png", "labels.csv", "B.TXT")
    found = [path.relative_to(tmp_path).as_posix() for path in readable_files([tmp_path])]
    assert found == ["B.TXT", "a.md", "b/c.md", "b.txt"]


def test_hidden_files_and_folders_that_say_no_stay_out(tmp_path):
    made(tmp_path, "in.md", ".out.md", ".cache/out.md", "kept/.noindex", "kept/out.md", "kept/below/out.md")
    assert [path.name for path in readable_files([tmp_path])] == ["in.md"]
    (tmp_path / ".noindex").touch()
    assert list(readable_files([tmp_path])) == []


def test_links_to_folders_and_pipes_stay_out(tmp_path):
    made(tmp_path / "in", "a.md")
    made(tmp_path / "elsewhere", "b.md")
    (tmp_path / "in" / "link.md").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "in" / "pipe.txt")
    assert [path.name for path in readable_files([tmp_path / "in"])] == ["a.md"]


def test_what_is_named_is_taken_as_it_is(tmp_path):
    named = [tmp_path / "missing.md", tmp_path / ".hidden.md", tmp_path / ("x" * 300)]
    assert list(readable_files(named)) == named
