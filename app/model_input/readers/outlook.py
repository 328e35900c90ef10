"""Reads a message that Outlook saved ([MS-OXMSG]) as text, with a list of the files in it."""

import io
import struct
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

from app.model_input.readers import extraction, mail, markup
from app.model_input.readers.members import Member, MemberFacts, type_of, unique_names
from app.model_input.readers.text import Decoded
from app.model_input.readers.unreadable import Unreadable

if TYPE_CHECKING:
    import oxmsg
    from oxmsg.attachment import Attachment

_TYPE = "application/vnd.ms-outlook"
# The library documents no errors; these are what a damaged compound file raises in it.
_MALFORMED = (OSError, ValueError, LookupError, AttributeError, TypeError, struct.error)


def read(body: bytes) -> Decoded | Unreadable:
    """Return the headers, the text and the list of files of a message."""
    import oxmsg  # needed in workers only

    try:
        message = oxmsg.Message.load(io.BytesIO(body))
        headers = {
            "From": _decoded(message.sender or ""),
            "To": ", ".join(f"{each.name} <{each.email_address}>" for each in message.recipients),
            "Date": message.sent_date or "",
            "Subject": message.subject or "",
        }
        text = _text_of(body, message.body or "", message.html_body or "")
        facts = _facts(message)
        unread = message.attachment_count - len(facts)
    except _MALFORMED as problem:
        return Unreadable(f"it is a damaged Outlook message ({str(problem)[:200]})")
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    lines += ["", text] if text else []
    lines += ["", mail.attached(facts)] if facts else []
    if unread:
        lines += ["", f"Also attached: {unread} messages or links, which can't be read here."]
    return Decoded("\n".join(lines), "utf-8")


def member(body: bytes, name: str) -> Member | None:
    """Return the file called `name` in a message, or None."""
    import oxmsg  # needed in workers only

    try:
        message = oxmsg.Message.load(io.BytesIO(body))
        for facts, found in zip(_facts(message), _files(message), strict=True):
            if facts.name == name:
                return Member(facts.name, facts.mime_type, found.file_bytes or b"")
    except _MALFORMED:
        return None
    return None


def _text_of(body: bytes, plain: str, html: str) -> str:
    if plain.strip():
        return plain.strip()
    converted = markup.markdown(html) if html.strip() else extraction.extract(body, _TYPE)
    return "" if isinstance(converted, Unreadable) else converted.strip()


def _files(message: "oxmsg.Message") -> list["Attachment"]:
    """Return the attachments that have bytes, which messages inside this one do not."""
    return [each for each in message.attachments if each.file_bytes]


def _facts(message: "oxmsg.Message") -> list[MemberFacts]:
    files = _files(message)
    names = unique_names([each.file_name or "part.bin" for each in files])
    return [
        MemberFacts(name, each.mime_type or type_of(name), len(each.file_bytes or b""))
        for name, each in zip(names, files, strict=True)
    ]


def _decoded(header: str) -> str:
    return str(make_header(decode_header(header)))
