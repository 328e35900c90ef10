"""Finds from the header of a PNG or JPEG whether it can be sent unchanged.

Most images can, and then they need neither a worker nor a decoder. If the header leaves any doubt,
the answer is None, and a worker decodes the image. All loops are bounded, and no byte is trusted.
"""

import struct
from collections.abc import Iterator

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"  # the last chunk, with its checksum
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_MAX_STEPS = 200
_TAIL_BYTES = 64
# JPEG markers, ITU-T T.81 table B.1: the frame headers, and those without a length.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_FILL = 0xFF
_BARE = {0x01, *range(0xD0, 0xD8)}
_APP1 = 0xE1
_SCAN = 0xDA


def sendable_type(body: bytes, max_side: int) -> str | None:
    """Return the MIME type of a PNG or JPEG that is complete, upright and not animated.

    Return None for any other image, and if a side has more than `max_side` pixels. A truncated file
    is found by its end.
    """
    tail = body[-_TAIL_BYTES:]
    if body.startswith(_PNG_START) and tail.endswith(_PNG_END):
        return "image/png" if _is_plain_png(body, max_side) else None
    if body.startswith(_JPEG_START) and tail.rstrip(b"\0").endswith(_JPEG_END):
        return "image/jpeg" if _is_plain_jpeg(body, max_side) else None
    return None


def _is_plain_png(body: bytes, max_side: int) -> bool:
    """PNG specification, 5.3: chunks of length, type, data, checksum; pixels start at IDAT."""
    width, height = struct.unpack_from(">II", body.ljust(24), 16)
    if body[12:16] != b"IHDR" or not _fits(width, height, max_side):
        return False
    at = len(_PNG_START)
    for _ in range(_MAX_STEPS):
        kind = body[at + 4 : at + 8]
        if len(kind) < 4 or kind in (b"acTL", b"eXIf"):
            return False
        if kind == b"IDAT":
            return True
        at += 12 + int.from_bytes(body[at : at + 4], "big")
    return False


def _is_plain_jpeg(body: bytes, max_side: int) -> bool:
    """Whether every segment before the first scan is plain, and the frame header fits."""
    fits = False
    for marker, segment in _jpeg_segments(body):
        if marker == _SCAN:
            return fits
        if marker == _APP1 and segment.startswith(b"Exif\0\0") and not _is_upright(segment[6:]):
            return False
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", segment.ljust(5), 1)
            fits = _fits(width, height, max_side)
            if not fits:
                return False
    return False


def _jpeg_segments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers with the data of their segments, up to the first scan or the first damage.

    ITU-T T.81, B.1.1: a segment is a marker, the length, the data. A scan comes without its data.
    """
    at = 2
    for _ in range(_MAX_STEPS):
        if body[at : at + 1] != b"\xff" or at + 1 >= len(body):
            return
        marker = body[at + 1]
        if marker == _FILL:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker == _SCAN:
            yield marker, b""
            return
        else:
            length = int.from_bytes(body[at + 2 : at + 4], "big")
            segment = body[at + 4 : at + 2 + length]
            if length < 2 or len(segment) != length - 2:
                return
            yield marker, segment
            at += 2 + length


def _fits(width: int, height: int, max_side: int) -> bool:
    return 0 < width <= max_side and 0 < height <= max_side


def _is_upright(tiff: bytes) -> bool:
    """TIFF 6.0, section 2: whether the first directory's orientation (tag 0x0112) is 1 or none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return False
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    if directory + 2 > len(tiff):
        return False
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for at in range(directory + 2, directory + 2 + 12 * min(count, _MAX_STEPS), 12):
        if at + 12 > len(tiff):
            return False
        tag, _, _, orientation = struct.unpack_from(f"{order}HHIH", tiff, at)
        if tag == 0x0112:
            return int(orientation) in (0, 1)
    return int(count) <= _MAX_STEPS
