"""The search for words in titles and messages: what is stored of a text, and what is asked for.

A text's words are a `tsvector`, which a GIN index finds by the beginnings of words. They are made
here, and not by PostgreSQL's text search: its dictionaries depend on one language. As each begins
with the mark of its owner, a search reads no entries of other users.
"""

from collections.abc import Sequence

from app.database.words import folded, is_unspaced, owner_mark, words_of
from app.errors import InvalidRequest

# Of longer messages only the beginning is found. A `tsvector` holds 1 MB, and a character adds 16
# bytes at most: two characters of an unspaced script, after the mark.
MAX_TEXT_CHARS = 50_000
MAX_QUERY_CHARS = 200
# Words are compared by their beginnings of this length.
_MAX_WORD_CHARS = 24


def index_words(owner: str, text: str) -> list[str] | None:
    """Return the words to store of a text, sorted; None if it has none."""
    mark = owner_mark(owner)
    words: set[str] = set()
    for word in words_of(folded(text[:MAX_TEXT_CHARS])[:MAX_TEXT_CHARS]):
        if is_unspaced(word):
            # A word may begin at any character.
            words.update(word[i : i + 2] for i in range(len(word)))
        else:
            words.add(word[:_MAX_WORD_CHARS])
    return sorted(mark + word for word in words) or None


def query_words(query: str) -> list[str]:
    """Return the words of a query. Raises `InvalidRequest` if it is too long or has none."""
    if len(query) > MAX_QUERY_CHARS:
        raise InvalidRequest(f"`query` has {MAX_QUERY_CHARS} characters at most.", param="query")
    words = [word[:_MAX_WORD_CHARS] for word in words_of(folded(query))]
    if not words:
        raise InvalidRequest("`query` needs a letter or a digit to search for.", param="query")
    return words


def words_condition(owner: str, words: Sequence[str]) -> str:
    """Return the `tsquery` for texts that have all words, each at least as a beginning.

    Its text needs no escapes: words have letters, vowel signs, digits and symbols only.
    """
    mark = owner_mark(owner)
    beginnings = [
        part
        for word in words
        for part in (_pairs(word) if is_unspaced(word) and len(word) > 1 else [word])
    ]
    return " & ".join(f"'{mark}{beginning}':*" for beginning in beginnings)


def _pairs(word: str) -> list[str]:
    return [word[i : i + 2] for i in range(len(word) - 1)]
