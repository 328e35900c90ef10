"""All kinds of annotations that a text can carry (`Annotation` of OpenAI's OpenAPI document)."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class UrlCitation:
    """A page of the web. The indices are of characters of the text."""

    url: str
    title: str
    start_index: int
    end_index: int

    def fields(self) -> Json:
        return {"type": "url_citation", **vars(self)}


@dataclass(frozen=True)
class FileCitation:
    """A file of a vector store; `index` is the character of the text that cites it."""

    file_id: str
    filename: str
    index: int

    def fields(self) -> Json:
        return {"type": "file_citation", **vars(self)}


@dataclass(frozen=True)
class ContainerFileCitation:
    """A file that code interpreter has written."""

    container_id: str
    file_id: str
    filename: str
    start_index: int
    end_index: int

    def fields(self) -> Json:
        return {"type": "container_file_citation", **vars(self)}


@dataclass(frozen=True)
class FilePath:
    """A file that the text names."""

    file_id: str
    index: int

    def fields(self) -> Json:
        return {"type": "file_path", **vars(self)}


Annotation = UrlCitation | FileCitation | ContainerFileCitation | FilePath
