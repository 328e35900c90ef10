"""A streamed answer that outlives its reader: cancelled cleanly, whatever the connection does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Self

from chatkit.types import ErrorEvent
from pydantic import ValidationError

from app.errors import AppError, InvalidRequest, NotFound
from app.telemetry import metrics

logger = logging.getLogger(__name__)

# A comment line of Server-Sent Events: keeps proxies from closing a connection that waits for the
# model, and is how a reader that has gone away is noticed.
_PING = b": ping\n\n"
_PING_SECONDS = 15.0


class StreamedAnswer:
    """Runs a ChatKit event stream in a task of its own and hands its bytes to one reader.

    ChatKit saves partial text when its generator is cancelled *while it waits inside*. A generator
    that stands at a `yield` does not learn of it, and a web framework cancels again and again until
    the clean-up itself dies. So the generator is driven by a task that never waits for the reader,
    and that task is cancelled once, also when both the reader and the server end.
    """

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        self._events = events
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_cancelled = False
        self.task = asyncio.create_task(self._run())

    async def open(self) -> Self:
        """Wait for the first event. Raises what made the request impossible.

        Until then nothing was sent, so an error can still become a proper response.
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
                chunk = await asyncio.wait_for(self._chunks.get(), _PING_SECONDS)
            except TimeoutError:
                chunk = _PING
            if chunk is None:
                return
            yield chunk

    def cancel(self) -> None:
        """Stop answering. `task` is done when what was streamed is saved.

        Only the first call counts: a second cancellation would interrupt the saving.
        """
        if not self._is_cancelled:
            self._is_cancelled = True
            self.task.cancel()

    async def _run(self) -> None:
        try:
            async for chunk in self._events:
                self._chunks.put_nowait(chunk)
                self._mark_open(None)
            self._mark_open(NotFound("There is no such message in this thread.", param="item_id"))
        except asyncio.CancelledError:
            self._mark_open(InvalidRequest("The request was cancelled."))
            raise
        except AppError as error:
            self._fail(error)
        except ValidationError:
            # Of what is stored, not of what was sent.
            logger.exception("what was stored can't be read")
            self._fail(AppError())
        except ValueError as error:
            # The SDK's own checks on a request, such as a tool output that nothing waits for.
            self._fail(InvalidRequest(str(error)))
        except Exception:  # this task's outer edge: the caller gets an error event
            logger.exception("a streamed answer broke")
            self._fail(AppError())
        finally:
            self._chunks.put_nowait(None)

    def _mark_open(self, error: AppError | None) -> None:
        if self._opened.done():
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(error)

    def _fail(self, error: AppError) -> None:
        if self._opened.done():
            self._chunks.put_nowait(error_event(error))
        else:
            self._mark_open(error)


def error_event(error: AppError) -> bytes:
    """The event that ChatKit shows in the thread; an HTTP status would show as status text only."""
    metrics.refusals.labels(error.code).inc()
    event = ErrorEvent(message=error.message, allow_retry=error.status >= 500)
    return b"data: " + event.model_dump_json(exclude_none=True).encode() + b"\n\n"
