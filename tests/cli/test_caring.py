"""Looking after an index from the command line: shapes, exit codes, and that the words say what was done."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from stratmap.assembly import Desk
from stratmap.cli import examining, indexing
from stratmap.errors import IndexFolderError, UsageError
from stratmap.health import examine, mend
from stratmap.index.schema import FILE
from stratmap.settings import AppSettings, IndexSettings, Settings, TaggingSettings

TEXTS = {
    "border.txt": "Border police in Armenia were trained to examine travel documents at the Bagratashen crossing point.",
    "return.txt": "Returnees to Georgia received reintegration grants and counselling after assisted voluntary return.",
    "health.txt": "Mobile clinics screened migrant workers for tuberculosis in three towns of Kazakhstan in 2021.",
}


@pytest.fixture
def folder(tmp_path, capsys):
    """An index of three files, made with the shipped models."""
    source = tmp_path / "in"
    source.mkdir()
    for name, text in TEXTS.items():
        (source / name).write_text(text, encoding="utf-8")
    assert indexing.run([str(source)], tmp_path / "index", Settings(), True) == 0
    capsys.readouterr()
    return tmp_path / "index"


@pytest.fixture
def care(folder, capsys):
    """Runs `stratmap index WORDS --index DIR --json`."""

    def run(*words, index=folder, as_json=True):
        code = indexing.run([str(word) for word in words], index, Settings(), as_json)
        out = capsys.readouterr().out
        return code, json.loads(out) if as_json else out.strip()

    return run


def damage(folder, statement):
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute(statement)


def test_each_verb_says_what_it_did(care, folder, tmp_path):
    assert care("verify") == (0, {"problems": [], "generation": 3, "documents": 3})
    assert care("delete", "border.txt") == (0, {"deleted": 1})
    assert care("rollback", "3") == (0, {"generation": 5, "as": 3})
    assert care("delete", "health.txt", as_json=False)[1].startswith("1 documents deleted")
    code, carried = care("export", tmp_path / "carrier")
    assert (code, carried["documents"], carried["generation"]) == (0, 4, 6)
    assert care("import", tmp_path / "carrier", index=tmp_path / "there")[1] == carried
    assert care("compact", index=tmp_path / "there") == (0, {"removed": 2})
    assert care("verify", index=tmp_path / "there", as_json=False) == (0, "sound: generation 6, 2 documents")
    there = b"".join(path.read_bytes() for path in (tmp_path / "there").iterdir())
    assert b"tuberculosis" not in there
    assert b"Bagratashen" in there


@pytest.mark.parametrize("words", [("export",), ("import", "a", "b"), ("rollback",), ("rollback", "x"), ("delete",)])
def test_a_verb_without_its_words_is_wrong_usage(care, words):
    with pytest.raises(UsageError, match="expected"):
        care(*words)


def test_the_carrier_of_another_encoder_is_refused(care, tmp_path):
    care("export", tmp_path / "carrier")
    path = tmp_path / "carrier" / "carrier.json"
    path.write_text(path.read_text().replace(json.loads(path.read_text())["fingerprint"], "0" * 16))
    with pytest.raises(IndexFolderError, match="found one of"):
        care("import", tmp_path / "carrier", index=tmp_path / "there")


def test_the_doctor_finds_each_fault_and_repairs_from_the_text(folder, capsys):
    assert examining.run(folder, Settings(), False) == 0
    assert "BAD" not in capsys.readouterr().out
    before = {d.name: d.labels for d in Desk(Settings(), folder).documents()}
    damage(folder, "UPDATE passages SET vector = x'00' WHERE document = 2")
    damage(folder, "UPDATE labels SET code = 'X9' WHERE rowid = (SELECT max(rowid) FROM labels WHERE document = 3)")
    assert examining.run(folder, Settings(), True) == 1
    bad = {f["what"]: f["detail"] for f in json.loads(capsys.readouterr().out) if not f["fine"]}
    assert "expected vectors of 384 dimensions" in bad["index"]
    assert "doctor --repair" in bad["index"]
    assert "expected tags of the present tagger" in bad["index tags"]
    assert examining.run(folder, Settings(), True, repair=True) == 0
    told = capsys.readouterr()
    repair = json.loads(told.out)["repair"]
    assert sorted(repair["rebuilt"]) == ["health.txt", "return.txt"]
    assert repair["kept"] == 1
    assert "made again from its text: health.txt" in told.err
    assert {d.name: d.labels for d in Desk(Settings(), folder).documents()} == before
    assert examining.run(folder, Settings(), False, repair=True) == 0
    assert "nothing to mend" in capsys.readouterr().out


@pytest.mark.parametrize(("key", "value"), [("fingerprint", "another"), ("dim", "7")])
def test_an_index_of_another_encoder_is_refused_and_encoded_again(folder, capsys, key, value):
    before = {d.name: sorted(d.labels) for d in Desk(Settings(), folder).documents()}
    damage(folder, f"UPDATE meta SET value = '{value}' WHERE key = '{key}'")
    assert examining.run(folder, Settings(), True) == 1
    bad = {f["what"]: f["detail"] for f in json.loads(capsys.readouterr().out) if not f["fine"]}
    assert "found one of" in bad["index and encoder"]
    assert "doctor --repair" in bad["index and encoder"]
    assert examining.run(folder, Settings(), True, repair=True) == 0
    assert len(json.loads(capsys.readouterr().out)["repair"]["rebuilt"]) == 3
    assert {d.name: sorted(d.labels) for d in Desk(Settings(), folder).documents()} == before
    assert Desk(Settings(), folder).ask("Who was trained at the crossing point?").passages


EACH = {
    "hashes": ("UPDATE pages SET text = replace(text, 'police', 'POLICE') WHERE document = 1", "index"),
    "counts": ("UPDATE documents SET pages = 7 WHERE id = 1", "index"),
    "id maps": ("UPDATE documents SET doc_id = '0123456789abcdef' WHERE id = 1", "index"),
    "orphaned vectors": ("UPDATE passages SET document = 99 WHERE document = 1", "index"),
    "stale tags": ("UPDATE seals SET tagger = 'an older one' WHERE document = 1", "index tags"),
    "model and index": ("UPDATE meta SET value = 'another' WHERE key = 'fingerprint'", "index and encoder"),
}


def test_the_doctor_sees_every_item_of_its_list(folder, monkeypatch):
    """One damage each on a copy; the finding that is not fine is the one that it belongs to."""
    encoder = Desk(Settings(), folder).encoder
    whole = (folder / FILE).read_bytes()

    def bad():
        desk = Desk(Settings(), folder)
        desk.__dict__["encoder"] = encoder
        return {finding.what for finding in examine(desk) if not finding.fine}

    assert bad() == set()
    for item, (statement, what) in EACH.items():
        with closing(sqlite3.connect(folder / FILE)) as connection, connection:
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute(statement)
        assert what in bad(), item
        for path in folder.glob(f"{FILE}*"):
            path.unlink()
        (folder / FILE).write_bytes(whole)
    monkeypatch.setattr("stratmap.health.shutil.disk_usage", lambda _: SimpleNamespace(free=1_000))
    assert bad() == {"disk"}


def test_a_lost_text_is_read_again_from_its_file_or_named(folder, tmp_path, capsys):
    damage(folder, "UPDATE pages SET text = text || '!' WHERE document IN (1, 2)")
    (tmp_path / "in" / "health.txt").unlink()
    assert examining.run(folder, Settings(), False, repair=True) == 3
    told = capsys.readouterr()
    assert "health.txt: its text was damaged and its file is not there; index it again" in told.err
    assert "read again from their files" in told.out
    assert sorted(d.name for d in Desk(Settings(), folder).documents()) == ["border.txt", "return.txt"]


def test_a_database_that_is_none_is_built_anew(folder, capsys):
    data = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(data[: len(data) // 2])
    assert examining.run(folder, Settings(), True) == 1
    capsys.readouterr()
    assert examining.run(folder, Settings(), False, repair=True) in {0, 3}
    assert Desk(Settings(), folder).index.verify() == []


def test_without_an_index_there_is_nothing_to_repair(tmp_path):
    with pytest.raises(UsageError, match="none named"):
        mend(Desk(Settings()))
    with pytest.raises(IndexFolderError, match="found none"):
        mend(Desk(Settings(), tmp_path))


def test_settings_that_name_what_is_not_there_are_found():
    for settings in (
        Settings(index=IndexSettings(backend="papyrus")),
        Settings(tagging=TaggingSettings(head="nowhere")),
        Settings(app=AppSettings(users_file="nowhere")),
    ):
        found = {finding.what: finding for finding in examine(Desk(settings))}
        assert not found["settings"].fine
        assert "expected" in found["settings"].detail
