"""Limits of zipped formats, checked from the archive's directory before anything is unpacked.

Comes in: the bytes of a DOCX, PPTX or XLSX. Goes out: nothing, or an error. It writes no file and unpacks no
more than the first bytes of XML parts.

Sizes in the directory can lie, but Python's zipfile (which all three parsers use) stops at the stated size.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded
from stratmap.settings import ReadingSettings

_NESTED = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".jar")
_PROLOG = 16_384  # a DOCTYPE stands before the root element
_SMALL = 5_000_000  # below this size even an extreme ratio is harmless (an empty table compresses well)
_DRIVE = re.compile(r"[A-Za-z]:")


def check_archive(data: bytes, name: str, settings: ReadingSettings) -> None:
    """Refuse an archive that is damaged, too large unpacked, or made to harm.

    Raises:
        LimitExceeded: Too many members, too large, too high a ratio.
        EncryptedDocument: Members are encrypted.
        DamagedDocument: Not a readable archive, nested archives, paths that leave the archive, or a DTD.
    """
    _check_stated_count(data, name, settings)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members, name, settings)
            _check_sizes(members, len(data), name, settings)
            for member in members:
                if member.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_prolog(archive, member, name)
    except (
        zipfile.BadZipFile,
        struct.error,
        zlib.error,
        EOFError,
        NotImplementedError,
        ValueError,
        OSError,
    ) as error:
        raise DamagedDocument(name, f"expected a whole Office file, found a damaged archive ({error}).") from error


def _check_stated_count(data: bytes, name: str, settings: ReadingSettings) -> None:
    """Look at the end record first: building 50,000 directory entries already takes time and memory."""
    at = data.rfind(b"PK\x05\x06")
    if at < 0 or at + 12 > len(data):
        raise DamagedDocument(name, "expected a whole Office file, found an archive that is cut off.")
    (count,) = struct.unpack_from("<H", data, at + 10)
    # 0xFFFF stands for "see the 64-bit record"; each entry takes 46 bytes or more, which bounds those.
    headers = data.count(b"PK\x01\x02") if count == 0xFFFF else count
    if headers > settings.max_members:
        raise _too_many(headers, name, settings)


def _too_many(count: int, name: str, settings: ReadingSettings) -> LimitExceeded:
    return LimitExceeded(
        name, f"expected at most {settings.max_members:,} members (setting max_members), found {count:,}."
    )


def _check_members(members: list[zipfile.ZipInfo], name: str, settings: ReadingSettings) -> None:
    if len(members) > settings.max_members:
        raise _too_many(len(members), name, settings)
    for member in members:
        path = member.filename.replace("\\", "/")
        if path.startswith("/") or ".." in path.split("/") or _DRIVE.match(path):
            raise DamagedDocument(name, f"found a member that leaves the archive ({path[:80]!r}); refused.")
        if path.lower().endswith(_NESTED):
            raise DamagedDocument(name, f"found an archive inside the archive ({path[:80]!r}); refused.")
        if member.flag_bits & 1:
            raise EncryptedDocument(name, "protected by a password; save a copy without one.")


def _check_sizes(members: list[zipfile.ZipInfo], packed: int, name: str, settings: ReadingSettings) -> None:
    total = sum(member.file_size for member in members)
    if total > settings.max_unpacked_bytes:
        raise LimitExceeded(
            name,
            f"expected at most {settings.max_unpacked_bytes:,} bytes unpacked (setting max_unpacked_bytes), "
            f"found {total:,}.",
        )
    ratio = total / max(1, packed)
    for member in members:
        if member.file_size > _SMALL:
            ratio = max(ratio, member.file_size / max(1, member.compress_size))
    if total > _SMALL and ratio > settings.max_compression_ratio:
        raise LimitExceeded(
            name,
            f"expected a compression ratio of at most {settings.max_compression_ratio} (setting "
            f"max_compression_ratio), found {ratio:,.0f}: a zip bomb?",
        )


def _check_prolog(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
    """Office formats forbid document type declarations; entity bombs and external entities need one."""
    with archive.open(member) as part:
        prolog = part.read(_PROLOG)
    if b"<!DOCTYPE" in prolog.replace(b"\x00", b"") or b"<!ENTITY" in prolog.replace(b"\x00", b""):
        raise DamagedDocument(name, f"found a document type declaration in {member.filename[:80]!r}; refused.")
