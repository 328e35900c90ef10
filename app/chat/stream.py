"""Streams an answer in a task of its own, which ends cleanly when the connection is closed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from contextlib import aclosing
from typing import Self

from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    ErrorEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
    WidgetStreamingTextValueDelta,
)
from pydantic import ValidationError

from app.chat.merging import MergingQueue
from app.errors import AppError, InvalidRequest, NotFound
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# A comment line of Server-Sent Events. It keeps proxies from closing a connection that waits for
# the model, and a failed write shows that the reader has closed it.
_PING = b": ping\n\n"
_PING_SECONDS = 15.0


class StreamedAnswer:
    """Runs a ChatKit event stream in a task and passes its bytes to one reader.

    Text deltas that follow each other at once are merged. `serialize` writes an event as JSON.

    ChatKit saves partial text if its generator is cancelled *while it waits inside*. A generator
    that is suspended at a `yield` is not cancelled there, and a web framework cancels repeatedly,
    so that the clean-up is cancelled too. So a task runs the generator without waiting for the
    reader, and this task is cancelled once, even if both the reader and the server end.
    """

    def __init__(
        self,
        events: AsyncGenerator[ThreadStreamEvent, None],
        serialize: Callable[[ThreadStreamEvent], bytes],
    ) -> None:
        self._events = events
        self._serialize = serialize
        self._chunks: MergingQueue[ThreadItemUpdatedEvent, bytes] = MergingQueue(
            lambda deltas: self._written(_joined(deltas))
        )
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_cancelled = False
        self.task = asyncio.create_task(self._run())

    async def open(self) -> Self:
        """Wait for the first event. Raises the error that prevents one.

        Nothing has been sent before it, so an error can still become an HTTP response.
        """
        try:
            await asyncio.shield(self._opened)
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    chunk = await self._chunks.get()
            except TimeoutError:
                chunk = _PING
            if chunk is None:
                return
            yield chunk

    def cancel(self) -> None:
        """Stop answering. `task` is done when the text that was streamed is saved.

        Only the first call counts: a second cancellation would interrupt the saving.
        """
        if not self._is_cancelled:
            self._is_cancelled = True
            self.task.cancel()

    async def _run(self) -> None:
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    if isinstance(event, ThreadItemUpdatedEvent) and (key := _text_key(event)):
                        self._chunks.add(key, event)
                    else:
                        # Written at once, because the agent may change the item of an event later.
                        self._chunks.put(self._written(event))
                    self._mark_open(None)
            self._mark_open(NotFound("There is no such message in this thread.", param="item_id"))
        except asyncio.CancelledError:
            self._mark_open(InvalidRequest("The request was cancelled."))
            raise
        except AppError as error:
            self._fail(error)
        except ValidationError:
            # The request was parsed before, so it is stored data that is not valid.
            logger.exception("stored data can't be read")
            self._fail(AppError())
        except ValueError as error:
            # The SDK's own checks of a request: a tool output that no call waits for, for example.
            self._fail(InvalidRequest(str(error)))
        except Exception:  # this task's outer edge: the caller gets an error event
            logger.exception("a streamed answer failed")
            self._fail(AppError())
        finally:
            self._chunks.end()

    def _written(self, event: ThreadStreamEvent) -> bytes:
        return b"data: " + self._serialize(event) + b"\n\n"

    def _mark_open(self, error: AppError | None) -> None:
        if self._opened.done():
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(error)

    def _fail(self, error: AppError) -> None:
        if self._opened.done():
            self._chunks.put(error_event(error))
        else:
            self._mark_open(error)


def refusal(error: AppError, *, allow_retry: bool) -> ErrorEvent:
    """Return the event that ChatKit shows in the thread, and count it."""
    metrics.refusals.labels(error.code).inc()
    return ErrorEvent(message=error.message, allow_retry=allow_retry)


def error_event(error: AppError) -> bytes:
    """Return the bytes of an event, because ChatKit shows only the status text of an HTTP error."""
    event = refusal(error, allow_retry=error.status >= 500)
    return b"data: " + event.model_dump_json(exclude_none=True).encode() + b"\n\n"


def _text_key(event: ThreadItemUpdatedEvent) -> Hashable:
    """Return the name of the text that a delta continues; None if the event is no such delta."""
    match event.update:
        case AssistantMessageContentPartTextDelta() as delta:
            return event.item_id, delta.content_index
        case WidgetStreamingTextValueDelta() as delta:
            return event.item_id, delta.component_id, delta.done
    return None


def _joined(deltas: list[ThreadItemUpdatedEvent]) -> ThreadItemUpdatedEvent:
    first = deltas[0]
    if len(deltas) == 1:
        return first
    text = "".join(each.update.delta for each in deltas)  # type: ignore[union-attr] # text deltas
    return ThreadItemUpdatedEvent(
        item_id=first.item_id, update=first.update.model_copy(update={"delta": text})
    )
