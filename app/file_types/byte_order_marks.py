"""Byte order marks: the encoding that the first bytes of a text name (Unicode Standard, 23.8)."""

import codecs

# The mark of UTF-32-LE begins with that of UTF-16-LE, so it is compared first.
_CODECS_BY_MARK = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def marked_codec(body: bytes) -> str | None:
    """Return the name of Python's codec that decodes `body` and removes its mark, if it has one."""
    return next((codec for mark, codec in _CODECS_BY_MARK.items() if body.startswith(mark)), None)
