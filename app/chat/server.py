"""The ChatKit server: it checks a request first, and saves a message in one transaction."""

import asyncio
import binascii
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Protocol

from chatkit.actions import Action
from chatkit.server import NonStreamingResult
from chatkit.types import (
    AttachmentsCreateReq,
    AttachmentsDeleteReq,
    AudioInput,
    ChatKitReq,
    FeedbackKind,
    ItemsListReq,
    NonStreamingReq,
    NoticeEvent,
    Page,
    StreamingReq,
    StreamOptions,
    SyncCustomActionResponse,
    Thread,
    ThreadCreatedEvent,
    ThreadItem,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadsAddStructuredInputReq,
    ThreadsCreateReq,
    ThreadsRetryAfterItemReq,
    ThreadStreamEvent,
    ThreadsUpdateReq,
    TranscriptionResult,
    UserMessageInput,
    UserMessageItem,
    WidgetItem,
    is_streaming_req,
)
from pydantic import ValidationError

from app.attachments.store import ChatKitAttachmentStore
from app.chat.composer import Composer
from app.chat.hooks import Hooks, answer_events, own_code
from app.chat.requests import check_counts, check_is_open, check_title
from app.chat.saving import SavingServer
from app.chat.stream import StreamedAnswer
from app.chat.text_events import as_events
from app.context import RequestContext
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest
from app.telemetry import logs


class AttachmentVerifier(Protocol):
    """Verifies the bytes of a message's attachments, and returns why some were rejected.

    Raises `AppError` if the message can't be sent now.
    """

    async def verify_all(self, user_id: str, attachment_ids: Sequence[str]) -> None: ...
    async def rejections(self, user_id: str, attachment_ids: Sequence[str]) -> Sequence[str]: ...


