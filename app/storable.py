"""Text that can be stored: PostgreSQL has no U+0000, and UTF-8 no lone surrogates."""


def storable(text: str) -> str:
    """PostgreSQL's text has no U+0000: it becomes U+FFFD, as it does in HTML (WHATWG 13.2.3.5)."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_storable(text: str) -> bool:
    """PostgreSQL stores no NUL, and UTF-8 no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
