"""Text that can be stored: PostgreSQL has no U+0000, and UTF-8 has no lone surrogates."""


def storable(text: str) -> str:
    """Replace U+0000 with U+FFFD, as HTML does (WHATWG HTML 13.2.3.5)."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_storable(text: str) -> bool:
    """Return whether the text has neither U+0000 nor a lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
