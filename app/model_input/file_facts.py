"""What a conversion has to know of a file: of an attachment's row, or of a member."""

from typing import Protocol


class FileFacts(Protocol):
    """The type is the declared one, which the name may correct."""

    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def size(self) -> int: ...
