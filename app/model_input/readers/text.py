"""Decodes text and finds its encoding."""

from dataclasses import dataclass

import charset_normalizer

from app.file_types.byte_order_marks import marked_codec
from app.model_input.readers.unreadable import Unreadable

_SAMPLE_BYTES = 64 * 1024
# The encodings that files have today besides Unicode: the legacy ones of the WHATWG's standard.
_LEGACY_ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("iso8859_2", "iso8859_5", "iso8859_7", "iso8859_15", "koi8_r", "koi8_u", "mac_roman"),
    *("cp932", "euc_jp", "iso2022_jp", "gb18030", "big5", "cp949"),
]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text. `encoding` is a name that Python's codecs know."""

    text: str
    encoding: str


def decode(body: bytes) -> Decoded | Unreadable:
    """Decode by byte order mark, as UTF-8, as UTF-16 without a mark, or by statistics."""
    if codec := marked_codec(body):
        return Decoded(body.decode(codec, "replace"), codec.removesuffix("-sig"))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(body)
    if "\x00" in text:
        return _guess_utf16(body) or Unreadable("it is binary, not text")
    return Decoded(text, "utf-8")


def _guess_utf16(body: bytes) -> Decoded | None:
    """Decode UTF-16 without a byte order mark: in Latin text, every second byte is zero."""
    sample = body[:_SAMPLE_BYTES]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = sample[offset::2].count(0)
        others = sample[1 - offset :: 2].count(0)
        if zeros > len(sample) * 0.35 and others < len(sample) * 0.02:
            return Decoded(body.decode(encoding, "replace"), encoding)
    return None


def _guess(body: bytes) -> Decoded | Unreadable:
    utf16 = _guess_utf16(body)
    if utf16:
        return utf16
    sample = body[:_SAMPLE_BYTES]
    if sample.count(0) > 0:
        return Unreadable("it is binary, not text")
    matches = charset_normalizer.from_bytes(sample, cp_isolation=_LEGACY_ENCODINGS)
    best = matches.best()
    if best is None:
        return Unreadable("it is not text in any known encoding")
    encoding = best.encoding
    for match in matches:
        # Short western texts are equally plausible in several code pages; cp1252 is the usual one.
        if match.chaos <= best.chaos and "cp1252" in match.could_be_from_charset:
            encoding = "cp1252"
    return Decoded(body.decode(encoding, "replace"), encoding)
