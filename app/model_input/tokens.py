"""Estimates how many tokens a part of a model request counts as.

Exact counts need the vocabulary of each model, and minutes for a large file. An estimate is enough:
the usage of earlier answers corrects it, and a request that is too long is sent again with less.
"""

from collections.abc import Mapping
from typing import Any

_DIGITS = b"0123456789"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BLANKS = b" \t\r"
_ASCII = bytes(range(128))

# Bytes in a token of OpenAI's vocabulary `o200k_base`: a word of letters is a token or two, three
# digits are one, and a token of other scripts has four bytes or so.
_LETTERS_EACH = 4.5
_DIGITS_EACH = 2.0
_SIGNS_EACH = 1.3  # line feeds too
_BLANKS_EACH = 10.0
_BYTES_EACH_BEYOND_ASCII = 4.5

# By OpenAI's guide, 2048 x 2048 pixels are between 765 (gpt-4o) and 2,489 (gpt-5-mini) tokens.
IMAGE_TOKENS = 1_600
# A page of a PDF is its text and an image, some 2,000 tokens. Most pages take 50 to 500 KB.
PDF_PAGE_TOKENS = 2_000
_PDF_BYTES_EACH = 100
# Other documents hold their text compressed, with much else beside it.
_DOCUMENT_BYTES_EACH = 40
_ITEM_TOKENS = 4


def text_tokens(text: str) -> int:
    """Return about how many tokens a text has. It takes a millisecond for megabytes."""
    encoded = text.encode("utf-8", "surrogatepass")
    total = len(encoded)
    letters = total - len(encoded.translate(None, _LETTERS))
    digits = total - len(encoded.translate(None, _DIGITS))
    blanks = total - len(encoded.translate(None, _BLANKS))
    beyond = len(encoded.translate(None, _ASCII))
    signs = total - letters - digits - blanks - beyond
    return round(
        letters / _LETTERS_EACH
        + digits / _DIGITS_EACH
        + signs / _SIGNS_EACH
        + blanks / _BLANKS_EACH
        + beyond / _BYTES_EACH_BEYOND_ASCII
        + 0.5
    )


def part_tokens(part: Mapping[str, Any]) -> int:
    """Return about how many tokens a content part has."""
    if part.get("type") == "input_image":
        return IMAGE_TOKENS
    if part.get("type") == "input_file":
        size = len(part.get("file_data") or "") * 3 // 4
        return file_tokens(str(part.get("filename") or ""), size)
    return text_tokens(str(part.get("text") or part.get("refusal") or ""))


def file_tokens(name: str, size: int) -> int:
    """Return about how many tokens the API makes of a file of `size` bytes.

    The number of pages, where it is known, says more about a PDF.
    """
    if name.lower().endswith(".pdf"):
        return max(PDF_PAGE_TOKENS, size // _PDF_BYTES_EACH)
    return size // _DOCUMENT_BYTES_EACH


def item_tokens(item: Mapping[str, Any]) -> int:
    """Return about how many tokens an input item has, all of its parts included."""
    tokens = _ITEM_TOKENS
    for name, value in item.items():
        if name in ("content", "output") and isinstance(value, list):
            tokens += sum(part_tokens(part) for part in value)
        elif name in ("content", "output", "arguments", "name") and isinstance(value, str):
            tokens += text_tokens(value)
    return tokens
