"""The formats that the first bytes of a file show.

The library filetype knows most of them. It identified 940 files of other packages' tests except the
BigTIFF, and identified no text as anything else. Puremagic identified HEIC as MP4, and JPEG 2000 as
JPEG. Libmagic missed 14 of 50 Word files, and is not a Python package.
"""

import filetype

from app.file_types.file_type import Signature

# What filetype does not know: BigTIFF, JPEG XL (ISO/IEC 18181-2), the bare codestream of JPEG 2000
# (ISO/IEC 15444-1, annex A), an empty zip archive (APPNOTE.TXT 4.3.16). Compound files ([MS-CFB]
# 2.2) are here because filetype guesses what is in them.
_BEGINNINGS = {
    b"II+\0": Signature.TIFF,
    b"MM\0+": Signature.TIFF,
    b"\xff\x0a": Signature.JXL,
    b"\0\0\0\x0cJXL \r\n\x87\n": Signature.JXL,
    b"\xff\x4f\xff\x51": Signature.JP2,
    b"PK\x05\x06": Signature.ZIP,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Signature.COMPOUND,
}
# filetype compares fewer bytes of these than their specifications give.
_WHOLE_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    Signature.PNG: (b"\x89PNG\r\n\x1a\n",),
    Signature.GIF: (b"GIF87a", b"GIF89a"),
}
_OTHER_NAMES = {"image/apng": Signature.PNG, "image/jpx": Signature.JP2}
# Brands of ISO/IEC 14496-12 files that are still images (HEIF, ISO/IEC 23008-12; AVIF 1.1).
# filetype knows two of them.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}
# How the brands of MP4 files begin (https://mp4ra.org/registered-types/brands). filetype knows few.
_MP4_BRANDS = {
    **dict.fromkeys((b"M4A", b"M4B"), "audio/mp4"),
    **dict.fromkeys((b"M4V", b"iso", b"mp4", b"das", b"avc", b"MSN"), "video/mp4"),
}
# PDF readers look for `%PDF-` in the first 1024 bytes (ISO 32000-1, annex H.3.4.1).
_PDF_BYTES = 1024


def detect(head: bytes) -> str | None:
    """Return the MIME type of the format that `head` is the start of.

    Return None for text, and for a format that is not known. Office files in zip archives may have
    their own type or that of the archive, depending on the order of the entries.
    """
    if head[4:8] == b"ftyp":
        if image := _image_of_brands(head):
            return image
        if head[8:11] in _MP4_BRANDS:
            return _MP4_BRANDS[head[8:11]]
    if b"%PDF-" in head[:_PDF_BYTES]:
        return Signature.PDF
    for beginning, signature in _BEGINNINGS.items():
        if head.startswith(beginning):
            return signature
    if _is_mp3(head):
        return "audio/mpeg"
    guessed: str | None = filetype.guess_mime(head)
    found = _OTHER_NAMES.get(guessed or "", guessed)
    if found in _WHOLE_BEGINNINGS and not head.startswith(_WHOLE_BEGINNINGS[found]):
        return None
    return found


def _is_mp3(head: bytes) -> bool:
    """Return whether it starts with a header of MPEG audio, layer III (ISO/IEC 11172-3, 2.4.2.3).

    filetype misses half of the versions. Encoders may write zeros first.
    """
    sound = head.lstrip(b"\0")[:3]
    if len(sound) < 3 or sound[0] != 0xFF or sound[1] & 0xE6 != 0xE2:
        return False
    version, bitrate, sampling = sound[1] >> 3 & 3, sound[2] >> 4, sound[2] >> 2 & 3
    return version != 1 and bitrate not in (0, 15) and sampling != 3


def _image_of_brands(head: bytes) -> Signature | None:
    brands = {head[at : at + 4] for at in (8, *range(16, min(len(head), 64), 4))}
    if brands & _AVIF_BRANDS:
        return Signature.AVIF
    return Signature.HEIC if brands & _HEIC_BRANDS else None
