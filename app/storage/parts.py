"""Divides a large file into the parts of a multipart upload.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (5 MiB to 5 GiB a part).
"""

from collections.abc import Sequence
from dataclasses import dataclass

# The smallest part that stores accept, apart from the last one. A broken connection costs what was
# sent of the parts under way, so small parts are the cheapest on bad lines.
SMALLEST_PART_BYTES = 5 * 1024 * 1024
# The page gets the links of all parts at once, each of some 1,500 characters.
_MOST_PARTS = 256


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file. Numbers begin at 1, `size` is in bytes."""

    number: int
    size: int


def parts_of(size: int) -> Sequence[Part]:
    """Return the parts of a file of `size` bytes, in order: all of one size but the last."""
    part_bytes = max(SMALLEST_PART_BYTES, -(-size // _MOST_PARTS))
    full, rest = divmod(size, part_bytes)
    sizes = [part_bytes] * full + ([rest] if rest else [])
    return [Part(number, each) for number, each in enumerate(sizes, start=1)]
