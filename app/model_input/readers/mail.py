"""Reads an e-mail as text: its headers, its text, and the names of its attachments."""

import email
import email.policy
from email.message import EmailMessage

from app.model_input.readers.text import Decoded
from app.model_input.readers.unreadable import Unreadable

_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def readable(body: bytes) -> Decoded | Unreadable:
    """Decode an RFC 5322 message, because a model can't read base64 and quoted-printable."""
    try:
        message = email.message_from_bytes(body, policy=email.policy.default)
        return Decoded(_text_of(message), "utf-8")
    except (ValueError, LookupError, KeyError, AttributeError, IndexError) as problem:
        return Unreadable(f"it is a damaged e-mail ({str(problem)[:200]})")


def _text_of(message: EmailMessage) -> str:
    lines = [f"{name}: {message[name]}" for name in _HEADERS if message[name] is not None]
    text = message.get_body(preferencelist=("plain", "html"))
    if text is not None:
        content = text.get_content()
        lines += ["", content if isinstance(content, str) else content.decode("utf-8", "replace")]
    attached = [
        part.get_filename() or part.get_content_type() for part in message.iter_attachments()
    ]
    if attached:
        lines += ["", f"Attached to this e-mail, not shown: {', '.join(attached)}"]
    if not lines:
        raise ValueError("no headers and no text")
    return "\n".join(lines)
