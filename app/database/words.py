"""Words of a text as the searches compare them: without case, accents, ligatures and widths."""

import base64
import hashlib
import re
import unicodedata

# Scripts that are written without spaces: kana, ideographs, Thai, Lao, Burmese and Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{UNSPACED}]+|[^{UNSPACED} ]+")


class _Folding(dict[int, str]):
    """The folded form of each character that was looked up; Unicode bounds its size."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code).casefold()).casefold()
        kept = (c for c in decomposed if not unicodedata.combining(c))
        self[code] = folded = "".join(c if _is_word_character(c) else " " for c in kept)
        return folded


_FOLDING = _Folding()


def folded(text: str) -> str:
    """Return the text with spaces for all that is no word: “Ｃａｆé, Straße” → “cafe  strasse”."""
    return text.translate(_FOLDING)


def folded_characters(text: str) -> list[str]:
    """Return what `folded` makes of each character: none, one or several characters."""
    return [_FOLDING[ord(character)] for character in text]


def words_of(folded_text: str) -> list[str]:
    """Return the words of a folded text. Each has characters of unspaced scripts only, or none."""
    return _WORD.findall(folded_text)


def is_unspaced(word: str) -> bool:
    """Return whether the word is a run of a script without spaces: perhaps a whole sentence."""
    return re.match(f"[{UNSPACED}]", word) is not None


def owner_mark(owner: str) -> str:
    """Return 48 bits of a hash. Owners with the same mark share index entries, never rows."""
    digest = hashlib.blake2b(owner.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _is_word_character(character: str) -> bool:
    """Return whether it is a letter, a vowel sign, a digit, or a symbol such as an emoji.

    Lone surrogates are not: PostgreSQL does not store them.
    """
    category = unicodedata.category(character)
    return category[0] in "LMN" or category == "So"
