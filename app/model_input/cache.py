"""A cache of renditions, bounded in bytes. Concurrent requests for one rendition make it once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.bounded_cache import BoundedCache
from app.model_input.rendition import Rendition

Key = tuple[str, ...]


@dataclass(slots=True)
class _Making:
    """A rendition that is being made."""

    task: asyncio.Task[Rendition]
    waiters: int = 0


class RenditionCache:
    """Evicts the least recently used rendition first. One event loop uses it."""

    def __init__(self, max_bytes: int) -> None:
        self._kept: BoundedCache[Key, Rendition] = BoundedCache(max_bytes)
        self._making: dict[Key, _Making] = {}

    @property
    def used_bytes(self) -> int:
        return self._kept.used_bytes

    async def get(self, key: Key, make: Callable[[], Awaitable[Rendition]]) -> Rendition:
        """Return the cached rendition, or else what `make` returns. Every waiter gets its errors.

        If a waiter is cancelled, the work goes on for the others, and is cancelled with the last.
        """
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = _Making(asyncio.ensure_future(self._make(key, make)))
        making.waiters += 1
        try:
            return await asyncio.shield(making.task)
        finally:
            making.waiters -= 1
            if making.waiters == 0 and not making.task.done():
                making.task.cancel()
                if self._making.get(key) is making:
                    del self._making[key]

    async def _make(self, key: Key, make: Callable[[], Awaitable[Rendition]]) -> Rendition:
        task = asyncio.current_task()
        try:
            rendition = await make()
        finally:
            making = self._making.get(key)
            if making is not None and making.task is task:
                del self._making[key]
        if rendition.lasting:
            self._kept.put(key, rendition, rendition.weight_bytes)
        return rendition
