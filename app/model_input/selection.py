"""The part of an attachment that the model asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """The default selects the attachment itself, in its best form.

    `member` is the name of a file inside the attachment; the other fields then refer to that file.
    `offset_chars` selects a slice of a text, `pages` ("10-12") pages of a PDF, `words` the places
    where they occur, and `sql` the result of a query on a table. At most one of these four is used.
    `image_max_side` scales an image down further than the setting does: pixels of its longer side.
    """

    offset_chars: int = 0
    pages: str = ""
    member: str = ""
    words: str = ""
    sql: str = ""
    image_max_side: int | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The selection as a part of a cache key."""
        side = str(self.image_max_side or "")
        return (str(self.offset_chars), self.pages, self.member, self.words, self.sql, side)


WHOLE = Selection()
