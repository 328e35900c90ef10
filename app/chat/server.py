"""The ChatKit server: it checks a request first, and saves a message in one transaction."""

import asyncio
import binascii
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Protocol

from chatkit.actions import Action
from chatkit.server import DEFAULT_PAGE_SIZE, NonStreamingResult
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
    ThreadListParams,
    ThreadMetadata,
    ThreadsAddStructuredInputReq,
    ThreadsAddUserMessageReq,
    ThreadsCreateReq,
    ThreadsListReq,
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
from app.chat.stream import StreamedAnswer, refusal
from app.chat.text_events import as_events
from app.chat.waiting import CHECKING_FILES, progress_of
from app.context import RequestContext
from app.database.thread_store import PostgresStore
from app.errors import AppError, InvalidRequest
from app.telemetry import logs


class AttachmentVerifier(Protocol):
    """Verifies the bytes of a message's attachments, and returns why some were rejected.

    Raises `AppError` if the message can't be sent now.
    """

    async def verify_all(self, user_id: str, attachment_ids: Sequence[str]) -> None: ...
    async def rejections(self, user_id: str, attachment_ids: Sequence[str]) -> Sequence[str]: ...


# The SDK defines the types of its fields after the class.
Thread.model_rebuild()


class ListedThread(Thread):
    """A thread of `threads.list`, with the time when something was last said in it.

    The field is this service's own: ChatKit's lists have no time but that of the creation.
    """

    active_at: datetime


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
            answer = StreamedAnswer(self._process_streaming_impl(request, context), self._serialize)
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
        if isinstance(request, ThreadsListReq):
            return self._serialize(await self._listed_threads(request.params, context))
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

    async def _listed_threads(
        self, params: ThreadListParams, context: RequestContext
    ) -> Page[ListedThread]:
        page = await self.store.list_threads(
            params.limit or DEFAULT_PAGE_SIZE, params.after, params.order, context
        )
        return Page(
            data=[
                ListedThread(**dict(self._to_thread_response(row.thread)), active_at=row.active_at)
                for row in page.rows
            ],
            has_more=page.has_more,
            after=page.rows[-1].place if page.has_more else None,
        )

    async def _process_streaming_impl(
        self, request: StreamingReq, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        if isinstance(request, ThreadsRetryAfterItemReq | ThreadsAddStructuredInputReq):
            check_is_open(await self.store.load_thread(request.params.thread_id, context))
        is_new = isinstance(request, ThreadsCreateReq)
        if isinstance(request, ThreadsCreateReq):
            thread: ThreadMetadata = Thread(
                id=self.store.generate_thread_id(context), created_at=datetime.now(), items=Page()
            )
            logs.bind(thread=thread.id)
        elif isinstance(request, ThreadsAddUserMessageReq):
            thread = await self.store.load_thread(request.params.thread_id, context)
        else:
            async for event in super()._process_streaming_impl(request, context):
                yield event
            return
        saving = asyncio.create_task(
            self._save_message(thread, request.params.input, context, create_thread=is_new)
        )
        is_open = False
        async with aclosing(progress_of(saving, CHECKING_FILES)) as waiting:
            async for event in waiting:
                is_open = True
                yield event
        try:
            message = saving.result()
        except AppError as error:
            if not is_open:
                raise
            # The message is not saved, so there is nothing that could be answered again.
            yield refusal(error, allow_retry=False)
            return
        if is_new:
            yield ThreadCreatedEvent(thread=self._to_thread_response(thread))
        async for event in self._answer(thread, message, context):
            yield event

    async def _save_message(
        self,
        thread: ThreadMetadata,
        input: UserMessageInput,
        context: RequestContext,
        *,
        create_thread: bool,
    ) -> UserMessageItem:
        message = await self._build_user_message_item(input, thread, context)
        await self.store.add_user_message(thread, message, context, create_thread=create_thread)
        return message

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
