"""Uploads to the model's provider: users share them fairly."""

import asyncio
from collections.abc import Collection
from typing import cast

from app.database.provider_files import ProviderFile, ProviderFileRows
from app.model_input.rendition import Reference, Rendition
from app.provider_files.files_api import FilesApi, UploadedFile
from app.provider_files.uploads import NewFile, Uploads
from tests.unit.fakes.attachments import Row


class SlowForAlice:
    """A provider that answers only the uploads of files that are not Alice's."""

    async def is_offered(self) -> bool:
        return True

    async def upload(self, name: str, mime_type: str, body: bytes) -> UploadedFile:
        if name.startswith("alice"):
            await asyncio.Event().wait()
        return UploadedFile("file-1", None)


class Rows:
    """Rows of which none is there yet."""

    async def load(self, user_id: str, attachment_ids: Collection[str]) -> list[ProviderFile]:
        return []

    async def add(self, new: ProviderFile) -> str:
        return new.file_id


async def test_a_slow_provider_for_one_user_delays_no_other_user() -> None:
    uploads = Uploads(cast(FilesApi, SlowForAlice()), cast(ProviderFileRows, Rows()))
    assert await uploads.are_possible()
    of_alice = [asyncio.create_task(uploads.upload(new_file("alice", n))) for n in range(10)]
    async with asyncio.timeout(60):
        assert await uploads.upload(new_file("bob", 1)) == "file-1"
    await uploads.close()
    await asyncio.gather(*of_alice, return_exceptions=True)


def new_file(user_id: str, number: int) -> NewFile:
    attachment = Row(f"atc_{number}", f"{user_id}.pdf", "application/pdf", 2, "key", "etag")
    rendition = Rendition("file", "data:application/pdf;base64,aGk=", "application/pdf")
    return NewFile(user_id, attachment, rendition, Reference("key", 2))