class AssistantServer(SavingServer):
    """Handles ChatKit requests, and calls the hooks of an assistant.

    It overrides private hooks of the SDK, because the SDK does not check a request first, and saves
    a thread, its attachments and its first message one after the other.
    tests/unit/test_sdk_hooks.py checks the hooks' signatures.
    """

    def __init__(
        self,
        store: PostgresStore,
        attachment_store: ChatKitAttachmentStore,
        verifier: AttachmentVerifier,
        hooks: Hooks,
        composer: Composer,
    ) -> None:
        super().__init__(store, attachment_store)
        self._verifier = verifier
        self._hooks = hooks
        self._composer = composer
        self._answers: set[StreamedAnswer] = set()

    def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        return answer_events(
            self._hooks,
            thread,
            input_user_message,
            context,
            lambda: self.store.generate_item_id("message", thread, context),
        )

    def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        return as_events(
            lambda: self._hooks.action(thread, action, sender, context),
            thread,
            lambda: self.store.generate_item_id("message", thread, context),
        )

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        with own_code("sync_action"):
            return await self._hooks.sync_action(thread, action, sender, context)

    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        with own_code("get_stream_options"):
            return self._hooks.get_stream_options(thread, context)

    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: RequestContext
    ) -> None:
        await self._hooks.handle_stream_cancelled(thread, pending_items, context)

    async def handle(
        self, request: ChatKitReq, context: RequestContext
    ) -> StreamedAnswer | NonStreamingResult:
        """Return JSON, or an answer whose first event has arrived.

        It replaces `process` of the SDK. Raises `AppError` for a request that is rejected; nothing
        has been saved or sent then.
        """
        if is_streaming_req(request):
            answer = StreamedAnswer(self._written_events(request, context))
            self._answers.add(answer)
            answer.task.add_done_callback(lambda _: self._answers.discard(answer))
            return await answer.open()
        try:
            return NonStreamingResult(await self._process_non_streaming(request, context))
        except binascii.Error as exc:
            raise InvalidRequest("The audio is not valid base64.", param="audio_base64") from exc
        except ValidationError:
            raise  # the request was parsed before, so it is stored data that is not valid
        except ValueError as exc:
            # The SDK's own checks of a request: an action that no widget sent, for example.
            raise InvalidRequest(str(exc)) from exc

    async def close(self) -> None:
        """Cancel all answers, and wait until the text that they have streamed is saved."""
        for answer in self._answers:
            answer.cancel()
        if self._answers:
            await asyncio.wait([answer.task for answer in self._answers])

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: RequestContext,
    ) -> None:
        with own_code("add_feedback"):
            await self._hooks.add_feedback(thread_id, item_ids, feedback, context)

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        with own_code("transcribe"):
            return await self._hooks.transcribe(audio_input, context)

    async def _process_non_streaming(
        self, request: NonStreamingReq, context: RequestContext
    ) -> bytes:
        if isinstance(request, AttachmentsCreateReq):
            # The row is written before its link is issued. The SDK would write it again afterwards.
            store = self._get_attachment_store()
            return self._serialize(await store.create_attachment(request.params, context))
        if isinstance(request, AttachmentsDeleteReq):
            # Both stores have the same row; the SDK would delete it in the other one too.
            await self._get_attachment_store().delete_attachment(
                request.params.attachment_id, context
            )
            return b"{}"
        if isinstance(request, ItemsListReq):
            # For a thread that the user does not have, the store's contract is an empty page, but
            # the client should get an error.
            await self.store.load_thread(request.params.thread_id, context)
        if isinstance(request, ThreadsUpdateReq):
            title = request.params.title
            check_title(title)
            changed = await self.store.change_thread(
                request.params.thread_id,
                lambda stored: stored.model_copy(update={"title": title}),
                context,
            )
            return self._serialize(self._to_thread_response(changed))
        return await super()._process_non_streaming(request, context)

    async def _written_events(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[bytes, None]:
        """Write events as the SDK does, whose `_process_streaming` logs every rejected request."""
        async with aclosing(self._process_streaming_impl(request, context)) as events:
            async for event in events:
                yield b"data: " + self._serialize(event) + b"\n\n"

    async def _process_streaming_impl(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        if isinstance(request, ThreadsRetryAfterItemReq | ThreadsAddStructuredInputReq):
            check_is_open(await self.store.load_thread(request.params.thread_id, context))
        if not isinstance(request, ThreadsCreateReq):
            async for event in super()._process_streaming_impl(request, context):
                yield event
            return
        thread = Thread(
            id=self.store.generate_thread_id(context), created_at=datetime.now(), items=Page()
        )
        logs.bind(thread=thread.id)
        message = await self._build_user_message_item(request.params.input, thread, context)
        await self.store.add_user_message(thread, message, context, create_thread=True)
        yield ThreadCreatedEvent(thread=self._to_thread_response(thread))
        async for event in self._answer(thread, message, context):
            yield event

    async def _build_user_message_item(
        self, input: UserMessageInput, thread: ThreadMetadata, context: RequestContext
    ) -> UserMessageItem:
        check_is_open(thread)
        # A file that is listed twice would be loaded, stored and announced twice.
        wanted = list(dict.fromkeys(input.attachments))
        check_counts(wanted, input)
        self._composer.check(input.inference_options)
        if wanted:
            logs.bind(attachments=wanted)
        input = input.model_copy(update={"attachments": wanted})
        await self._verifier.verify_all(context.user_id, wanted)
        return await super()._build_user_message_item(input, thread, context)

    async def _process_new_thread_item_respond(
        self, thread: ThreadMetadata, item: UserMessageItem, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        await self.store.add_user_message(thread, item, context, create_thread=False)
        async for event in self._answer(thread, item, context):
            yield event

    async def _answer(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield ThreadItemDoneEvent(item=message)
        if attached := [each.id for each in message.attachments]:
            for problem in await self._verifier.rejections(context.user_id, attached):
                yield NoticeEvent(level="warning", message=problem)
        async for event in self._process_events(
            thread, context, lambda: self.respond(thread, message, context)
        ):
            yield event
