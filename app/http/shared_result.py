"""A result that many requests share, for routes that anybody may request at any rate."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SharedResult(Generic[Result]):
    """Calls `make` again `pause_seconds` after it has returned, at the earliest.

    Requests that come before that wait for the same call. So a result is never older than the
    request that gets it.
    """

    def __init__(self, make: Callable[[], Awaitable[Result]], *, pause_seconds: float) -> None:
        self._make = make
        self._pause_seconds = pause_seconds
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[Result] | None = None
        self._due_at = 0.0

    async def get(self) -> Result:
        """Wait for the next call. Return what it returns, or raise what it raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._call())
        return await asyncio.shield(self._next)

    async def _call(self) -> Result:
        async with self._turn:
            await asyncio.sleep(max(0.0, self._due_at - time.monotonic()))
            self._next = None
            try:
                return await self._make()
            finally:
                self._due_at = time.monotonic() + self._pause_seconds
