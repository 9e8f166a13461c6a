import sys

import pytest

from stratmap.errors import MissingExtra
from stratmap.reporting.frames import frame_of, need_parquet, write_parquet
from stratmap.reporting.tables import evidence_table, matrix_table, tags_table

from .conftest import make_tagged

pandas = pytest.importorskip("pandas")


@pytest.fixture
def documents(framework):
    return [make_tagged(framework), make_tagged(framework, name="b\udcff.pdf", applied=())]


def test_columns_have_one_type_each_also_without_rows(documents):
    kinds = {"page": "Int64", "probability": "Float64", "applied": "boolean", "quotation": "string"}
    for listed in (documents, []):
        found = frame_of(tags_table(listed)).dtypes.astype(str).to_dict()
        assert {name: found[name] for name in kinds} == kinds
    frame = frame_of(tags_table(documents))
    assert frame["page"].isna().sum() == 28
    assert frame[frame.applied].code.tolist() == ["O3", "P1"]


def test_a_matrix_has_numbers_for_each_label(documents, framework):
    frame = frame_of(matrix_table(documents))
    assert set(framework.codes) < set(frame.columns)
    assert frame["O3"].tolist() == [0.9, 0.1]


def test_parquet_comes_back_with_its_types(documents, tmp_path):
    pytest.importorskip("pyarrow")
    for table in (tags_table(documents), evidence_table(documents), tags_table([])):
        write_parquet(tmp_path / "t.parquet", table)
        back = pandas.read_parquet(tmp_path / "t.parquet")
        pandas.testing.assert_frame_equal(back, frame_of(table))
    write_parquet(tmp_path / "t.parquet", tags_table(documents))
    assert pandas.read_parquet(tmp_path / "t.parquet")["document"].unique().tolist() == ["a.pdf", "b?.pdf"]


def test_without_the_extra_the_message_names_it(documents, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"stratmap\[tables\]"):
        frame_of(tags_table(documents))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"Parquet needs"):
        need_parquet()
