"""Trigrams of names, each marked with its owner: what @-mention search is an index of.

The same idea as PostgreSQL's pg_trgm, which can't be had everywhere. The index is an ordinary GIN
index on arrays, and because every term starts with a mark of its owner, a search touches nobody
else's entries in it, however many there are.
"""

import base64
import hashlib
import math
import unicodedata

# Names may have 1000 characters and thread titles any number: what is looked for stands in front.
_MAX_NAME_CHARS = 250
_MAX_QUERY_CHARS = 60

# Up to so many terms, that is, words of three letters, all have to be there: a typo leaves too
# little of so short a word. Of longer ones this part, which a swapped or wrong letter leaves.
_SHORT_QUERY_TERMS = 3
_LEAST_SHARE = 0.4


def search_terms(owner: str, name: str) -> list[str]:
    """The terms to store for a name, sorted; none for a name without letters, digits or symbols."""
    mark = _mark(owner)
    words = _words(_folded(name, _MAX_NAME_CHARS))
    trigrams = {trigram for word in words for trigram in _trigrams(f"  {word} ")}
    trigrams |= {trigram for word in words for trigram in _beginnings_within(word)}
    return sorted(mark + trigram for trigram in trigrams)


def query_terms(owner: str, query: str) -> list[str]:
    """The terms to look for, sorted. The last word may be the beginning of one."""
    mark = _mark(owner)
    folded = _folded(query, _MAX_QUERY_CHARS)
    padded = [f"  {word} " for word in _words(folded)]
    if padded and _is_of_word(folded[-1]):
        padded[-1] = padded[-1][:-1]
    return sorted({mark + trigram for word in padded for trigram in _trigrams(word)})


def least_shared(wanted: int) -> int:
    """How many of `wanted` query terms a name must have to be found."""
    return wanted if wanted <= _SHORT_QUERY_TERMS else math.ceil(wanted * _LEAST_SHARE)


def _mark(owner: str) -> str:
    """48 bits: owners that share a mark only read each other's index entries, never their rows."""
    digest = hashlib.blake2b(owner.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _folded(text: str, max_chars: int) -> str:
    """Without case and accents, ligatures and widths taken apart: “Ｃａｆé” → “cafe”."""
    decomposed = unicodedata.normalize("NFKD", text[:max_chars].casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()[:max_chars]


def _words(folded: str) -> list[str]:
    return "".join(c if _is_of_word(c) else " " for c in folded).split()


def _is_of_word(character: str) -> bool:
    """Letters, digits, and symbols such as emoji; PostgreSQL stores no lone surrogates."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "So"


def _beginnings_within(word: str) -> list[str]:
    """Chinese and Japanese are written without spaces: a word may begin at any character."""
    return [
        trigram
        for i, character in enumerate(word)
        if unicodedata.east_asian_width(character) in "WF"
        for trigram in _trigrams(f"  {word[i : i + 2]}")
    ]


def _trigrams(padded: str) -> list[str]:
    return [padded[i : i + 3] for i in range(len(padded) - 2)]
