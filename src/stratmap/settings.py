"""Every number that a user may change, in one place.

Comes in: a `stratmap.toml` (or nothing). Goes out: frozen data classes, one a room. It does not read the
environment (secrets excepted, and those are read where they are used) and knows no other room.

Order of precedence: the defaults here, then `stratmap.toml` in the working folder or the file named with
`--settings`, then command-line options.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stratmap.errors import SettingsError

SETTINGS_FILE = "stratmap.toml"


def _setting(default: Any, doc: str) -> Any:
    """A field with the sentence that the generated settings page shows."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, slots=True)
class ReadingSettings:
    """Limits and habits of reading files."""

    max_bytes: int = _setting(200_000_000, "largest file, in bytes")
    max_pages: int = _setting(3_000, "most pages of one document")
    max_characters: int = _setting(20_000_000, "most characters of one document")
    max_page_characters: int = _setting(1_000_000, "most characters of one page")
    max_unpacked_bytes: int = _setting(200_000_000, "largest unpacked size of a zipped format, in bytes")
    max_members: int = _setting(10_000, "most members of a zipped format")
    max_compression_ratio: int = _setting(100, "largest ratio of unpacked to packed size")
    max_items: int = _setting(1_000_000, "most rows of a list (CSV, XLSX, JSONL)")
    passage_tokens: int = _setting(160, "longest passage, in tokens of the encoder")
    apart: bool = _setting(
        True, "read PDF, Office, HTML and mail files in a child process, so that a crash of a parser costs one file"
    )
    timeout_s: float = _setting(120.0, "longest time for one file, in seconds, where it is read in a child")
    max_memory_mb: int = _setting(3_000, "most memory of the child that reads files, in megabytes; 0: no limit")


