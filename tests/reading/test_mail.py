from email.message import EmailMessage

import pytest

from stratmap.reading import read_bytes, read_items


def message(body="The project helped families.", subject="Monthly report") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "anna@example.org", "ben@example.org", subject
    mail.set_content(body)
    return mail


def test_subject_and_body_are_read_without_addresses(settings):
    document = read_bytes(bytes(message()), "a.eml", settings)
    assert document.title == "Monthly report"
    assert document.text == "Monthly report\n\nThe project helped families."


def test_the_plain_part_wins_over_the_html_part(settings):
    mail = message()
    mail.add_alternative("<html><p>Other words</p></html>", subtype="html")
    assert "Other words" not in read_bytes(bytes(mail), "a.eml", settings).text


def test_an_html_mail_is_read(settings):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@b.c", "S"
    mail.set_content("<html><p>Words in HTML</p></html>", subtype="html")
    assert "Words in HTML" in read_bytes(bytes(mail), "a.eml", settings).text


def test_attachments_are_named_in_a_warning(settings):
    mail = message()
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="annex.pdf")
    assert any("annex.pdf" in warning for warning in read_bytes(bytes(mail), "a.eml", settings).warnings)


@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251", "utf-8"])
def test_cyrillic_mail_is_read_in_its_charset(charset, settings):
    text = "Помощь мигрантам на границе"
    head = f"From: a@b.c\nSubject: S\nContent-Type: text/plain; charset={charset}\n"
    head += "Content-Transfer-Encoding: 8bit\n\n"
    assert text in read_bytes(head.encode() + text.encode(charset), "a.eml", settings).text


def test_mail_nested_a_thousand_times_ends_with_a_document_or_a_reason(tmp_path, settings):
    head = "From: a@b.c\nSubject: S\n"
    body = "".join(f'Content-Type: multipart/mixed; boundary="b{i}"\n\n--b{i}\n' for i in range(3000))
    path = tmp_path / "a.eml"
    path.write_text(head + body)
    assert len(list(read_items(path, settings))) == 1
