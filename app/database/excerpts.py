"""Excerpts of texts around the words of a query."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.database.words import UNSPACED, folded_characters, is_unspaced

_CHARS_BEFORE = 40
_MAX_CHARS = 160
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an excerpt. `is_match`: it is what a word of the query has found."""

    text: str
    is_match: bool


def excerpt(text: str, words: Sequence[str]) -> list[Piece]:
    """Return up to 160 characters of the text, around the first of the words that it has.

    The words are folded (words.py) and found as beginnings. The excerpt begins and ends between
    words, with “…” in place of what was left out, and has no line breaks.
    """
    found = _places(text, words)
    start = _word_start(text, found[0][0] - _CHARS_BEFORE) if found else 0
    end = _word_end(text, start + _MAX_CHARS)
    pieces: list[Piece] = []
    at = start
    for first, last in found:
        if last > end:
            break
        pieces += [Piece(text[at:first], False), Piece(text[first:last], True)]
        at = last
    pieces.append(Piece(text[at:end], False))
    if start > 0:
        pieces.insert(0, Piece("…", False))
    if end < len(text):
        pieces.append(Piece("…", False))
    return _joined(pieces)


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return where words begin and end in the text, in its order."""
    characters = folded_characters(text)
    # The place in the folded text at which each character ends.
    ends = list(accumulate(map(len, characters)))
    pattern = re.compile("|".join(map(_pattern, sorted(words, key=len, reverse=True))))
    return [
        # A mark above the last character belongs to it: it adds nothing to the folded text.
        (
            bisect_right(ends, match.start()),
            max(bisect_left(ends, match.end()) + 1, bisect_right(ends, match.end())),
        )
        for match in pattern.finditer("".join(characters))
    ]


def _pattern(word: str) -> str:
    if is_unspaced(word):
        return re.escape(word)
    return f"(?<![^ {UNSPACED}]){re.escape(word)}"


def _word_start(text: str, at: int) -> int:
    """Return where the first word after `at` begins; `at` itself if that is far away."""
    if at <= 0:
        return 0
    space = _SPACES.search(text, at - 1, at + _CHARS_BEFORE // 2)
    return space.end() if space else at


def _word_end(text: str, at: int) -> int:
    """Return where the last word before `at` ends; `at` itself if that is far away."""
    if at >= len(text):
        return len(text)
    kept = text[:at].rstrip()
    spaces = [match.start() for match in _SPACES.finditer(text, at - _CHARS_BEFORE // 2, at + 1)]
    return spaces[-1] if spaces else len(kept)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces with single spaces, neighbours of the same kind as one."""
    joined: list[Piece] = []
    for piece in pieces:
        text = _SPACES.sub(" ", piece.text)
        if joined and joined[-1].is_match == piece.is_match:
            joined[-1] = Piece(joined[-1].text + text, piece.is_match)
        elif text:
            joined.append(Piece(text, piece.is_match))
    return joined
