"""Finds the character encoding of a text: by its mark, by its bytes, or by statistics."""

import codecs
import re
from dataclasses import dataclass

import chardet
from chardet import EncodingEra

# Byte order marks (Unicode Standard, 23.8). The mark of UTF-32-LE begins with that of UTF-16-LE, so
# it is compared first.
_CODECS_BY_MARK = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Escape sequences of encodings of seven bits (ISO-2022, HZ). Text in UTF-8 hardly ever has them.
_SHIFTS = re.compile(rb"\x1b[$(]|\x1bN|~\{|\x0e")

# Some programs pad their fields with zeros. Latin text in UTF-16 has a zero in every second byte.
_TOLERATED_ZEROS = 0.3

# People do not attach text in the encodings of mainframes (EBCDIC).
_ERAS = EncodingEra.ALL & ~EncodingEra.MAINFRAME
# chardet's confidence if a declaration, a mark or the pattern of bytes proves the encoding.
_PROOF = 0.95
# Measured with uchardet's test files, with their first 40 to 600 characters, and with short tables:
# below this confidence, the best of the encodings in common use is right more often than the best
# of all. Western European is right more often if it is nearly as probable as Central European.
_DOUBT = 0.07
_NEARLY_AS_PROBABLE = 0.7
_WESTERN, _CENTRAL_EUROPEAN = "cp1252", "cp1250"


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by the name of Python's codec. `is_guess`: only statistics indicate it."""

    codec: str
    is_guess: bool = False


def marked_codec(body: bytes) -> str | None:
    """Return the name of Python's codec that decodes `body` and removes its mark, if it has one."""
    return next((codec for mark, codec in _CODECS_BY_MARK.items() if body.startswith(mark)), None)


def find_encoding(body: bytes) -> Encoding | None:
    """Return the encoding of a text, or None if `body` is not text in any encoding.

    A byte order mark decides. Valid UTF-8 is UTF-8 even if the text declares another encoding,
    unless it has escape sequences of an encoding of seven bits, or too many zeros. For any other
    text, chardet weighs the declarations of XML, HTML and Python, the pattern of zeros in UTF-16,
    and the letters.
    """
    if codec := marked_codec(body):
        return Encoding(codec)
    if is_utf8(body) and body.count(0) <= len(body) * _TOLERATED_ZEROS:
        return _by_escapes(body) or Encoding("utf-8")
    codec, confidence = _detected(body, _ERAS)[0]
    if codec is None:
        return None
    if confidence >= _PROOF:
        return Encoding("utf-8" if codec == "ascii" else codec)
    return Encoding(codec if confidence >= _DOUBT else _common(body), is_guess=True)


def is_utf8(body: bytes) -> bool:
    """Return whether `body` is valid UTF-8; its last character may be incomplete."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return False
    return True


def _by_escapes(body: bytes) -> Encoding | None:
    if _SHIFTS.search(body) is None:
        return None
    codec, confidence = _detected(body, _ERAS)[0]
    if codec is None or confidence < _PROOF or not codec.startswith(("iso2022", "hz")):
        return None
    return Encoding(codec)


def _common(body: bytes) -> str:
    """Return the most probable of the encodings that texts on the web have."""
    probable = _detected(body, EncodingEra.MODERN_WEB)
    best, most = probable[0]
    western = dict(probable).get(_WESTERN, 0)
    if best == _CENTRAL_EUROPEAN and western >= most * _NEARLY_AS_PROBABLE:
        return _WESTERN
    return best or _WESTERN


def _detected(body: bytes, eras: EncodingEra) -> list[tuple[str | None, float]]:
    """Return names and confidences, the most probable first."""
    results = chardet.detect_all(body, ignore_threshold=True, encoding_era=eras, compat_names=False)
    return [(each["encoding"], each["confidence"]) for each in results]
