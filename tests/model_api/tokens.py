"""How many tokens a text, an image or a file has.

Text is an estimate: no well-kept package on PyPI ships the ranks of `o200k_base`, and tiktoken
downloads them. The text is cut as `o200k_base` cuts it before it merges (openai/tiktoken,
`tiktoken_ext/openai_public.py`), and each piece is given what such a piece has on average.
Measured against the real ranks on prose, code, CSV, JSON, hex, base64 and five languages, the
estimate is between 80 % and 120 %; the test keeps it there.
"""

import math
import re
from functools import lru_cache
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tests.model_api.models import Model, Patches

_PIECE = re.compile(
    r" ?(?:[A-Z]*[a-z]+|[A-Z]+)(?:'(?:s|t|re|ve|m|ll|d))?"
    r"| ?[^\W\d_]+?(?=[a-zA-Z]|[\W\d_]|$)"
    r"|\d{1,3}"
    r"| ?(?:[^\w\s]|_)+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_WORD_LETTERS = 7  # longer words are often two tokens
_LETTERS_EACH = 6
_CODE_LETTERS_EACH = 2  # of letters that are no word: base64, acronyms
_SIGNS_EACH = 3
_CHARS_BEYOND_ASCII = ((0x2E80, 0.65), (0x370, 0.3), (0x80, 0.4))  # CJK; Greek, Cyrillic; accents

_LOW_DETAIL_PIXELS = 512
_PATCH_PIXELS, _MOST_PATCHES = 32, 1536
_TILE_PIXELS, _TILED_LONG_SIDE, _TILED_SHORT_SIDE = 512, 2048, 768

# OpenAI's guide on file inputs: of a PDF, text and an image of each page go to the model. A page is
# taken for Letter at 96 dots an inch with 500 words.
_PAGE_PIXELS = (816, 1056)
_PAGE_TEXT_TOKENS = 650
# Of other documents the text alone goes to the model. Their files hold it compressed, with much
# else beside it; no rule says how much it is.
_DOCUMENT_BYTES_PER_TOKEN = 32
# The rest of a longer text file is taken for the same kind of text: counting takes seconds.
_COUNTED_CHARS = 1_000_000


@lru_cache(maxsize=4096)
def text_tokens(text: str) -> int:
    return math.ceil(sum(_piece_tokens(piece.strip()) for piece in _PIECE.findall(text)))


def _piece_tokens(piece: str) -> float:
    if not piece or piece[0].isdigit():
        return 1
    if not piece.isascii():
        return sum(_char_tokens(ord(char)) for char in piece)
    if not piece[0].isalpha():
        return max(1, len(piece) / _SIGNS_EACH)
    if piece.islower() or piece.istitle():
        return 1 + max(0, len(piece) - _WORD_LETTERS) / _LETTERS_EACH
    return max(1, len(piece) / _CODE_LETTERS_EACH)


def _char_tokens(code: int) -> float:
    return next((tokens for start, tokens in _CHARS_BEYOND_ASCII if code >= start), 0.2)


def image_tokens(width: int, height: int, model: Model, detail: str | None = None) -> int:
    """The rules of OpenAI's guide on images and vision; sides are in pixels."""
    rule = model.images
    if isinstance(rule, Patches):
        if detail == "low":
            width, height = _within(width, height, _LOW_DETAIL_PIXELS)
        patches = math.ceil(width / _PATCH_PIXELS) * math.ceil(height / _PATCH_PIXELS)
        return math.ceil(min(patches, _MOST_PATCHES) * rule.factor)
    if detail == "low":
        return rule.base
    width, height = _within(width, height, _TILED_LONG_SIDE)
    shrink = min(1, _TILED_SHORT_SIDE / min(width, height))
    across, down = (math.ceil(side * shrink / _TILE_PIXELS) for side in (width, height))
    return rule.base + rule.each * across * down


def _within(width: int, height: int, side: int) -> tuple[int, int]:
    shrink = min(1, side / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def file_tokens(suffix: str, body: bytes, model: Model) -> int:
    """An estimate; see the comments above. `suffix` has no dot."""
    if suffix == "pdf":
        return _pages(body) * (_PAGE_TEXT_TOKENS + image_tokens(*_PAGE_PIXELS, model))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return len(body) // _DOCUMENT_BYTES_PER_TOKEN
    counted = text[:_COUNTED_CHARS]
    return text_tokens(counted) * len(text) // max(1, len(counted))


def _pages(body: bytes) -> int:
    try:
        return max(1, len(PdfReader(BytesIO(body)).pages))
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError):
        return 1
