"""Search terms: the trigrams of a name, each with a mark of the name's owner.

They do what PostgreSQL's pg_trgm does; the embedded PostgreSQL has only the extensions plpgsql and
vector. The index is an ordinary GIN index on arrays. Because every term starts with the mark of its
owner, a search reads no entries of other users.
"""

import math
import unicodedata

from app.database.words import folded, owner_mark

# Names have up to 1000 characters and thread titles any number: only their beginning is searched.
_MAX_NAME_CHARS = 250
_MAX_QUERY_CHARS = 60

# A query with at most this many terms is a word of three letters or fewer. A name must have all of
# its terms, because a typo leaves too few of them. If the query is longer, a name must have this
# share of its terms, which is left when two letters are swapped or one is wrong.
_SHORT_QUERY_TERMS = 3
_LEAST_SHARE = 0.4


def search_terms(owner: str, name: str) -> list[str]:
    """Return the terms to store, sorted; none for a name without letters, digits or symbols."""
    mark = owner_mark(owner)
    words = folded(name[:_MAX_NAME_CHARS])[:_MAX_NAME_CHARS].split()
    trigrams = {trigram for word in words for trigram in _trigrams(f"  {word} ")}
    trigrams |= {trigram for word in words for trigram in _inner_beginnings(word)}
    return sorted(mark + trigram for trigram in trigrams)


def query_terms(owner: str, query: str) -> list[str]:
    """Return the terms to search, sorted. The last word of the query may be incomplete."""
    mark = owner_mark(owner)
    text = folded(query[:_MAX_QUERY_CHARS])[:_MAX_QUERY_CHARS]
    padded = [f"  {word} " for word in text.split()]
    if padded and not text.endswith(" "):
        padded[-1] = padded[-1][:-1]
    return sorted({mark + trigram for word in padded for trigram in _trigrams(word)})


def least_shared(wanted: int) -> int:
    """Return how many of `wanted` query terms a name must have."""
    return wanted if wanted <= _SHORT_QUERY_TERMS else math.ceil(wanted * _LEAST_SHARE)


def _inner_beginnings(word: str) -> list[str]:
    """Return the trigrams of words that begin at a wide character inside of `word`.

    Chinese and Japanese are written without spaces, so a word may begin at any character.
    """
    return [
        trigram
        for i, character in enumerate(word)
        if unicodedata.east_asian_width(character) in "WF"
        for trigram in _trigrams(f"  {word[i : i + 2]}")
    ]


def _trigrams(padded: str) -> list[str]:
    return [padded[i : i + 3] for i in range(len(padded) - 2)]
