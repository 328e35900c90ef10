"""Waiting for a condition that gives no signal, such as the state of another process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], T | None],
    *,
    seconds: float = 30,
    state: Callable[[], str] = lambda: "",
) -> T:
    """Return the first true value of `condition`; fail with `state` if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"the condition was not met within {seconds} s\n{state()}")
        time.sleep(_PAUSE_SECONDS)
    return value


async def wait_until_async(
    condition: Callable[[], Awaitable[T | None]], *, seconds: float = 30
) -> T:
    """Return the first true value of `condition`; fail if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := await condition()):
        assert time.monotonic() < deadline, f"the condition was not met within {seconds} s"
        await asyncio.sleep(_PAUSE_SECONDS)
    return value
