"""The texts, images and files of a request, in order, whichever of the two APIs it is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class TextPart:
    """`param` is where it stands: `input[0].content[1].text`."""

    param: str
    text: str


@dataclass(frozen=True)
class ImagePart:
    """`url` is a data URL or another; `param` names its field."""

    param: str
    url: str | None
    file_id: str | None
    detail: str | None


@dataclass(frozen=True)
class FilePart:
    """`data` is a data URL. `param` is the part's own path, without a field."""

    param: str
    name: str | None
    data: str | None
    file_id: str | None
    url: str | None


Part = TextPart | ImagePart | FilePart


def items_of(body: Json) -> list[tuple[str, Json]]:
    """Every input item or message with its path."""
    for name in ("input", "messages"):
        if isinstance(items := body.get(name), list):
            return [(f"{name}[{index}]", item) for index, item in enumerate(items)]
    return []


def raw_parts(path: str, item: Json) -> Iterator[tuple[str, Json]]:
    """The content parts of an item with their paths; a text alone is no part."""
    for name in ("content", "output"):
        if isinstance(parts := item.get(name), list):
            for index, part in enumerate(parts):
                if isinstance(part, dict):
                    yield f"{path}.{name}[{index}]", part


def parts_of(path: str, item: Json) -> Iterator[Part]:
    """The content of one item."""
    for name in ("content", "output"):
        if isinstance(text := item.get(name), str):
            yield TextPart(f"{path}.{name}", text)
    for where, part in raw_parts(path, item):
        match part.get("type"):
            case "input_text" | "output_text" | "text" | "summary_text" | "refusal":
                text = part.get("text") or part.get("refusal") or ""
                yield TextPart(f"{where}.text", text)
            case "input_image":
                image_url, file_id = part.get("image_url"), part.get("file_id")
                yield ImagePart(f"{where}.image_url", image_url, file_id, part.get("detail"))
            case "image_url":
                image = part["image_url"]
                param = f"{where}.image_url.url"
                yield ImagePart(param, image["url"], None, image.get("detail"))
            case "input_file":
                yield _file(where, part)
            case "file":
                yield _file(f"{where}.file", part["file"])


def all_parts(body: Json) -> Iterator[Part]:
    """The content of a request, without its instructions."""
    if isinstance(text := body.get("input"), str):
        yield TextPart("input", text)
    for path, item in items_of(body):
        yield from parts_of(path, item)


def _file(param: str, fields: Json) -> FilePart:
    return FilePart(
        param,
        fields.get("filename"),
        fields.get("file_data"),
        fields.get("file_id"),
        fields.get("file_url"),
    )
