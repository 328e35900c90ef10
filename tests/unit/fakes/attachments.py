"""Attachment rows and their bytes in memory."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from chatkit.types import (
    Attachment,
    FileAttachment,
)

from app.attachment_state import AttachmentState
from app.database.transcripts import Transcript, TranscriptClaim
from app.errors import NotFound, ObjectChanged, ObjectMissing
from app.model_input.budget import Budget
from app.model_input.cache import RenditionCache
from app.model_input.contents import AttachmentContents
from app.model_input.converter import ThreadConverter
from app.model_input.rendering import Renderer
from app.model_input.thread_writer import MentionReader
from app.model_input.transcripts import Transcripts
from app.settings.model import ChatModelSettings
from app.workers import Workers
from tests.corpus import image


@dataclass(frozen=True)
class Row:
    """An attachment row."""

    id: str
    name: str
    mime_type: str
    size: int
    object_key: str | None
    etag: str | None
    state: AttachmentState = AttachmentState.ATTACHED
    problem: str | None = None
    user_id: str = "ada"


class MemoryBucket:
    """Objects by key. `reads` has the keys in the order in which they were read.

    `etags` has ETags that are not the MD5 sum.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.reads: list[str] = []

    async def read(self, key: str, *, etag: str | None = None) -> bytes:
        self.reads.append(key)
        try:
            body = self.objects[key]
        except KeyError:
            raise ObjectMissing from None
        if etag is not None and etag != self.etags.get(key, etag_of(body)):
            raise ObjectChanged
        return body


class MemoryTranscripts:
    """Transcripts by the id of the attachment, and the ids that are being transcribed."""

    def __init__(self) -> None:
        self.kept: dict[str, Transcript] = {}
        self.claimed: set[str] = set()

    async def claim(
        self, user_id: str, attachment_id: str, *, lease_seconds: float
    ) -> TranscriptClaim:
        is_ours = attachment_id not in self.kept.keys() | self.claimed
        if is_ours:
            self.claimed.add(attachment_id)
        return TranscriptClaim(self.kept.get(attachment_id), is_ours)

    async def save(self, user_id: str, attachment_id: str, transcript: Transcript) -> None:
        self.kept[attachment_id] = transcript
        self.claimed.discard(attachment_id)

    async def release(self, user_id: str, attachment_id: str) -> None:
        self.claimed.discard(attachment_id)


class Attachments:
    """Rows of one user and their bytes."""

    def __init__(self, user_id: str = "ada") -> None:
        self.user_id = user_id
        self.rows: dict[str, Row] = {}
        self.bucket = MemoryBucket()

    def add(self, name: str, mime_type: str, body: bytes, **fields: Any) -> Attachment:
        id = f"atc_{len(self.rows) + 1}"
        key = f"attachments/{id}"
        self.bucket.objects[key] = body
        row = Row(id, name, mime_type, len(body), key, etag_of(body))
        self.rows[id] = replace(row, **fields)
        return FileAttachment(id=id, name=name, mime_type=mime_type)

    async def load(self, user_id: str, attachment_id: str) -> Row:
        if user_id != self.user_id or attachment_id not in self.rows:
            raise NotFound
        return self.rows[attachment_id]

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None:
        row = await self.load(user_id, attachment_id)
        self.rows[attachment_id] = replace(row, problem=problem)

    def renderer(self, **options: Any) -> Renderer:
        options.setdefault("cache", RenditionCache(64 * 1024 * 1024))
        options.setdefault("workers", Workers())
        options.setdefault("settings", ChatModelSettings())
        options.setdefault(
            "transcripts", Transcripts(MemoryTranscripts(), None, options["workers"])
        )
        return Renderer(bucket=self.bucket, **options)

    def converter(
        self, mentions: MentionReader | None = None, budget: Budget | None = None
    ) -> ThreadConverter:
        return ThreadConverter(
            user_id="ada",
            attachments=self,
            contents=AttachmentContents(self.renderer()),
            budget=budget or Budget(),
            mentions=mentions,
        )


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def png(width: int, height: int) -> bytes:
    return image("PNG", size=(width, height))
