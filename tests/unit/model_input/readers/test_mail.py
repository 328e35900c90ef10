"""Mails as programs really write them: every part is in the text or can be fetched."""

from email.message import EmailMessage

from app.model_input.readers import mail
from app.model_input.readers.text import Decoded

NOTHING_AFTER_HTML = b"""\
From: a@example.org
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/html; charset=utf-8

<p>The whole letter.</p>
--x
Content-Type: text/plain

--x--
"""

PARTS_AFTER_THE_END = b"""\
From: a@example.org
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain

The letter.
--x--

--x
Content-Type: application/zip; name=inner.zip
Content-Transfer-Encoding: base64

UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==
--x--
"""

ANOTHER_BOUNDARY = b"""\
From: a@example.org
Content-Type: multipart/alternative; boundary=named

--written
Content-Type: text/html

<b>The letter.</b>
--written--
"""


def text_of(body: bytes) -> str:
    read = mail.read(body)
    assert isinstance(read, Decoded)
    return read.text


def test_an_empty_text_does_not_hide_the_html() -> None:
    assert "The whole letter." in text_of(NOTHING_AFTER_HTML)


def test_parts_after_the_last_boundary_are_read() -> None:
    text = text_of(PARTS_AFTER_THE_END)
    assert "The letter." in text and "- inner.zip (application/zip, 22 bytes)" in text
    inner = mail.member(PARTS_AFTER_THE_END, "inner.zip")
    assert inner is not None and inner.body.startswith(b"PK\x05\x06")


def test_a_boundary_that_the_header_does_not_name_is_found() -> None:
    assert "**The letter.**" in text_of(ANOTHER_BOUNDARY)


def test_the_fuller_of_two_versions_is_shown_once() -> None:
    message = EmailMessage()
    message.set_content("Your program can't show HTML.")
    message.add_alternative(f"<p>{'The letter. ' * 30}</p>", subtype="html")
    text = text_of(message.as_bytes())
    assert "The letter." in text and "can't show" not in text
    message = EmailMessage()
    message.set_content("The letter.\n")
    message.add_alternative("<p>The letter.</p>", subtype="html")
    assert text_of(message.as_bytes()).count("The letter.") == 1


def test_files_of_one_name_can_be_told_apart() -> None:
    message = EmailMessage()
    message.set_content("two")
    for body in (b"first", b"second"):
        message.add_attachment(body, maintype="image", subtype="png", filename="a.png")
    found = mail.member(message.as_bytes(), "a (2).png")
    assert found is not None and found.body == b"second"
    assert mail.member(message.as_bytes(), "b.png") is None


def test_a_byte_that_the_charset_lacks_spoils_only_itself() -> None:
    body = (
        "Content-Type: text/plain; charset=utf-8\n\ngrößer ".encode() + b"\xff" + " Gruß".encode()
    )
    text = text_of(b"From: a@example.org\n" + body)
    assert "größer" in text and "Gruß" in text
