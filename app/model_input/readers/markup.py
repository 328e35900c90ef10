"""Turns HTML into Markdown, which a model reads at a third of the tokens."""

import re

from app.model_input.readers import extraction
from app.model_input.readers.text import Decoded, decode
from app.model_input.readers.unreadable import Unreadable

_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
# The library would write these as lines of metadata in front of the text.
_METADATA = re.compile(
    r"<head\b[^>]*>.*?</head>|<title\b[^>]*>.*?</title>|<meta\b[^>]*>", re.DOTALL | re.IGNORECASE
)
_INLINE_PICTURE = re.compile(r"!\[([^\]]*)\]\(data:[^)]*\)")
# The library pads the cells of a table to one width.
_PADDING = re.compile(r"(?<= ) +(?=\|)|(?<=---)-+")


def read(body: bytes) -> Decoded | Unreadable:
    """Return the text of an HTML page as Markdown, without scripts, styles and inline pictures."""
    decoded = decode(body)
    if isinstance(decoded, Unreadable):
        return decoded
    converted = markdown(decoded.text)
    if isinstance(converted, Unreadable):
        return converted
    return Decoded(converted, decoded.encoding, decoded.is_guess)


def markdown(html: str) -> str | Unreadable:
    """Return HTML as Markdown, its title first."""
    title = _TITLE.search(html)
    head = f"<h1>{title[1].strip()}</h1>" if title and title[1].strip() else ""
    source = head + _METADATA.sub("", html)
    converted = extraction.extract(source.encode("utf-8", "replace"), "text/html")
    if isinstance(converted, Unreadable):
        return converted
    text = _INLINE_PICTURE.sub(r"[picture: \1]", converted)
    lines = (_PADDING.sub("", line) if line.startswith("|") else line for line in text.split("\n"))
    return "\n".join(lines).strip()
