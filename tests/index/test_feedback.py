"""Verdicts on answers are kept in the index's database and change nothing else."""

import pytest

from stratmap.errors import IndexFolderError
from stratmap.index.feedback import read_feedback, store_feedback
from stratmap.index.schema import create, reading


def test_verdicts_come_back_in_order_and_the_generation_stays(tmp_path):
    create(tmp_path, "e", "f", 3)
    store_feedback(tmp_path, "Who paid? '); DROP TABLE feedback;--", True)
    store_feedback(tmp_path, "lone \ud800 surrogate", False)
    assert [(one.question[:9], one.helpful) for one in read_feedback(tmp_path)] == [
        ("Who paid?", True),
        ("lone ? su", False),
    ]
    with reading(tmp_path) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone() == ("0",)


def test_without_an_index_it_is_refused(tmp_path):
    with pytest.raises(IndexFolderError, match="found none"):
        store_feedback(tmp_path, "q", True)
