"""The renditions that were made lately, bounded in bytes; ten who wait for one make it once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.model_input.rendition import Rendition

Key = tuple[str, ...]


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[Rendition]
    waiters: int = 0


class RenditionCache:
    """Least recently used goes first. One per process, used from one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Key, Rendition] = OrderedDict()
        self._flights: dict[Key, _Flight] = {}
        self.used_bytes = 0

    async def get(self, key: Key, make: Callable[[], Awaitable[Rendition]]) -> Rendition:
        """The kept rendition, or the one that `make` gives. Errors reach every waiter.

        A waiter that is cancelled leaves the work to the others; the last one takes it along.
        """
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.ensure_future(self._fly(key, make)))
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if flight.waiters == 0 and not flight.task.done():
                flight.task.cancel()
                self._forget(key, flight)

    async def _fly(self, key: Key, make: Callable[[], Awaitable[Rendition]]) -> Rendition:
        task = asyncio.current_task()
        try:
            rendition = await make()
        finally:
            flight = self._flights.get(key)
            if flight is not None and flight.task is task:
                del self._flights[key]
        if rendition.lasting:
            self._keep(key, rendition)
        return rendition

    def _forget(self, key: Key, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _keep(self, key: Key, rendition: Rendition) -> None:
        if rendition.weight_bytes > self._max_bytes:
            return
        replaced = self._kept.pop(key, None)
        if replaced is not None:
            self.used_bytes -= replaced.weight_bytes
        self._kept[key] = rendition
        self.used_bytes += rendition.weight_bytes
        while self.used_bytes > self._max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self.used_bytes -= dropped.weight_bytes
