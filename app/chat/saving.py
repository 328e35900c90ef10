"""Saves an answer while it streams, and turns its failure into a message."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import cast

from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer
from chatkit.types import (
    ErrorEvent,
    HiddenContextItem,
    SDKHiddenContextItem,
    StreamOptionsEvent,
    ThreadItem,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    ThreadUpdatedEvent,
)

from app.chat.failures import FailureKind, ModelFailed, stream_error_for
from app.context import RequestContext
from app.database.thread_store import PostgresStore
from app.errors import DatabaseUnavailable
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# A database that fails over is back within seconds. Without the pauses the answer would be lost.
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)

# Failures of the operator's own code, which are logged with their stack.
_WITH_STACK = {FailureKind.AGENT_FAILED, FailureKind.TOOL_FAILED}


def failure_event(problem: Exception) -> ErrorEvent:
    """Log why an answer failed, and return the event that says so to the user."""
    if isinstance(problem, CustomStreamError) and not isinstance(problem, ModelFailed):
        # The operator's agent raises it to end an answer with a message of its own.
        return ErrorEvent(message=problem.message, allow_retry=problem.allow_retry)
    failure = stream_error_for(problem)
    metrics.answers_failed.labels(failure.kind).inc()
    logger.warning(
        "the answer failed: %s: %s",
        failure.kind,
        failure.detail or failure.message,
        exc_info=problem if failure.kind in _WITH_STACK else None,
    )
    return ErrorEvent(message=failure.message, allow_retry=failure.allow_retry)


class SavingServer(ChatKitServer[RequestContext]):
    """A ChatKit server that saves answers, also while the database fails over.

    It overrides a private hook of the SDK, which gives up at the first error of the store, without
    a message, and logs every error with its stack. tests/unit/test_sdk_hooks.py checks the hook's
    signature.
    """

    store: PostgresStore

    async def _process_events(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        stream: Callable[[], AsyncIterator[ThreadStreamEvent]],
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield StreamOptionsEvent(stream_options=self.get_stream_options(thread, context))
        answer = _Answer(thread)
        try:
            events = cast(AsyncGenerator[ThreadStreamEvent, None], stream())
            async with aclosing(events):
                async for event in events:
                    await self._save(event, answer, context)
                    if not _is_hidden(event):
                        yield event
                    if thread != answer.known_thread:
                        yield await self._save_thread(answer, context)
        except asyncio.CancelledError:
            await self.handle_stream_cancelled(thread, list(answer.unfinished.values()), context)
            raise
        except Exception as problem:  # noqa: BLE001 - the edge of an answer; it is logged
            yield failure_event(problem)
        if thread != answer.known_thread:
            yield await self._save_thread(answer, context)

    async def _save(
        self,
        event: ThreadStreamEvent,
        answer: "_Answer",
        context: RequestContext,
    ) -> None:
        store, thread_id, unfinished = self.store, answer.thread.id, answer.unfinished
        match event:
            case ThreadItemAddedEvent():
                unfinished[event.item.id] = event.item.model_copy(deep=True)
            case ThreadItemUpdatedEvent():
                self._update_pending_items(unfinished, event)
            case ThreadItemDoneEvent():
                item = event.item
                await _persistently(lambda: store.add_thread_item(thread_id, item, context))
                unfinished.pop(item.id, None)
            case ThreadItemReplacedEvent():
                replacing = event.item
                await _persistently(lambda: store.save_item(thread_id, replacing, context))
                unfinished.pop(replacing.id, None)
            case ThreadItemRemovedEvent():
                item_id = event.item_id
                await _persistently(lambda: store.delete_thread_item(thread_id, item_id, context))
                unfinished.pop(item_id, None)

    async def _save_thread(self, answer: "_Answer", context: RequestContext) -> ThreadUpdatedEvent:
        change = answer.thread_change()

        async def save() -> None:
            answer.adopt(await self.store.change_thread(answer.thread.id, change, context))

        await _persistently(save)
        return ThreadUpdatedEvent(thread=self._to_thread_response(answer.thread))


class _Answer:
    """The unsaved part of an answer: `unfinished` has the items that have begun, by id.

    The agent changes `thread`. `known_thread` is a copy from when it was last loaded or saved.
    """

    def __init__(self, thread: ThreadMetadata) -> None:
        self.thread = thread
        self.known_thread = thread.model_copy(deep=True)
        self.unfinished: dict[str, ThreadItem] = {}

    def thread_change(self) -> Callable[[ThreadMetadata], ThreadMetadata]:
        """Return a function that makes the agent's changes in the stored thread.

        Other requests may have changed the stored thread. If it has got a title by now, the agent's
        first title does not replace it.
        """
        before, now = dict(self.known_thread), dict(self.thread)
        fields = ThreadMetadata.model_fields
        changed = {name: now[name] for name in fields if now[name] != before[name]}

        def change(stored: ThreadMetadata) -> ThreadMetadata:
            is_first_title = "title" in changed and before["title"] is None
            if is_first_title and stored.title is not None:
                return stored.model_copy(update=changed | {"title": stored.title})
            return stored.model_copy(update=changed)

        return change

    def adopt(self, stored: ThreadMetadata) -> None:
        """Copy the stored thread into the thread that the agent works with."""
        for name in ThreadMetadata.model_fields:
            setattr(self.thread, name, getattr(stored, name))
        self.known_thread = self.thread.model_copy(deep=True)


async def _persistently(write: Callable[[], Awaitable[None]]) -> None:
    """Write to the database. Repeat it after a pause while the database does not answer.

    Raises `DatabaseUnavailable` after the last pause. Every write may be repeated.
    """
    for seconds in _PAUSES_SECONDS:
        try:
            return await write()
        except DatabaseUnavailable as problem:
            logger.warning("an answer could not be saved yet: %s", problem.message)
            await asyncio.sleep(seconds)
    await write()


def _is_hidden(event: ThreadStreamEvent) -> bool:
    return isinstance(event, ThreadItemDoneEvent) and isinstance(
        event.item, HiddenContextItem | SDKHiddenContextItem
    )
