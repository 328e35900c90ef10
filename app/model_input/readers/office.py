"""Finds pictures and charts in office documents; the provider reads only their text."""

import io
import re
import zipfile
from dataclasses import dataclass

_PICTURES = re.compile(
    r"(?:(?:word|ppt|xl)/media|Pictures|Data)/.+\.(?:png|jpe?g|gif|bmp|tiff?|webp|heic|emf|wmf|svg)",
    re.IGNORECASE,
)
_CHARTS = re.compile(r"(?:word|ppt|xl)/charts/chart\d*\.xml|Object \d+/content\.xml")


@dataclass(frozen=True, slots=True)
class Unseen:
    """The members of a document that are pictures, and the number of its charts."""

    pictures: tuple[str, ...]
    charts: int


def unseen(body: bytes) -> Unseen:
    """Return what the text of a document leaves out; nothing for formats that are not zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return Unseen((), 0)
    pictures = tuple(name for name in names if _PICTURES.fullmatch(name))
    return Unseen(pictures, sum(bool(_CHARTS.fullmatch(name)) for name in names))
