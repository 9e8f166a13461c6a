"""Settings: defaults, files, and what is refused by name."""

from __future__ import annotations

import dataclasses

import pytest

from stratmap.errors import SettingsError
from stratmap.settings import Settings


def test_no_file_gives_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.load() == Settings()


def test_the_file_of_the_working_folder_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stratmap.toml").write_text("[answering]\nrerank = 0\n", encoding="utf-8")
    settings = Settings.load()
    assert settings.answering.rerank == 0
    assert settings == dataclasses.replace(Settings(), answering=settings.answering)


def test_a_named_file_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[index]\nlock_timeout_s = 2\n", encoding="utf-8-sig")
    assert Settings.load(path).index.lock_timeout_s == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[serching]\nk = 1", r"own\.toml: section serching is not known\. Known: reading, encoding"),
        ("[index]\nlock = 1", r"own\.toml \[index\]: key lock is not known\. Known: backend"),
        ("index = 3", r"own\.toml \[index\]: expected a table of keys, found 3"),
        ("[app]\nport = '80'", r"own\.toml \[app\] port: expected int, found '80'"),
        ("[app]\nport = 80.0", r"port: expected int, found 80\.0"),
        ("[app]\nport = true", r"port: expected int, found True"),
        ("[app]\nhost = 1", r"host: expected str, found 1"),
        ("[app]\nmcp = 1", r"mcp: expected bool, found 1"),
        ("[encoding]\nthreads = -1", r"threads: expected zero or more, found -1"),
        ("[index]\nlock_timeout_s = nan", r"lock_timeout_s: expected .*found nan"),
        ("[index]\nlock_timeout_s = inf", r"lock_timeout_s: expected .*found inf"),
        ("[index", r"own\.toml: expected TOML in UTF-8"),
    ],
)
def test_a_fault_names_file_section_and_key(tmp_path, source, message):
    path = tmp_path / "own.toml"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        Settings.load(path)


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_bytes(b"\xff\xfe")])
def test_a_path_that_is_no_settings_file_is_refused(tmp_path, make):
    path = tmp_path / "own.toml"
    make(path)
    with pytest.raises(SettingsError, match=r"own\.toml: expected"):
        Settings.load(path)


def test_every_setting_has_a_sentence_and_a_value_of_its_type():
    for section in dataclasses.fields(Settings):
        kind = type(getattr(Settings(), section.name))
        for setting in dataclasses.fields(kind):
            assert len(setting.metadata["doc"]) > 10, f"{section.name}.{setting.name}"
    defaults = dataclasses.asdict(Settings())
    assert Settings.from_table(defaults) == Settings()


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().app.port = 1