@dataclass(frozen=True, slots=True)
class EncodingSettings:
    """Which encoder, and how it runs."""

    encoder: str = _setting(
        "shipped", "`shipped`, or the name or folder of a sentence-transformers model (extra `encoders`)"
    )
    threads: int = _setting(0, "threads of the encoder; 0 takes all cores")


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where and how passages are kept and found."""

    backend: str = _setting("faiss", "`faiss` or `milvus` (extra)")
    uri: str = _setting(
        "", "where Milvus is: `http://HOST:19530`, or a file ending in `.db`; empty: `milvus.db` in the index folder"
    )
    milvus_index: str = _setting(
        "FLAT", "how Milvus searches vectors: `FLAT` finds the best exactly; from five million passages `HNSW`"
    )
    service_timeout_s: float = _setting(30.0, "longest wait for one answer of Milvus, in seconds")
    service_retries: int = _setting(3, "further tries of a call to Milvus that may yet go through")
    lock_timeout_s: float = _setting(30.0, "how long a writer waits for another one, in seconds")
    keep_generations: int = _setting(5, "generations that can be rolled back to")


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """How archives are tagged."""

    engine: str = _setting("local", "`local` (processes of this machine) or `ray` (extra)")
    ray_address: str = _setting("", "address of a Ray cluster (`auto`, `ray://HOST:10001`); empty: Ray on this machine")


@dataclass(frozen=True, slots=True)
class TaggingSettings:
    """How tags are decided and shown."""

    framework: str = _setting("iom-seeeca", "name of a shipped framework, or a path to a YAML file")
    head: str = _setting("", "folder of a head made by `stratmap train`; empty: the shipped or the zero-shot model")
    tier: str = _setting(
        "full", "what `stratmap tag` reads with: `full`, `fast`, or `auto` (fast, and full where that is unsure)"
    )
    evidence_per_tag: int = _setting(5, "most evidence passages shown for a tag")
    near_duplicates: float = _setting(
        0.9, "documents of an archive with this share of common runs of five words are tagged once; above 1: never"
    )


@dataclass(frozen=True, slots=True)
class AnsweringSettings:
    """How questions are answered."""

    passages: int = _setting(10, "passages returned with an answer")
    candidates: int = _setting(100, "passages that each half of the search proposes")
    rerank: int = _setting(24, "passages that the reranker reads; 0 switches it off")
    quotations: int = _setting(5, "most quotations in an answer")
    max_question_characters: int = _setting(2_000, "longest question, in characters")
    chat_model: str = _setting("", "a language model for `init_chat_model`, e.g. `openai:gpt-4o`; empty: none")
    chat_base_url: str = _setting("", "address of an OpenAI-compatible server")
    chat_timeout_s: float = _setting(60.0, "longest wait for the language model, in seconds")
    chat_retries: int = _setting(2, "further tries after a failure that may pass")
    chat_max_tokens: int = _setting(800, "longest answer of the language model, in tokens")
    chat_max_prompt_tokens: int = _setting(
        6_000, "most tokens sent with one question (estimated); further passages are left out"
    )
    chat_token_budget: int = _setting(
        0, "most tokens, sent and received, that one run may spend on the language model; 0: no limit"
    )
    chat_price_sent: float = _setting(0.0, "price of a million tokens sent to the language model")
    chat_price_received: float = _setting(0.0, "price of a million tokens received from the language model")
    chat_cost_budget: float = _setting(
        0.0, "most money that one run may spend on the language model, at these prices; 0: no limit"
    )


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The web app."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(7860, "port to listen on")
    max_upload_bytes: int = _setting(50_000_000, "largest upload, in bytes")
    max_paste_characters: int = _setting(2_000_000, "longest pasted text, in characters")
    questions_per_minute: int = _setting(60, "questions one session may ask in a minute")
    users_file: str = _setting("", "file made by `stratmap users add`; empty: no login")
    session_hours: float = _setting(12.0, "how long somebody stays signed in, in hours")
    allowed_hosts: str = _setting(
        "", "names, joined by commas, under which the app may be asked for besides this machine's"
    )
    max_request_bytes: int = _setting(200_000_000, "largest request (several uploads together), in bytes")
    max_files: int = _setting(20, "most files tagged at once in the app")
    queue_limit: int = _setting(64, "most requests that wait; further ones are told to come back")
    mcp: bool = _setting(False, "offer the app's actions as MCP tools (extra `mcp`)")
    metrics: bool = _setting(False, "tell figures for Prometheus at `/metrics`, to whoever reaches the port")
    log: str = _setting("", "`json`: a line for each request on standard error, without any text; empty: none")


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """Personal data in what leaves the program."""

    mask_exports: bool = _setting(
        False,
        "cover names, phone numbers and numbers of documents in what leaves the program: tags, portfolios, comparisons,"
        " answers of the command line, workbooks of corrections, files downloaded from the app",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, grouped by room."""

    reading: ReadingSettings = field(default_factory=ReadingSettings)
    encoding: EncodingSettings = field(default_factory=EncodingSettings)
    index: IndexSettings = field(default_factory=IndexSettings)
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    tagging: TaggingSettings = field(default_factory=TaggingSettings)
    answering: AnsweringSettings = field(default_factory=AnsweringSettings)
    app: AppSettings = field(default_factory=AppSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)

    @classmethod
    def load(cls, path: Path | None = None) -> Settings:
        """Read a settings file; without a path, `stratmap.toml` of the working folder if there is one.

        Raises:
            SettingsError: The file is missing, is not TOML, or holds an unknown key or a wrong type.
        """
        found = path or Path(SETTINGS_FILE)
        if path is None and not found.is_file():
            return cls()
        try:
            table = tomllib.loads(found.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SettingsError(f"{found}: expected a settings file, found none ({error.strerror}).") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{found}: expected TOML in UTF-8: {error}.") from error
        return cls.from_table(table, where=str(found))

    @classmethod
    def from_table(cls, table: dict[str, Any], where: str = "settings") -> Settings:
        """Build settings from nested tables, rejecting what is unknown.

        Raises:
            SettingsError: An unknown section or key, or a value of the wrong type.
        """
        sections = {f.name: f for f in dataclasses.fields(cls)}
        _reject_unknown(table, list(sections), f"{where}: section")
        types_of = typing.get_type_hints(cls)
        return cls(**{name: _section(types_of[name], table[name], f"{where} [{name}]") for name in table})


def _section(kind: type, table: Any, where: str) -> Any:
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: expected a table of keys, found {table!r}.")
    hints = typing.get_type_hints(kind)
    _reject_unknown(table, list(hints), f"{where}: key")
    for key, value in table.items():
        _check_type(value, hints[key], f"{where} {key}")
    return kind(**table)


def _reject_unknown(table: dict[str, Any], known: list[str], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise SettingsError(f"{where} {', '.join(unknown)} is not known. Known: {', '.join(known)}.")


def _check_type(value: Any, expected: Any, where: str) -> None:
    allowed = typing.get_args(expected) if isinstance(expected, types.UnionType) else (expected,)
    if float in allowed and type(value) is int:
        return
    if type(value) not in allowed:
        names = " or ".join(kind.__name__ for kind in allowed)
        raise SettingsError(f"{where}: expected {names}, found {value!r}.")
    if isinstance(value, int | float) and not (value >= 0 and math.isfinite(value)):
        raise SettingsError(f"{where}: expected zero or more, found {value!r}.")
