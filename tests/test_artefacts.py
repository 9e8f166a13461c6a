"""Model folders: what is refused, and that the message says what was expected and found."""

from __future__ import annotations

import json

import pytest

from stratmap.artefacts import (
    MANIFEST,
    load_manifest,
    shipped_folder,
    shipped_strategy,
    write_artefact,
    write_manifest,
)
from stratmap.errors import ArtefactError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"one two three")
    (tmp_path / "words.txt").write_text("a\nb\n", encoding="utf-8")
    write_manifest(tmp_path, "encoder", "tiny", "1", ["weights.bin", "words.txt"], {"dim": 4})
    return tmp_path


@pytest.fixture
def changed(folder):
    """Writes the manifest again after a change to it."""

    def change(**values):
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | values
        (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
        return folder

    return change


def test_what_was_written_is_loaded(folder):
    manifest = load_manifest(folder, "encoder")
    assert (manifest.name, manifest.version, manifest.facts) == ("tiny", "1", {"dim": 4})
    assert set(manifest.files) == {"weights.bin", "words.txt"}


def test_the_fingerprint_follows_the_weights_and_not_the_name(folder, changed):
    before = load_manifest(folder, "encoder").fingerprint
    assert load_manifest(changed(name="other", version="9"), "encoder").fingerprint == before
    (folder / "weights.bin").write_bytes(b"one two four")
    write_manifest(folder, "encoder", "tiny", "1", ["weights.bin", "words.txt"], {"dim": 4})
    assert load_manifest(folder, "encoder").fingerprint != before


def test_one_changed_byte_is_refused_with_both_hashes(folder):
    (folder / "weights.bin").write_bytes(b"one two thref")
    with pytest.raises(ArtefactError, match=r"weights\.bin: expected SHA-256 \w{12}…, found \w{12}…"):
        load_manifest(folder, "encoder")


def test_a_folder_of_another_kind_is_refused(folder):
    with pytest.raises(ArtefactError, match="expected a folder of kind 'tagger', found 'encoder'"):
        load_manifest(folder, "tagger")


@pytest.mark.parametrize("schema", [2, 99, "1", None, True, 1.0])
def test_a_schema_that_is_newer_or_no_number_is_refused(changed, schema):
    with pytest.raises(ArtefactError, match=r"schema 1 or older, found .*Update stratmap"):
        load_manifest(changed(schema=schema), "encoder")


@pytest.mark.parametrize("name", ["../weights.bin", "/etc/passwd", "a/b", "..", ".", "", "a\0b"])
def test_a_file_name_that_is_a_path_or_nothing_is_refused(changed, name):
    with pytest.raises(ArtefactError, match=r"expected (plain file names|a file of the model)"):
        load_manifest(changed(files={name: "0" * 64}), "encoder")


def test_a_missing_file_and_a_missing_folder_are_named(folder):
    (folder / "words.txt").unlink()
    with pytest.raises(ArtefactError, match=r"words\.txt: expected a file of the model, found none"):
        load_manifest(folder, "encoder")
    with pytest.raises(ArtefactError, match=r"nowhere.manifest\.json: expected a model's manifest, found none"):
        load_manifest(folder / "nowhere", "encoder")


def test_a_huge_manifest_is_not_parsed(changed):
    with pytest.raises(ArtefactError, match="below 1,000,000 bytes"):
        load_manifest(changed(facts={"text": "x" * 1_000_001}), "encoder")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[" * 100_000, '{"schema": 1}', "\ufeff{}"])
def test_a_manifest_that_is_none_is_refused(folder, content):
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(ArtefactError, match=r"manifest\.json: expected|schema 1 or older"):
        load_manifest(folder, "encoder")


def test_bytes_that_are_no_text_are_refused(folder):
    (folder / MANIFEST).write_bytes(b"\x80\x04\x95")
    with pytest.raises(ArtefactError, match="expected JSON"):
        load_manifest(folder, "encoder")


@pytest.mark.parametrize("values", [{"files": []}, {"files": {"a": 1}}, {"name": 3}, {"facts": []}, {"kind": None}])
def test_a_value_of_another_type_is_refused(changed, values):
    with pytest.raises(ArtefactError, match="expected kind, name, version, files and facts"):
        load_manifest(changed(**values), "encoder")


@pytest.mark.parametrize(
    ("name", "kind"), [("encoder", "encoder"), ("reranker", "reranker"), ("tagger-iom-seeeca", "tagger")]
)
def test_every_shipped_folder_is_whole(name, kind):
    manifest = load_manifest(shipped_folder(name), kind)
    assert len(manifest.fingerprint) == 16
    assert manifest.files


def test_no_shipped_folder_holds_what_runs_code_when_loaded():
    files = [path.suffix for path in shipped_folder("encoder").parent.rglob("*") if path.is_file()]
    assert ".onnx" in files
    assert set(files) & {".pkl", ".pickle", ".joblib", ".pt", ".bin", ".npy", ".py"} == set()


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(ArtefactError, match=r"'mars'.*encoder"):
        shipped_folder("mars")


def test_the_strategy_is_found():
    assert (shipped_strategy() / "iom-seeeca-strategic-framework.txt").is_file()


def test_a_model_written_over_another_leaves_no_file_of_the_one_before_the_last(tmp_path):
    for number in range(3):
        contents = {"weights.bin": bytes([number]) * 100, "head.json": b"{}"}
        write_artefact(tmp_path, "head", "h", "1", contents, {"round": number})
        manifest = load_manifest(tmp_path, "head")
        assert (tmp_path / manifest.file("weights.bin")).read_bytes() == bytes([number]) * 100
    assert len(list(tmp_path.glob("weights-*.bin"))) == 2
    assert len(list(tmp_path.glob("head-*.json"))) == 1
    with pytest.raises(ArtefactError, match=r"expected a file 'other\.bin'"):
        manifest.file("other.bin")
