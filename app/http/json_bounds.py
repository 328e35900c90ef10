"""Bounds on the structure of a JSON request, checked before a parser builds objects from it.

A parser makes a Python object of every element, which takes a microsecond and 50 bytes or more. A
few bytes in a request are enough for an element, so a limit in bytes alone does not bound the work.
"""

import re

from app.errors import InvalidRequest

MAX_DEPTH = 32
MAX_ELEMENTS = 5_000

# It also matches an unterminated string, up to the end, so each byte is read only once.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_STRUCTURAL = (b'"', b",", b"[", b"{")
_MAX_STRUCTURAL_IF_FLAT = 200


def check_structure(body: bytes) -> None:
    """Raise `InvalidRequest` for JSON that is nested too deeply or has too many elements.

    Text that is not JSON may pass; the parser rejects it.
    """
    structure = _STRING.sub(b"", body)
    elements = sum(structure.count(mark) for mark in (b",", b"[", b"{"))
    if elements > MAX_ELEMENTS:
        raise InvalidRequest(
            f"The request has more than {MAX_ELEMENTS:,} JSON elements. Attach large data as a"
            " file instead."
        )
    depth = 0
    for bracket in _BRACKET.findall(structure):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"The request's JSON is nested deeper than {MAX_DEPTH} levels.")


def is_flat(body: bytes) -> bool:
    """Return whether JSON of any length consists of a few strings, as a recording does."""
    return sum(body.count(mark) for mark in _STRUCTURAL) <= _MAX_STRUCTURAL_IF_FLAT
