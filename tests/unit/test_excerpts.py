"""Excerpts of what a search has found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.excerpts import excerpt
from app.database.word_index import query_words

LONG = " ".join(f"word{number}" for number in range(200))


def marked(text: str, query: str) -> str:
    """The excerpt as one text, with what was found in brackets."""
    return "".join(
        f"[{piece.text}]" if piece.is_match else piece.text
        for piece in excerpt(text, query_words(query))
    )


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("The budget", "bud", "The [bud]get"),
        ("The budget", "budget the", "[The] [budget]"),
        ("a report, no port", "port", "a report, no [port]"),
        ("Straße nach Köln", "strasse koln", "[Straße] nach [Köln]"),
        ("the ﬁgures", "fig", "the [ﬁg]ures"),
        ("Cafe\u0301 menu", "café", "[Cafe\u0301] menu"),
        ("今日の天気予報", "天気", "今日の[天気]予報"),
        ("one\n\n  two\tthree", "two", "one [two] three"),
        ("nothing of it", "zebra", "nothing of it"),
    ],
)
def test_what_was_found_is_marked(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


def test_an_excerpt_is_short_and_begins_and_ends_between_words() -> None:
    found = marked(LONG, "word100")
    assert found.startswith("…word9")
    assert "[word100] word101" in found
    assert found.endswith("…")
    assert len(found) < 180
    assert all(word.strip("…[]") in LONG.split() for word in found.split())


def test_the_beginning_is_shown_if_the_words_are_not_in_the_text() -> None:
    assert marked(LONG, "zebra").startswith("word0 word1 ")


@given(st.text(max_size=400), st.text(min_size=1, max_size=3))
def test_an_excerpt_is_a_part_of_the_text(text: str, word: str) -> None:
    shown = "".join(piece.text for piece in excerpt(text, [word.lower()]))
    assert shown.strip("… ") in " ".join(text.split()) or not shown.strip()
    assert len(shown) <= 200
