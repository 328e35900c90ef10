"""Time limits for a machine that stalls now and then: only what is slow every time is slow."""

import asyncio
import time
from collections.abc import Awaitable, Callable

TRIES = 3


def least(measure: Callable[[], float], *, limit: float) -> float:
    """Return the least of up to three measurements in seconds; stop at one below `limit`."""
    seconds = measure()
    for _ in range(TRIES - 1):
        if seconds >= limit:
            seconds = min(seconds, measure())
    return seconds


async def least_async(measure: Callable[[], Awaitable[float]], *, limit: float) -> float:
    """Return the least of up to three measurements in seconds; stop at one below `limit`."""
    seconds = await measure()
    for _ in range(TRIES - 1):
        if seconds >= limit:
            seconds = min(seconds, await measure())
    return seconds


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long the call takes."""
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


async def longest_turn(work: Awaitable[object]) -> float:
    """Return for how many seconds at most the event loop was blocked while `work` ran."""
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
