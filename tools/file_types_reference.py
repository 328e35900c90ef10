"""Writes the table of docs/model-input.md from that of app/file_types.

Run it with `python -m tools.file_types_reference`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from app.file_types.file_type import Delivery, FileType
from app.file_types.table import FILE_TYPES

PAGE = Path(__file__).parents[1] / "docs" / "model-input.md"

_BEGIN = "<!-- Made by `python -m tools.file_types_reference`: -->"
_END = "<!-- until here -->"

# What the model gets by the Responses API, and by Chat Completions where that differs.
_FORMS = {
    Delivery.IMAGE: (
        "the stored bytes as an image, without private metadata; scaled down above"
        " `MODEL_IMAGE_MAX_SIDE`, turned upright, one frame of an animation",
        "the same",
    ),
    Delivery.TRANSCODED_IMAGE: (
        "an image, as PNG or JPEG without metadata; the pages of a TIFF as a PDF",
        "an image; the pages of a TIFF as images",
    ),
    Delivery.FILE: (
        "the stored bytes as a file; a large PDF as its outline and first pages, a workbook with a"
        " sheet of more than 1,000 rows as its profile",
        "extracted text, and pictures of the pages of a PDF that have no text",
    ),
    Delivery.FILE_ONLY: ("the stored bytes as a file", "a note: no reader here knows this format"),
    Delivery.EXTRACTED_TEXT: ("extracted text", "the same"),
    Delivery.TEXT: ("the text and its encoding, cut at `MODEL_MAX_TEXT_CHARS`", "the same"),
    Delivery.MAIL: ("headers, text, and a list of what is attached", "the same"),
    Delivery.ARCHIVE: ("a list of what is in it, and the text of small text files", "the same"),
    Delivery.TABLE: ("its profile", "the same"),
    Delivery.TRANSCRIPT: ("a transcript, if `TRANSCRIPTION_MODEL` can make one", "the same"),
}


def page() -> str:
    """Return the whole page with its table renewed."""
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{_table()}\n{_END}{after}"


def _table() -> str:
    lines = ["| files | suffixes | Responses API | Chat Completions |", "|---|---|---|---|"]
    for (family, delivery), suffixes in _grouped(
        (each, each.delivery) for each in FILE_TYPES if each.reaches_model
    ):
        forms = _FORMS[Delivery(delivery)]
        lines.append(f"| {family} | {suffixes} | {' | '.join(forms)} |")
    lines += [
        "",
        "The model gets nothing of these. They can't be attached unless `ALLOWED_MIME_TYPES` names",
        "them, and then the model gets a note in their place:",
        "",
        "| files | suffixes | why, and what to do |",
        "|---|---|---|",
    ]
    for (family, why), suffixes in _grouped(
        (each, each.why_nothing) for each in FILE_TYPES if not each.reaches_model
    ):
        lines.append(f"| {family} | {suffixes} | {why} |")
    return "\n".join(lines) + "\n"


def _grouped(rows: Iterable[tuple[FileType, str]]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each pair of a family and a word, with the suffixes of all its rows."""
    groups: dict[tuple[str, str], list[str]] = {}
    for file_type, word in rows:
        groups.setdefault((file_type.family, word), []).extend(file_type.suffixes)
    for group, suffixes in groups.items():
        yield group, " ".join(f"`{suffix}`" for suffix in suffixes)


if __name__ == "__main__":
    PAGE.write_text(page())
