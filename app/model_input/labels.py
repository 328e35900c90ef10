"""Labels say which attachment a part of the model input was written from.

A label is kept beside the part and is never sent. So nothing is read back from the text that the
model gets, and nothing that a person types is taken for an attachment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from app.model_input.input_items import Item, Part, parts_of, with_parts
from app.model_input.rendition import Rendition


class Announced(Protocol):
    """What an announcement names: an attachment, or a mentioned thread."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def size(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Named:
    """Something to announce that has no attachment row: a thread, or an unknown id."""

    id: str
    name: str
    mime_type: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What one part was written from.

    `holds` says what the part contains: the announcement of an image or file, the content of an
    image or file, both (a text or a note), or the block of an @-mention.
    """

    subject: Announced
    rendition: Rendition
    holds: Literal["announcement", "content", "both", "mention"]

    @property
    def has_content(self) -> bool:
        """Whether the part holds an attachment's content, not just its name or a note."""
        return self.holds in ("content", "both") and self.rendition.kind != "note"

    @property
    def contents(self) -> int:
        """How many images and files follow the part."""
        if self.holds == "announcement":
            return 1
        return len(self.rendition.images) if self.holds == "both" else 0


class LabelledPart(dict[str, Any]):
    """A content part with its label. It is sent and compared as the dict that it is."""

    __slots__ = ("label",)

    def __init__(self, part: Mapping[str, Any], label: Label) -> None:
        super().__init__(part)
        self.label = label


def label_of(part: Part) -> Label | None:
    """Return the part's label, or None if it was not written from an attachment or mention."""
    return part.label if isinstance(part, LabelledPart) else None


def attachments_in(items: Iterable[Item]) -> dict[str, Announced]:
    """Return the attachments whose content is in the items, by id, in the order of the items."""
    labels = (label_of(part) for item in items for part in parts_of(item))
    return {label.subject.id: label.subject for label in labels if label and label.has_content}


class LabelTable:
    """Restores the labels that the input of a run has lost.

    The Agents SDK copies input items and the outputs of tools into plain dicts before each request,
    but it does not copy strings. So a part is identified by its text, as an object: an equal text
    that a person has typed is another object. Several attachments may have the same image or file,
    so these are identified by the announcement in front of them.
    """

    def __init__(self) -> None:
        # The texts are kept: the id of an object can be used again when the object is gone.
        self._known: dict[int, tuple[str, Label]] = {}

    def remember(self, parts: Iterable[Part]) -> None:
        """Remember the labels of these parts; parts without one are ignored."""
        for part in parts:
            label = label_of(part)
            if label and "text" in part:
                self._known[id(part["text"])] = (part["text"], label)

    def restored(self, item: Item) -> Item:
        """Return the item with labels on the parts that are known."""
        restored: list[Part] = []
        announced: Label | None = None
        left = 0
        for part in parts_of(item):
            if "text" in part:
                _, label = self._known.get(id(part["text"]), (None, None))
                announced, left = label, label.contents if label else 0
            else:
                label = replace(announced, holds="content") if announced and left else None
                left -= 1
            restored.append(LabelledPart(part, label) if label else part)
        return with_parts(item, restored)
