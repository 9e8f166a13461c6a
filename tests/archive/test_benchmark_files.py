"""The archive of the benchmark: real formats that stratmap and the plain loop read alike."""

from pathlib import Path

import pytest
from evaluation.archive_files import make_archive
from evaluation.archive_loop import texts_of

from stratmap.archive.items import open_item
from stratmap.archive.sources import items_of
from stratmap.settings import ReadingSettings

pytest.importorskip("reportlab")


def test_both_sides_read_the_same_words(tmp_path, monkeypatch, root):
    monkeypatch.chdir(root)
    settings = ReadingSettings(apart=False)
    made = make_archive(tmp_path / "in", 18)
    kinds = {Path(name).suffix for name in made}
    assert kinds == {".pdf", ".docx", ".txt", ".html", ".md", ".pptx", ".eml", ".csv", ".jsonl"}
    assert max(made.values()) == 140
    for name in sorted(made)[2:]:  # without the 140 pages
        ours = " ".join(open_item(item, settings).text for item in items_of(Path(name), settings))
        theirs = " ".join(texts_of(Path(name)))
        words = [set(text.replace("-", " ").split()) for text in (ours, theirs)]
        assert len(words[0] & words[1]) > 0.9 * len(words[1]), name
    again = make_archive(tmp_path / "again", 18)
    assert list(again.values()) == list(made.values())
