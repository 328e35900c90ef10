"""What a conversion needs to know about a file, which is an attachment or a member."""

from typing import Protocol


class FileFacts(Protocol):
    """Name, size and declared type of a file. The name may correct the type."""

    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def size(self) -> int: ...
