"""What the model input needs to know of the files that the model's provider keeps.

With MODEL_INPUT=files, a file is uploaded to the provider once, and requests have its id. A file
that the provider keeps is not read again: its row has all that is written about it.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from app.model_input.input_items import Item
from app.model_input.rendition import Rendition


class References(Protocol):
    """The files of one user at the provider, for one answer."""

    async def load(self, attachment_ids: Collection[str]) -> None:
        """Load the rows of these attachments. Raises `DatabaseUnavailable`."""
        ...

    def kept(self, attachment_id: str, key: str) -> Rendition | None:
        """Return a rendition that the provider keeps, by the key that `referable` had."""
        ...

    def referable(self, rendition: Rendition, key: str) -> Rendition:
        """Return the rendition with a reference, if the provider can keep its content."""
        ...

    async def uploaded(self, items: Sequence[Item]) -> list[Item]:
        """Return the items with the ids of files instead of their bytes.

        What the provider does not have yet is uploaded. What it does not take stays as it is.
        """
        ...
