"""Reads an e-mail as text: its headers, its text, and a list of the files in it.

Real mails break RFC 2046 often: parts after the last boundary, boundaries that the header does not
name, an empty text beside an HTML text. So every part is visited, and each part that is not shown
as the mail's text is listed as a member.
"""

import email
import email.policy
import mimetypes
import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart

from app.model_input.readers import markup
from app.model_input.readers.members import Member, MemberFacts, listing, unique_names
from app.model_input.readers.text import Decoded, decode
from app.model_input.readers.unreadable import Unreadable

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_TEXT_TYPES = ("text/plain", "text/html")
# A plain text that is shorter than this share of the HTML only says that the mail is HTML.
_LEAST_SHARE_OF_PLAIN_TEXT = 0.3
_BOUNDARY = re.compile(r"^--(\S{1,70})\s*$", re.MULTILINE)
_MALFORMED = (ValueError, LookupError, AttributeError, TypeError)


def read(body: bytes) -> Decoded | Unreadable:
    """Return an RFC 5322 message as text; HTML in it becomes Markdown."""
    try:
        message = _parsed(body)
        lines = [f"{name}: {message[name]}" for name in _HEADERS if message[name] is not None]
        texts, members = _contents(message)
    except _MALFORMED as problem:
        return Unreadable(f"it is a damaged e-mail ({str(problem)[:200]})")
    for text in texts:
        lines += ["", text]
    if members:
        lines += ["", attached([MemberFacts(m.name, m.mime_type, m.size) for m in members])]
    if not lines:
        return Unreadable("it is a damaged e-mail (no headers and no text)")
    return Decoded("\n".join(lines), "utf-8")


def attached(members: list[MemberFacts]) -> str:
    """Return the list of a mail's files, with the call by which the model gets one."""
    return (
        "Attached to this e-mail. Call fetch_attachment with the id of the e-mail and one of these"
        f" names as `member`:\n{listing(members)}"
    )


def member(body: bytes, name: str) -> Member | None:
    """Return the file called `name` in a mail, or None."""
    try:
        _, members = _contents(_parsed(body))
    except _MALFORMED:
        return None
    return next((each for each in members if each.name == name), None)


def _parsed(body: bytes) -> EmailMessage:
    return email.message_from_bytes(body, policy=email.policy.default)


def _contents(message: MIMEPart) -> tuple[list[str], list[Member]]:
    """Return the texts to show, in their order, and all other parts."""
    texts: list[str] = []
    members: list[Member] = []
    _collect(message, texts, members)
    names = unique_names([each.name for each in members])
    return texts, [
        Member(name, each.mime_type, each.body) for name, each in zip(names, members, strict=True)
    ]


def _collect(part: MIMEPart, texts: list[str], members: list[Member]) -> None:
    if part.get_content_maintype() == "multipart":
        parts = list(_parts(part))
        if part.get_content_subtype() == "alternative":
            _collect_alternatives(parts, texts, members)
        else:
            for each in parts:
                _collect(each, texts, members)
    elif _is_shown(part):
        if text := _text_of(part).strip():
            texts.append(text)
    else:
        members.append(_member_of(part))


def _parts(part: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts of a multipart, also those that broken boundaries hide from the parser."""
    hidden = part.epilogue
    if part.is_multipart():
        yield from part.iter_parts()
    else:
        hidden = str(part.get_payload() or "")
    if not hidden or not hidden.strip():
        return
    boundary = _BOUNDARY.search(hidden)
    if boundary is None:
        text = MIMEPart(policy=email.policy.default)
        text.set_content(hidden)
        yield text
        return
    head = f'Content-Type: multipart/mixed; boundary="{boundary[1]}"\n\n'
    repaired = email.message_from_string(head + hidden, policy=email.policy.default)
    yield from repaired.iter_parts()


def _collect_alternatives(parts: list[MIMEPart], texts: list[str], members: list[Member]) -> None:
    """Collect one of several versions of a text, and the files of all versions."""
    versions: list[str] = []
    for part in parts:
        shown: list[str] = []
        _collect(part, shown, members)
        versions.append("\n\n".join(shown))
    fullest = max(versions, key=len, default="")
    # The sender's own plain text comes first (RFC 2046, 5.1.4), unless it lacks most of the words.
    usual = (each for each in versions if len(each) >= _LEAST_SHARE_OF_PLAIN_TEXT * len(fullest))
    texts += [text for text in [next(usual, "")] if text]


def _is_shown(part: MIMEPart) -> bool:
    named = part.get_filename() is not None or part.get_content_disposition() == "attachment"
    return part.get_content_type() in _TEXT_TYPES and not named


def _text_of(part: MIMEPart) -> str:
    """Return the text of a part by its charset, or by statistics if that is unknown."""
    try:
        text = str(part.get_content(errors="replace"))
    except (LookupError, ValueError):
        decoded = decode(_body_of(part))
        text = decoded.text if isinstance(decoded, Decoded) else ""
    if part.get_content_subtype() != "html":
        return text
    converted = markup.markdown(text)
    return text if isinstance(converted, Unreadable) else converted


def _member_of(part: MIMEPart) -> Member:
    mime_type = part.get_content_type()
    body = _body_of(part)
    name = part.get_filename() or ""
    if not name:
        suffix = ".eml" if mime_type == "message/rfc822" else mimetypes.guess_extension(mime_type)
        name = f"part{suffix or '.bin'}"
    return Member(_one_line(name), mime_type, body)


def _body_of(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    # A message inside this one; it has no encoding of its own.
    inner = part.get_payload()
    if not isinstance(inner, list):
        return b""
    return b"".join(each.as_bytes() for each in inner if isinstance(each, MIMEPart))


def _one_line(name: str) -> str:
    return " ".join(name.split())
