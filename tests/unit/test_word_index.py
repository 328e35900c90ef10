"""Words of messages and queries: what finds what, whose, and how much is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.word_index import (
    MAX_QUERY_CHARS,
    MAX_TEXT_CHARS,
    index_words,
    query_words,
    words_condition,
)
from app.database.words import owner_mark
from app.errors import InvalidRequest

# PostgreSQL's limit of a `tsvector` (tsearch/ts_type.h, MAXSTRPOS).
MAX_TSVECTOR_BYTES = (1 << 20) - 1


def finds(query: str, text: str, *, owner: str = "alice") -> bool:
    """What PostgreSQL does with the two: each beginning is the beginning of a word."""
    beginnings = words_condition("alice", query_words(query)).split(" & ")
    stored = index_words(owner, text) or []
    return all(
        any(word.startswith(beginning.strip("':*")) for word in stored) for beginning in beginnings
    )


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("budget", "The Budget for 2027"),
        ("bud off", "The budget for the new office"),
        ("office, budget", "The budget for the new office"),
        ("cafe", "Cafe\u0301 menu"),
        ("CAFÉ", "cafe menu"),
        ("strasse", "Straße"),
        ("100%", "by 100 or more"),
        ("2024-03", "the minutes of 2024-03-07"),
        ("天気", "今日の天気予報"),
        ("予報は", "今日の天気予報は晴れ"),
        ("報", "天気予報"),
        ("2024", "夏の写真2024年"),
        ("हिन्दी", "यह हिन्दी है"),
        ("हि", "यह हिन्दी है"),
        ("ภาษา", "พูดภาษาไทย"),
        ("مدرسة", "مَدْرَسة قديمة"),
        ("서울", "서울에서"),
        ("🐈", "my 🐈"),
        ("x" * 40, "x" * 60),
    ],
)
def test_a_query_finds_a_text(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("port", "report"),
        ("budget lunch", "The budget for the new office"),
        ("b_dget", "budget"),
        ("b%t", "budget"),
        ("天報", "今日の天気予報"),
    ],
)
def test_a_query_does_not_find_a_text(query: str, text: str) -> None:
    assert not finds(query, text)


def test_no_word_of_one_owner_is_a_word_of_another() -> None:
    assert finds("report", "report")
    assert not finds("report", "report", owner="bob")


@pytest.mark.parametrize("query", ["", " ", "%", "___", "'; --", "\0", "\ud800"])
def test_a_query_without_words_is_rejected(query: str) -> None:
    with pytest.raises(InvalidRequest, match="a letter or a digit"):
        query_words(query)


def test_a_long_query_is_rejected() -> None:
    with pytest.raises(InvalidRequest, match="200 characters"):
        query_words("a" * (MAX_QUERY_CHARS + 1))


@given(st.text(min_size=1, max_size=MAX_QUERY_CHARS))
def test_a_condition_has_no_characters_that_a_tsquery_reads_otherwise(query: str) -> None:
    try:
        words = query_words(query)
    except InvalidRequest:
        return
    for word in words:
        assert not set(word) & set("'\\&|!<>():* \0")
        word.encode()


@pytest.mark.parametrize(
    "text",
    [
        "".join(chr(0x20000 + i) for i in range(MAX_TEXT_CHARS * 2)),
        "".join(f"{chr(0x20000 + i)}a" for i in range(MAX_TEXT_CHARS)),
        " ".join(chr(0x10000 + i) + chr(0x4E00 + i % 20_000) for i in range(MAX_TEXT_CHARS)),
        "\ufdfa" * MAX_TEXT_CHARS,  # a ligature of 18 letters
    ],
    ids=["ideographs", "mixed", "spaced", "ligatures"],
)
def test_what_is_stored_of_a_text_has_room(text: str) -> None:
    stored = index_words("alice", text) or []
    assert sum(len(word.encode()) for word in stored) < MAX_TSVECTOR_BYTES
    assert stored == sorted(set(stored))
    assert all(word.startswith(owner_mark("alice")) for word in stored)
