"""Gives a new thread its title while the first answer streams."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, cast

from chatkit.types import ThreadMetadata, ThreadStreamEvent


async def titled(
    events: AsyncIterator[ThreadStreamEvent],
    thread: ThreadMetadata,
    find_title: Callable[[], Coroutine[Any, Any, str | None]],
) -> AsyncIterator[ThreadStreamEvent]:
    """Yield the events, and set the thread's title as soon as it is known.

    ChatKit compares `thread` after each event; when it has changed, ChatKit saves it and informs
    the client. A title that the answer itself has set is kept.
    """
    naming = asyncio.create_task(find_title())
    try:
        stream = cast(AsyncGenerator[ThreadStreamEvent, None], events)
        async with aclosing(stream):
            async for event in stream:
                yield event
                if naming.done() and thread.title is None:
                    thread.title = naming.result()
        found = await naming
        if thread.title is None:
            thread.title = found
    finally:
        naming.cancel()
