"""How much a model request may hold, and how much its items take up."""

from collections.abc import Iterable, Mapping

# What the request holds besides its input: instructions, tool schemas, settings.
RESERVE_BYTES = 256 * 1024

# What JSON writes with a backslash, and what it may write with six characters (RFC 8259, 7).
_SHORT_ESCAPES = b'"\\\n\r\t'
_LONG_ESCAPES = bytes(set(range(0x20)) - set(_SHORT_ESCAPES))


def json_bytes(value: object) -> int:
    """An upper bound of `value` as JSON in UTF-8, found without serializing it.

    Base64 and other plain text count as they are; what may need escaping is looked at closer.
    """
    if isinstance(value, str):
        return _string_bytes(value)
    if isinstance(value, Mapping):
        return 2 + sum(json_bytes(k) + json_bytes(v) + 2 for k, v in value.items())
    if isinstance(value, Iterable):
        return 2 + sum(json_bytes(item) + 1 for item in value)
    return len(str(value)) + 2


def _string_bytes(text: str) -> int:
    if text.startswith("data:") and text.isascii():
        return len(text) + 2
    encoded = text.encode("utf-8", "surrogatepass")
    # Megabytes in a millisecond; a look at each character would hold up everybody else.
    short = len(encoded) - len(encoded.translate(None, _SHORT_ESCAPES))
    long = len(encoded) - len(encoded.translate(None, _LONG_ESCAPES))
    return len(encoded) + short + 5 * long + 2
