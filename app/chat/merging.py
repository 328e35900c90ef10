"""Merges pieces of a streamed text that follow each other within a few milliseconds.

Models send a piece for each token, and every event costs a tenth of a millisecond of a core on its
way to the browser (docs/performance.md).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from contextlib import aclosing
from typing import Generic, TypeVar, cast

from agents.items import TResponseStreamEvent
from openai.types.responses import ResponseTextDeltaEvent

WINDOW_SECONDS = 0.03

Piece = TypeVar("Piece")
Item = TypeVar("Item")


class MergingQueue(Generic[Piece, Item]):
    """A queue for one reader, in which pieces with the same key become one item.

    The first piece is an item at once. The pieces that follow it within the window are joined and
    become an item at the end of the window, or before the next item that is no such piece: the
    order is always kept. `join` gets one piece or more.
    """

    def __init__(self, join: Callable[[list[Piece]], Item]) -> None:
        self._join = join
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Item | None] = asyncio.Queue()
        self._key: Hashable = None
        self._waiting: list[Piece] = []
        self._window_end = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: Item) -> None:
        """Add an item behind all pieces."""
        self._flush()
        self._items.put_nowait(item)

    def add(self, key: Hashable, piece: Piece) -> None:
        """Add a piece of the text that `key` names."""
        if self._waiting and key == self._key:
            self._waiting.append(piece)
            return
        self._flush()
        if key == self._key and self._loop.time() < self._window_end:
            self._waiting.append(piece)
            self._timer = self._loop.call_at(self._window_end, self._flush)
            return
        self._key = key
        self._send([piece])

    def end(self) -> None:
        """Add what still waits, then the end."""
        self._flush()
        self._items.put_nowait(None)

    async def get(self) -> Item | None:
        """Return the next item, or None at the end."""
        return await self._items.get()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            pieces, self._waiting = self._waiting, []
            self._send(pieces)

    def _send(self, pieces: list[Piece]) -> None:
        self._items.put_nowait(self._join(pieces))
        self._window_end = self._loop.time() + WINDOW_SECONDS


async def merged_deltas(
    events: AsyncIterator[TResponseStreamEvent],
) -> AsyncGenerator[TResponseStreamEvent, None]:
    """Yield the events of a model's response, with its text deltas merged.

    The model is read in a task. The task has ended, and has closed the model's stream, when this
    generator has. Raises what the model raises.
    """
    queue: MergingQueue[ResponseTextDeltaEvent, TResponseStreamEvent] = MergingQueue(_joined)

    async def read() -> None:
        try:
            async with aclosing(cast(AsyncGenerator[TResponseStreamEvent, None], events)) as stream:
                async for event in stream:
                    if isinstance(event, ResponseTextDeltaEvent):
                        key = (event.item_id, event.output_index, event.content_index)
                        queue.add(key, event)
                    else:
                        queue.put(event)
        finally:
            queue.end()

    reading = asyncio.create_task(read())
    try:
        while (event := await queue.get()) is not None:
            yield event
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def _joined(deltas: list[ResponseTextDeltaEvent]) -> ResponseTextDeltaEvent:
    if len(deltas) == 1:
        return deltas[0]
    return deltas[-1].model_copy(
        update={
            "delta": "".join(delta.delta for delta in deltas),
            "logprobs": [each for delta in deltas for each in delta.logprobs or ()],
        }
    )
