"""Uploads renditions to the model's provider, each once, and records the ids."""

import asyncio
import logging
from dataclasses import dataclass

import pybase64

from app.database.provider_files import ProviderFile, ProviderFileRows
from app.errors import Unavailable
from app.fair_slots import FairSlots
from app.model_input.announcements import sent_name
from app.model_input.labels import Announced
from app.model_input.rendition import Reference, Rendition
from app.provider_files.files_api import FilesApi, FilesApiFailed

logger = logging.getLogger(__name__)

# Each has its file in memory, twice while it is decoded.
_CONCURRENT_UPLOADS = 4
# One user uploads no more than these at once, so that the files of others need not wait.
_UPLOADS_OF_ONE_USER = 2


@dataclass(frozen=True, slots=True)
class NewFile:
    """A rendition to upload, of an attachment of a user."""

    user_id: str
    attachment: Announced
    rendition: Rendition
    reference: Reference

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.user_id, self.attachment.id, self.reference.key)


class Uploads:
    """Uploads for all answers of the process."""

    def __init__(self, api: FilesApi, rows: ProviderFileRows) -> None:
        self.api = api
        self.rows = rows
        self._is_offered: bool | None = None
        self._slots = FairSlots(_CONCURRENT_UPLOADS, most_of_one=_UPLOADS_OF_ONE_USER)
        self._running: dict[tuple[str, str, str], asyncio.Task[str | None]] = {}

    async def are_possible(self) -> bool:
        """Return whether the provider has a Files API. It is asked until it has answered once."""
        if self._is_offered is None:
            try:
                if not await self.api.is_offered():
                    self._stop()
                else:
                    self._is_offered = True
            except FilesApiFailed as failed:
                logger.warning("files are sent inline in this answer: %s", failed)
        return bool(self._is_offered)

    async def upload(self, new: NewFile) -> str | None:
        """Return the id of the file at the provider, or None if it can't be there.

        Requests for the same rendition share one upload. If all of them are cancelled it goes on,
        so that its id is recorded.
        """
        if not self._is_offered:
            return None
        task = self._running.get(new.key)
        if task is None:
            task = self._running[new.key] = asyncio.create_task(self._upload(new))
            task.add_done_callback(lambda _: self._running.pop(new.key, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel the uploads."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _upload(self, new: NewFile) -> str | None:
        rendition = new.rendition
        async with self._slots.slot(new.user_id):
            try:
                if recorded := await self._recorded(new):
                    return recorded
                body = await asyncio.to_thread(_bytes_of, rendition.body)
                name = sent_name(new.attachment, rendition)
                uploaded = await self.api.upload(name, rendition.mime_type, body)
            except Unavailable as problem:
                logger.warning("attachment %s is sent inline: %s", new.attachment.id, problem)
                return None
            except FilesApiFailed as failed:
                if failed.is_lacking:
                    self._stop()
                else:
                    logger.warning("attachment %s is sent inline: %s", new.attachment.id, failed)
                return None
        row = ProviderFile(
            user_id=new.user_id,
            file_id=uploaded.id,
            attachment_id=new.attachment.id,
            rendition_key=new.reference.key,
            rendition=_described(rendition),
            size=len(body),
            expires_at=uploaded.expires_at,
        )
        try:
            return await self.rows.add(row)
        except Unavailable:
            logger.warning("the file of attachment %s can't be recorded", new.attachment.id)
            await self._give_up(uploaded.id)
            return None

    async def _recorded(self, new: NewFile) -> str | None:
        """Return the id of the file if another answer has uploaded it since this one began."""
        rows = await self.rows.load(new.user_id, [new.attachment.id])
        ids = [row.file_id for row in rows if row.rendition_key == new.reference.key]
        return ids[0] if ids else None

    async def _give_up(self, file_id: str) -> None:
        try:
            await self.api.delete(file_id)
        except FilesApiFailed as failed:
            logger.warning("file %s stays at the provider until it expires: %s", file_id, failed)

    def _stop(self) -> None:
        """Send all files inline from now on."""
        if self._is_offered is not False:
            self._is_offered = False
            logger.warning(
                "The model's provider has no Files API that this key may use, so files are sent"
                " inline. Set MODEL_INPUT=inline, or allow the key to write files."
            )


def kept_rendition(row: ProviderFile) -> Rendition:
    """Return the rendition whose content is at the provider."""
    return Rendition(
        kind="image" if row.rendition["kind"] == "image" else "file",
        body="",
        mime_type=str(row.rendition["mime_type"]),
        remark=str(row.rendition["remark"]),
        outline=str(row.rendition["outline"]),
        file_name=str(row.rendition["file_name"]),
        pages=int(row.rendition["pages"]),
        reference=Reference(row.rendition_key, row.size, row.file_id),
    )


def _described(rendition: Rendition) -> dict[str, str | int]:
    """Return what is written about a rendition, besides its content."""
    return {
        "kind": rendition.kind,
        "mime_type": rendition.mime_type,
        "remark": rendition.remark,
        "outline": rendition.outline,
        "file_name": rendition.file_name,
        "pages": rendition.pages,
    }


def _bytes_of(data_url: str) -> bytes:
    return pybase64.b64decode(data_url.partition(",")[2])
