"""Slots that users share fairly: a free slot goes to the waiting user who has used them least."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Share:
    """The slots that one user has and waits for. `used_seconds` counts only work that has ended."""

    used_seconds: float
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class FairSlots:
    """A semaphore with a queue for each user. `clock` returns seconds.

    One user occupies `most_of_one` slots at most, so that others need not wait.

    The time that a user has used is forgotten when no work of that user runs or waits. A user who
    comes back starts with the least time that any other user has used, so nobody can save up time.
    """

    def __init__(
        self,
        slots: int,
        *,
        most_of_one: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = slots
        self._most_of_one = most_of_one or slots
        self._clock = clock
        self._shares: dict[str, _Share] = {}

    @asynccontextmanager
    async def slot(self, user: str) -> AsyncIterator[None]:
        """Occupy a slot while the context is entered. Wait for one if none is free."""
        share = self._shares.get(user)
        if share is None:
            least = min((each.used_seconds for each in self._shares.values()), default=0.0)
            share = self._shares[user] = _Share(least)
        if self._free and share.running < self._most_of_one:
            self._free -= 1
            share.running += 1
        else:
            await self._wait(user, share)
        begun = self._clock()
        try:
            yield
        finally:
            share.used_seconds += self._clock() - begun
            self._release(user, share)

    async def _wait(self, user: str, share: _Share) -> None:
        granted = asyncio.get_running_loop().create_future()
        share.waiting.append(granted)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._release(user, share)
            else:
                share.waiting.remove(granted)
                self._forget_if_idle(user, share)
            raise

    def _release(self, user: str, share: _Share) -> None:
        share.running -= 1
        self._free += 1
        self._grant()
        self._forget_if_idle(user, share)

    def _grant(self) -> None:
        waiting = [
            share
            for share in self._shares.values()
            if share.waiting and share.running < self._most_of_one
        ]
        if waiting:
            next_one = min(waiting, key=lambda share: (share.used_seconds, share.running))
            self._free -= 1
            next_one.running += 1
            next_one.waiting.popleft().set_result(None)

    def _forget_if_idle(self, user: str, share: _Share) -> None:
        if not share.running and not share.waiting and self._shares.get(user) is share:
            del self._shares[user]
