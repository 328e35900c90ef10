"""Removes private metadata from JPEG, PNG and WebP files, and leaves their pixels as they are.

EXIF, XMP, IPTC, comments and data behind the end of the image disclose where a photo was taken, by
whom and with which device. What changes how an image looks is kept: colour profiles, gamma,
transparency. The orientation is removed too, so a photo must be upright.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping

# JPEG, ITU-T T.81 table B.1
_START, _SCAN, _END = 0xD8, 0xDA, 0xD9
_APPLICATION, _COMMENT = range(0xE0, 0xF0), 0xFE
# JFIF; a colour profile; how Adobe's programs store colours
_KEPT_APPLICATIONS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in a scan: neither stuffing nor a restart

# PNG specification, 11.3.3 and 11.3.4: texts, times and EXIF. caBX is a manifest of C2PA.
_PNG_START_BYTES = 8
_PNG_REMOVED = {b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"caBX", b"dSIG"}

# WebP container, "Extended File Format": the flags that announce both chunks
_WEBP_REMOVED = {b"EXIF": 0x08, b"XMP ": 0x04}
_WEBP_KEPT = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"}


class Malformed(ValueError):
    """The file does not have the structure of its format."""


def without_metadata(body: bytes, mime_type: str) -> bytes:
    """Return the image without metadata: `body` itself if it has none.

    Raises `Malformed`, also for other types than JPEG, PNG and WebP.
    """
    split = _SPLITTERS.get(mime_type)
    if split is None:
        raise Malformed(mime_type)
    try:
        kept = b"".join(split(body))
    except (struct.error, IndexError) as problem:
        raise Malformed(str(problem)) from problem
    return body if len(kept) == len(body) else kept


def _jpeg(body: bytes) -> Iterator[bytes]:
    if body[:2] != bytes((0xFF, _START)):
        raise Malformed("no start of image")
    yield body[:2]
    at = 2
    while True:
        marker = _MARKER.match(body, at)
        if marker is None:
            raise Malformed("no marker")
        code, at = marker[1][0], marker.end()
        if code == _END:
            yield bytes((0xFF, _END))
            return
        (length,) = struct.unpack_from(">H", body, at)
        content = body[at + 2 : at + length]
        end = at + length
        if code == _SCAN:
            following = _MARKER.search(body, end)
            if following is None:
                raise Malformed("no end of image")
            end = following.start()
        elif not _is_kept(code, content):
            at = end
            continue
        yield bytes((0xFF, code)) + body[at:end]
        at = end


def _is_kept(code: int, content: bytes) -> bool:
    if code in _APPLICATION:
        kept = _KEPT_APPLICATIONS.get(code)
        return kept is not None and content.startswith(kept)
    return code != _COMMENT


def _png(body: bytes) -> Iterator[bytes]:
    yield body[:_PNG_START_BYTES]
    at = _PNG_START_BYTES
    while True:
        length, kind = struct.unpack_from(">I4s", body, at)
        end = at + 12 + length
        if end > len(body):
            raise Malformed("a chunk is cut")
        if kind not in _PNG_REMOVED:
            yield body[at:end]
        if kind == b"IEND":
            return
        at = end


def _webp(body: bytes) -> Iterator[bytes]:
    """RIFF: chunks of type, length, content, and a byte of padding after an odd length."""
    if body[:4] != b"RIFF" or body[8:12] != b"WEBP":
        raise Malformed("no WebP")
    whole = min(len(body), 8 + int.from_bytes(body[4:8], "little"))
    chunks = []
    at = 12
    while at < whole:
        kind, length = struct.unpack_from("<4sI", body, at)
        end = at + 8 + length + length % 2
        if end > len(body):
            raise Malformed("a chunk is cut")
        if kind == b"VP8X":
            flags = body[at + 8] & ~sum(_WEBP_REMOVED.values())
            chunks.append(body[at : at + 8] + bytes((flags,)) + body[at + 9 : end])
        elif kind in _WEBP_KEPT:
            chunks.append(body[at:end])
        at = end
    yield b"RIFF" + struct.pack("<I", 4 + sum(map(len, chunks))) + b"WEBP"
    yield from chunks


_SPLITTERS: Mapping[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
