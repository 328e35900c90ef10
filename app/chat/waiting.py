"""Says in the stream what is waited for, while it takes long."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from chatkit.types import ProgressUpdateEvent

# A bucket at whose address nothing listens is reported within 4 seconds. The answer to that is
# still a 503, which ChatKit's client repeats by itself.
PATIENCE_SECONDS = 5.0

CHECKING_FILES = "Checking your files …"
READING_FILES = "Reading the files …"


async def progress_of(
    work: asyncio.Future[Any], text: str
) -> AsyncGenerator[ProgressUpdateEvent, None]:
    """Wait until `work` is done. If that takes long, yield an event with `text`.

    If this generator is closed or cancelled, cancel `work`. The result of `work`, or the error in
    it, is left to the caller.
    """
    try:
        done, _ = await asyncio.wait({work}, timeout=PATIENCE_SECONDS)
        if not done:
            yield ProgressUpdateEvent(icon="clock", text=text)
            await asyncio.wait({work})
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
