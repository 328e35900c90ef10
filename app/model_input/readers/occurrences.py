"""Finds words in a text, in a worker process."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_FOUND = 20
_CONTEXT_CHARS = 160
_BLOCK_CHARS = 1500


@dataclass(frozen=True, slots=True)
class Occurrence:
    """`place` is the index of the text, and `offset_chars` the position in it."""

    place: int
    offset_chars: int
    snippet: str


@dataclass(frozen=True, slots=True)
class Found:
    """The first occurrences, the total, and what was found: the phrase, all words or some."""

    occurrences: tuple[Occurrence, ...]
    total: int
    of: str


def find(texts: Sequence[str], words: str) -> Found:
    """Find the phrase; if there is none, the passages with all words, or else with most of them.

    It ignores case, and takes any white space for any other.
    """
    each = [re.escape(word) for word in words.split()]
    if not each:
        return Found((), 0, "the phrase")
    phrase = re.compile(r"\s+".join(each), re.IGNORECASE)
    places = [(i, match.start()) for i, text in enumerate(texts) for match in phrase.finditer(text)]
    if places or len(each) == 1:
        return _found(texts, places, "the phrase")
    ranked = _ranked(texts, [re.compile(word, re.IGNORECASE) for word in each])
    most = max(ranked, default=0)
    of = "all words" if most == len(each) else f"{most} of the {len(each)} words"
    return _found(texts, ranked.get(most, []), of)


def _ranked(
    texts: Sequence[str], words: Sequence[re.Pattern[str]]
) -> dict[int, list[tuple[int, int]]]:
    """Return passages by the number of words in them, each by the place of its first word."""
    ranked: dict[int, list[tuple[int, int]]] = {}
    for i, text in enumerate(texts):
        for start in range(0, len(text), _BLOCK_CHARS):
            # Passages overlap, so that neighbouring words are in one passage.
            end = start + 2 * _BLOCK_CHARS
            found = [match.start() for word in words if (match := word.search(text, start, end))]
            if found:
                ranked.setdefault(len(found), []).append((i, min(found)))
    return {count: list(dict.fromkeys(places)) for count, places in ranked.items()}


def _found(texts: Sequence[str], places: Sequence[tuple[int, int]], of: str) -> Found:
    occurrences = tuple(Occurrence(i, at, _snippet(texts[i], at)) for i, at in places[:_MOST_FOUND])
    return Found(occurrences, len(places), of)


def _snippet(text: str, at: int) -> str:
    start, end = max(0, at - _CONTEXT_CHARS), at + _CONTEXT_CHARS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"
