"""E-mail (EML).

Comes in: the bytes of one message. Goes out: subject and body as one page; names of attachments as a
warning, since they are not read. Senders and receivers are left out of the text: they are personal data and
say nothing about the subject.
"""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from pathlib import PurePath

from stratmap.errors import DamagedDocument
from stratmap.reading.clean import clean_text, unwrap_lines
from stratmap.reading.encodings import decode
from stratmap.reading.extract import Extract
from stratmap.reading.markup import html_text
from stratmap.reading.plain import encoding_warnings
from stratmap.settings import ReadingSettings

_MAX_PARTS = 1_000


def read_mail(data: bytes, name: str, settings: ReadingSettings) -> Extract:  # noqa: ARG001  (the readers' signature)
    """Read an e-mail.

    Raises:
        DamagedDocument: It has no headers of a message, or nests too deeply.
    """
    message = message_from_bytes(data.lstrip(b"\r\n \xef\xbb\xbf"), policy=policy.default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise DamagedDocument(name, "expected an e-mail, found no message headers.")
    subject = clean_text(str(message.get("subject", "")))
    plain: list[str] = []
    html: list[str] = []
    attached: list[str] = []
    warnings: list[str] = []
    for index, part in enumerate(message.walk()):
        if index > _MAX_PARTS:
            raise DamagedDocument(name, f"expected at most {_MAX_PARTS:,} parts in an e-mail, found more.")
        _sort_part(part, plain, html, attached, warnings)
    body = "\n\n".join(plain) if any(text.strip() for text in plain) else "\n\n".join(html)
    if attached:
        warnings.append(f"attachments are not read: {', '.join(attached[:20])}")
    text = f"{subject}\n\n{body}" if subject else body
    return Extract(((None, text),), title=subject, warnings=tuple(dict.fromkeys(warnings)))


def _sort_part(part: Message, plain: list[str], html: list[str], attached: list[str], warnings: list[str]) -> None:
    if part.is_multipart():
        return
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment" or kind not in {"text/plain", "text/html"}:
        attached.append(PurePath(clean_text(str(part.get_filename() or kind))).name)
        return
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return
    decoded = decode(payload, str(part.get_param("charset") or ""))
    warnings += encoding_warnings(decoded)
    if kind == "text/html":
        html.append(html_text(decoded.text)[0])
    else:
        plain.append(unwrap_lines(decoded.text))
