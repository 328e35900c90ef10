"""Time limits that hold on a machine that stalls now and then: what is slow is slow every time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

TRIES = 3


def least(measure: Callable[[], float], *, limit: float) -> float:
    """The least of a few measurements, in seconds; the first below `limit` is enough."""
    seconds = measure()
    for _ in range(TRIES - 1):
        if seconds >= limit:
            seconds = min(seconds, measure())
    return seconds


async def least_async(measure: Callable[[], Awaitable[float]], *, limit: float) -> float:
    """The same of what has to be awaited."""
    seconds = await measure()
    for _ in range(TRIES - 1):
        if seconds >= limit:
            seconds = min(seconds, await measure())
    return seconds


def seconds_of(call: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


async def longest_turn(work: Awaitable[object]) -> float:
    """The longest that the event loop left everybody else waiting until `work` was done."""
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)

    watching = asyncio.create_task(watch())
    try:
        await work
    finally:
        watching.cancel()
    return longest
