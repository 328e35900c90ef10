"""Page numbers as people write them: `10-12`, `3`, `1, 4-6`."""

import re
from collections.abc import Sequence

# A hyphen, or the dash that typographers use (U+2013)
_RANGE = re.compile(r"\s*(\d+)\s*(?:[-\u2013]\s*(\d+)\s*)?")


def parsed(written: str, count: int) -> tuple[int, ...] | str:
    """Return the pages (from 0) of a document of `count` pages, or a sentence on what is wrong."""
    pages: list[int] = []
    for part in written.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            return f"{written!r} names no pages: write them as `10-12` or `1, 4-6`."
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last or first > count:
            return f"there are no pages {part.strip()!r}: the document has {count:,} pages."
        pages += range(first - 1, min(last, count))
    return tuple(dict.fromkeys(pages))


def written(pages: Sequence[int]) -> str:
    """Return pages (from 0) as a person writes them, `10-12`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(str(a + 1) if a == b else f"{a + 1}-{b + 1}" for a, b in runs)
