"""A rendition: what the model gets of a file's bytes."""

import re
from dataclasses import dataclass
from typing import Literal

_OBJECT = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")


@dataclass(frozen=True, slots=True)
class Reference:
    """A file at the model's provider that has, or will have, the content of a rendition.

    `key` says which of its attachment's renditions it is. `file_id` is empty until it is uploaded.
    """

    key: str
    size_bytes: int
    file_id: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """What the model gets of a file's bytes. It has no attachment's name, so it can be cached.

    `body` is a data URL (image, file) or text (text, note). `remark` tells the model what was done
    to the file. An `untouched` image or file is the stored bytes, so a URL may replace its body.
    `total_chars` is the length of the whole text; `body` is the slice of it that starts at
    `offset_chars`. A note that is not `lasting` reports a temporary fault and is not cached.

    With a `reference`, the id of a file at the provider is sent instead of the body, which is empty
    if the provider has the file.

    `outline` is a text in front of a file that has only a part of the document. `images` are data
    URLs of the pages of a document whose text is `body`. `file_name` is the name of a member, for
    a file that is inside the attachment. `pages` counts those of a PDF; 0 if it is not known.
    """

    kind: Literal["image", "file", "text", "note"]
    body: str
    mime_type: str = ""
    remark: str = ""
    untouched: bool = False
    offset_chars: int = 0
    total_chars: int = 0
    lasting: bool = True
    outline: str = ""
    images: tuple[str, ...] = ()
    file_name: str = ""
    pages: int = 0
    reference: Reference | None = None

    @property
    def content_bytes(self) -> int:
        """How many bytes the content of an image or a file adds to a request.

        A file at the provider counts too: the limit is that of all files that a request names.
        """
        return self.reference.size_bytes if self.reference else len(self.body)

    @property
    def weight_bytes(self) -> int:
        """About how many bytes of memory the rendition takes."""
        texts = (self.body, self.remark, self.outline, *self.images)
        return sum(map(len, texts)) + 200

    @property
    def end_chars(self) -> int:
        """Where the slice in `body` ends in the whole text."""
        return self.offset_chars + len(self.body)


def note(reason: str, *, lasting: bool = True) -> Rendition:
    """Return a rendition that says why there is no content.

    Messages of libraries may quote an object with its address in memory. That would change the note
    with every restart, and requests that differ early are not cached by the provider.
    """
    return Rendition(kind="note", body=_OBJECT.sub("the file", reason), lasting=lasting)


def text_rendition(text: str, remark: str = "") -> Rendition:
    """Return a rendition of a whole text."""
    return Rendition(
        kind="text", body=text, mime_type="text/plain", remark=remark, total_chars=len(text)
    )
