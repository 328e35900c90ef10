"""Strangers that ask at the same time cause one piece of work."""

import asyncio

import pytest

from app.http.shared_result import SharedResult


async def test_requests_at_the_same_time_share_a_call_that_begins_after_them() -> None:
    calls, has_begun, may_end = 0, asyncio.Event(), asyncio.Event()

    async def make() -> int:
        nonlocal calls
        calls += 1
        number = calls
        has_begun.set()
        await may_end.wait()
        return number

    shared = SharedResult(make, pause_seconds=0)
    first = asyncio.create_task(shared.get())
    await has_begun.wait()
    others = [asyncio.create_task(shared.get()) for _ in range(50)]
    await asyncio.sleep(0)
    may_end.set()
    assert await first == 1
    assert await asyncio.gather(*others) == [2] * 50
    assert calls == 2


async def test_a_request_that_leaves_takes_no_result_from_others() -> None:
    may_end = asyncio.Event()
    shared = SharedResult(may_end.wait, pause_seconds=0)
    leaving, staying = (asyncio.create_task(shared.get()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    may_end.set()
    assert await staying is True
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_an_error_is_raised_to_each_and_the_next_request_tries_again() -> None:
    results = [1]

    async def make() -> int:
        if results:
            raise ValueError(results.pop())
        return 2

    shared = SharedResult(make, pause_seconds=0)
    raised = await asyncio.gather(shared.get(), shared.get(), return_exceptions=True)
    assert all(isinstance(each, ValueError) for each in raised)
    assert await shared.get() == 2
