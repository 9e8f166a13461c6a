"""What a run is made of: one `Item` for each document that it will try to tag.

Comes in: an item. Goes out: its document, read where the item is worked on (in a worker, if there are any). The
rows of lists and the activities of IATI files come with their document, because their file is read once.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded, ReadingError
from stratmap.reading import read_bytes, read_document
from stratmap.reading.documents import check_size
from stratmap.reading.sidecar import with_sidecar
from stratmap.records import Document, Unreadable
from stratmap.settings import ReadingSettings

_SMALL = 5_000_000  # below this size even an extreme ratio is harmless


@dataclass(frozen=True, slots=True)
class Item:
    """One document to be.

    Attributes:
        key: What names it in the journal and in the results, as the user named it (`a/b.pdf`,
            `c.zip!d.docx`, `list.csv#7`).
        stamp: Changes when its content does.
        path: Its file.
        member: Its name in the zip archive that `path` is, or "".
        ready: The document itself, or why there is none, where that is known already.
        skip: Why it is not tried at all, or "".
    """

    key: str
    stamp: str
    path: Path
    member: str = ""
    ready: Document | Unreadable | None = None
    skip: str = ""


def open_item(item: Item, settings: ReadingSettings) -> Document:
    """The document of an item, `source` being the item's key.

    Raises:
        ReadingError: It cannot be read.
    """
    if isinstance(item.ready, Unreadable):
        raise ReadingError(item.ready.source, item.ready.reason)
    if item.ready is not None:
        return replace(item.ready, source=item.key)
    if item.member:
        data = read_member(item.path, item.member, settings)
        return replace(read_bytes(data, Path(item.member).name, settings), source=item.key)
    return replace(with_sidecar(read_document(item.path, settings), item.path), source=item.key)


def read_member(path: Path, member: str, settings: ReadingSettings) -> bytes:
    """The bytes of a member of a zip archive; nothing is written to the disk.

    Raises:
        ReadingError: The archive is damaged, or the member is too large, encrypted, or a bomb.
    """
    source = f"{path}!{member}"
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(member)
            if info.flag_bits & 1:
                raise EncryptedDocument(source, "protected by a password; unpack it first.")
            check_size(info.file_size, source, settings)
            if info.file_size > _SMALL and info.file_size > settings.max_compression_ratio * info.compress_size:
                raise LimitExceeded(
                    source, f"unpacks to over {settings.max_compression_ratio} times its size: a zip bomb?"
                )
            return archive.read(info)  # zipfile stops at the stated size
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as error:
        raise DamagedDocument(source, f"expected a whole zip archive, found a damaged one ({error}).") from error


def twin_key(document: Document) -> str:
    """The same for documents that a tagger cannot tell apart: same text, pages, title and facts."""
    numbers = [page.number for page in document.pages]
    facts = sorted((key, value) for key, value in document.metadata.items() if key != "created")
    value = [document.doc_id, numbers, document.title, facts]
    return hashlib.sha256(json.dumps(value, ensure_ascii=True).encode("ascii")).hexdigest()[:32]
