"""A conversation with the configured model, through the code that answers users.

Its threads and files belong to a user of their own and are deleted at the end.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from chatkit.types import (
    AssistantMessageItem,
    AttachmentCreateParams,
    InferenceOptions,
    Page,
    Thread,
    ThreadItemDoneEvent,
    UserMessageContent,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
)

from app.assistant import Assistant
from app.context import RequestContext
from app.file_types.table import resolve
from app.model_input.transcripts import NotTranscribed
from app.settings.environment import Settings
from app.storage.object_keys import every_key, upload_key
from app.wiring.web import WebParts, create_web_parts


@asynccontextmanager
async def conversation(settings: Settings) -> AsyncIterator["Conversation"]:
    """Open a conversation, and delete all of it at the end. Raises `Misconfigured`."""
    # The assistant of ASSISTANT is not used: this checks the model.
    parts = create_web_parts(settings, Assistant())
    async with parts.core.running():
        opened = Conversation(parts)
        try:
            yield opened
        finally:
            await opened.delete()
            await parts.chat.close()


@dataclass
class Conversation:
    """Asks questions, each in a thread of its own."""

    parts: WebParts
    context: RequestContext = field(
        default_factory=lambda: RequestContext(
            user_id=f"doctor-{secrets.token_hex(8)}", request_id="doctor", base_url=""
        )
    )
    _thread_ids: list[str] = field(default_factory=list)
    _object_keys: dict[str, str] = field(default_factory=dict)

    async def upload(self, name: str, content: bytes, mime_type: str) -> str:
        """Store a file as an upload does. Return the id of its attachment."""
        params = AttachmentCreateParams(name=name, size=len(content), mime_type=mime_type)
        reserved = await self.parts.reservations.reserve(params, self.context)
        self._object_keys[reserved.id] = reserved.object_key
        await self.parts.core.bucket.write(
            upload_key(reserved.object_key), content, mime_type=mime_type
        )
        await self.parts.verifier.verify_all(self.context.user_id, [reserved.id])
        return reserved.id

    async def ask(
        self, text: str, *, attached: Sequence[str] = (), mentioned: Sequence[str] = ()
    ) -> str:
        """Return the text of the answer. Raises the errors that an answer to a user raises."""
        store = self.parts.store
        now = datetime.now()
        thread = Thread(
            id=store.generate_thread_id(self.context),
            title="app doctor",
            created_at=now,
            items=Page(),
        )
        content: list[UserMessageContent] = [UserMessageTextContent(text=text)]
        content += [UserMessageTagContent(id=id, text="file", data={}) for id in mentioned]
        message = UserMessageItem(
            id=store.generate_item_id("message", thread, self.context),
            thread_id=thread.id,
            created_at=now,
            content=content,
            attachments=[await store.load_attachment(id, self.context) for id in attached],
            inference_options=InferenceOptions(),
        )
        self._thread_ids.append(thread.id)
        await store.add_user_message(thread, message, self.context, create_thread=True)
        answers = [
            event.item
            async for event in self.parts.chat.responder.respond(thread, message, self.context)
            if isinstance(event, ThreadItemDoneEvent)
        ]
        return "\n".join(
            part.text
            for item in answers
            if isinstance(item, AssistantMessageItem)
            for part in item.content
        )

    async def problem_of(self, attachment_id: str) -> str | None:
        """Return why the provider rejected a file, or None."""
        record = await self.parts.core.records.load(self.context.user_id, attachment_id)
        return record.problem

    async def provider_files_of(self, attachment_id: str) -> list[str]:
        """Return the ids of the attachment's files at the model's provider."""
        rows = await self.parts.core.provider_files.load(self.context.user_id, [attachment_id])
        return [row.file_id for row in rows]

    async def title_of(self, text: str) -> str:
        """Return the model's title for a chat that begins with `text`. Raises the API's errors."""
        return await self.parts.chat.titles.ask(text)

    async def transcript_of(self, recording: bytes, mime_type: str) -> str:
        """Return what the transcription model hears. Raises `NotTranscribed`."""
        transcriber = self.parts.chat.transcriber
        if transcriber is None:
            raise NotTranscribed("no transcription model is configured", lasting=True)
        return await transcriber.transcribe(recording, resolve("", mime_type))

    async def delete(self) -> None:
        """Delete the files, their objects and the threads.

        The rows of the files stay as tombstones until the next sweep, which also deletes the files
        at the model's provider.
        """
        for attachment_id in self._object_keys:
            await self.parts.reservations.cancel(attachment_id, self.context)
        keys = [key for each in self._object_keys.values() for key in every_key(each)]
        await self.parts.core.bucket.delete(keys)
        for thread_id in self._thread_ids:
            await self.parts.store.delete_thread(thread_id, self.context)
