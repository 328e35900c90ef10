"""Text that can be stored: PostgreSQL has no U+0000, and UTF-8 has no lone surrogates."""

# OpenID Connect Core, 2: a `sub` has 255 ASCII characters at most. An entry of an index, which
# begins with the user's id, has 2,704 bytes at most.
_MAX_USER_ID_CHARACTERS = 255


def storable(text: str) -> str:
    """Replace U+0000 with U+FFFD, as HTML does (WHATWG HTML 13.2.3.5)."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def is_storable(text: str) -> bool:
    """Return whether the text has neither U+0000 nor a lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_user_id(text: str) -> bool:
    """Return whether the text can be the id of a user."""
    return 0 < len(text) <= _MAX_USER_ID_CHARACTERS and is_storable(text)
