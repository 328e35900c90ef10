"""The formats that the first bytes of a file show."""

from app.file_types.file_type import Signature

# https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern, TIFF 6.0 and BigTIFF,
# [MS-CFB] 2.2, RTF 1.9.1, APPNOTE.TXT 4.3 (an empty archive begins with its end).
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": Signature.PNG,
    b"\xff\xd8\xff": Signature.JPEG,
    b"GIF87a": Signature.GIF,
    b"GIF89a": Signature.GIF,
    b"BM": Signature.BMP,
    b"II*\0": Signature.TIFF,
    b"MM\0*": Signature.TIFF,
    b"II+\0": Signature.TIFF,
    b"MM\0+": Signature.TIFF,
    b"PK\x03\x04": Signature.ZIP,
    b"PK\x05\x06": Signature.ZIP,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Signature.COMPOUND,
    b"{\\rtf": Signature.RTF,
}
# Brands of ISO/IEC 14496-12 files that are still images (HEIF, ISO/IEC 23008-12; AVIF 1.1).
_IMAGE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"}
# Readers look for it in the first 1024 bytes (ISO 32000-1, annex H.3.4.1).
_PDF_BYTES = 1024


def detect(head: bytes) -> Signature | None:
    """Return the format that `head` is the start of; None for text, and for all other formats."""
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in (8, *range(16, min(len(head), 64), 4))}
        return Signature.HEIF if brands & _IMAGE_BRANDS else None
    if b"%PDF-" in head[:_PDF_BYTES]:
        return Signature.PDF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Signature.WEBP
    return next((found for start, found in _BEGINNINGS.items() if head.startswith(start)), None)
