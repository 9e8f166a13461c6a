"""The one exception tree. Comes in: what went wrong. Goes out: a sentence a person can act on.

    StratmapError
    ├── UsageError              the caller asked for something that does not exist or does not fit
    ├── SettingsError           stratmap.toml or a setting is wrong
    ├── FrameworkError          a framework or crosswalk file does not follow the schema
    ├── ReadingError            one input cannot be read; the rest of a batch goes on
    │   ├── UnsupportedFormat
    │   ├── EncryptedDocument
    │   ├── LimitExceeded
    │   └── DamagedDocument
    ├── EncodingError           the encoder failed, or returned something that is no embedding
    ├── ArtefactError           a model folder is missing, damaged, or made for something else
    ├── IndexFolderError        an index folder is missing, damaged, locked, or made for something else
    │   └── IndexLocked
    ├── NotFittedError          predict before fit
    ├── ChatModelError          the language model or its provider failed (`retryable`, `advice`)
    ├── ServiceError            a service that stratmap leans on (Ray, Milvus) is gone, slow or full
    ├── ExportError             a result cannot be written in the asked form
    └── MissingExtra            an optional feature needs an install step

A message says what was expected, what was found, where, and what to do. This module does not print,
log or exit; the entry floor turns an error into one line and an exit code.
"""

from __future__ import annotations


class StratmapError(Exception):
    """Anything stratmap refuses to do, with a message meant for the user."""


class UsageError(StratmapError):
    """The call names something that does not exist, or combines what does not fit."""


class SettingsError(StratmapError):
    """A settings file or value is not valid."""


class FrameworkError(StratmapError):
    """A framework or crosswalk file does not follow the schema."""


class ReadingError(StratmapError):
    """One input cannot be read.

    Args:
        source: The file or item, as the user named it.
        reason: Why, and where it helps what to do about it.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class UnsupportedFormat(ReadingError):
    """The format is not one that stratmap reads."""


class EncryptedDocument(ReadingError):
    """The document is protected by a password."""


class LimitExceeded(ReadingError):
    """The input is larger than a limit in the settings allows."""


class DamagedDocument(ReadingError):
    """The bytes do not form a document of their format."""


class EncodingError(StratmapError):
    """The encoder failed, or returned values that are no embeddings."""


class ArtefactError(StratmapError):
    """A model folder is missing, damaged, or made for another encoder or framework."""


class IndexFolderError(StratmapError):
    """An index folder is missing, damaged, or made for another encoder or version."""


class IndexLocked(IndexFolderError):
    """Another process is writing to the index."""


class NotFittedError(StratmapError):
    """A prediction was asked of something that has not been fitted."""


class ServiceError(StratmapError):
    """A service that stratmap leans on (Ray, Milvus) is gone, slow or full; nothing is lost on this side."""


class ExportError(StratmapError):
    """A result cannot be written in the form that was asked for."""


class ChatModelError(StratmapError):
    """The language model or its provider failed.

    Args:
        message: What failed.
        retryable: Whether the same call may succeed later.
        advice: What the user can change.
    """

    def __init__(self, message: str, *, retryable: bool, advice: str) -> None:
        super().__init__(f"{message} {advice}")
        self.retryable = retryable
        self.advice = advice


class MissingExtra(StratmapError):
    """An optional feature was used without its extra.

    Args:
        feature: The feature in words.
        extra: The name of the extra in pyproject.toml.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional part: pip install 'stratmap[{extra}]'")
        self.feature = feature
        self.extra = extra
