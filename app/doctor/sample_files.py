"""The files that doctor sends to the model: small ones that any model can read."""

import io
import math
import struct
import wave
import zlib

# Only the PDF has this word, so an answer that has it comes from a model that read the file.
CODE_WORD = "heliotrope"

_SIDE_PIXELS = 64
_BLUE = b"\x20\x50\xc8"


def blue_square() -> bytes:
    """Return a PNG of one colour (PNG specification, 5.2)."""
    rows = (b"\0" + _BLUE * _SIDE_PIXELS) * _SIDE_PIXELS
    header = struct.pack(">IIBBBBB", _SIDE_PIXELS, _SIDE_PIXELS, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def one_second_tone() -> bytes:
    """Return a WAV file of one second: the note A."""
    rate = 16_000
    samples = (int(9000 * math.sin(2 * math.pi * 440 * at / rate)) for at in range(rate))
    out = io.BytesIO()
    with wave.open(out, "wb") as recording:
        recording.setparams((1, 2, rate, 0, "NONE", ""))
        recording.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return out.getvalue()


def one_page_pdf() -> bytes:
    """Return a PDF with one line of text that has the code word (ISO 32000-2, 7.5)."""
    text = f"BT /F1 24 Tf 72 700 Td (The code word is {CODE_WORD}.) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, entries)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
