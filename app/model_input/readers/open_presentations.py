"""Reads OpenDocument presentations (OASIS ODF 1.3), which kreuzberg does not read."""

import io
import xml.etree.ElementTree as ElementTree
import zipfile

from app.model_input.readers.unreadable import Unreadable

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_MOST_XML_BYTES = 64 * 1024 * 1024


def extract(body: bytes, mime_type: str) -> str | Unreadable:
    """Return the text of the slides, each below a heading with its number."""
    try:
        with (
            zipfile.ZipFile(io.BytesIO(body)) as archive,
            archive.open("content.xml") as content,
        ):
            xml = content.read(_MOST_XML_BYTES)
        # Expat itself limits the growth of entities (CVE-2013-0340).
        root = ElementTree.fromstring(xml)  # noqa: S314
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, ElementTree.ParseError) as problem:
        return Unreadable(f"no text could be extracted ({str(problem)[:200]})")
    slides = []
    for number, page in enumerate(root.iter(f"{_DRAW}page"), 1):
        lines = [_text_of(each) for each in page.iter() if each.tag in (f"{_TEXT}p", f"{_TEXT}h")]
        slides.append("\n".join([f"## Slide {number}", *filter(None, lines)]))
    return "\n\n".join(slides)


def _text_of(paragraph: ElementTree.Element) -> str:
    return "".join(paragraph.itertext()).strip()
