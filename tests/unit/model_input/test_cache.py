"""The cache is bounded in bytes and makes a rendition once for all who wait for it."""

import asyncio

import pytest

from app.model_input.cache import RenditionCache
from app.model_input.rendition import Rendition, note


def rendition(chars: int) -> Rendition:
    return Rendition(kind="text", body="x" * chars)


class Maker:
    """Makes a rendition once `go` is set, and counts."""

    def __init__(self, result: Rendition | Exception) -> None:
        self.result = result
        self.calls = 0
        self.cancelled = 0
        self.go = asyncio.Event()

    async def __call__(self) -> Rendition:
        self.calls += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_ten_concurrent_requests_make_a_rendition_once() -> None:
    cache, make = RenditionCache(10_000), Maker(rendition(10))
    waiters = [asyncio.ensure_future(cache.get(("e",), make)) for _ in range(10)]
    await settle()
    make.go.set()
    assert {id(result) for result in await asyncio.gather(*waiters)} == {id(make.result)}
    assert await cache.get(("e",), make) is make.result
    assert make.calls == 1


async def test_an_error_reaches_every_waiter_and_is_not_kept() -> None:
    cache, make = RenditionCache(10_000), Maker(ValueError("no"))
    waiters = [asyncio.ensure_future(cache.get(("e",), make)) for _ in range(3)]
    await settle()
    make.go.set()
    for waiter in waiters:
        with pytest.raises(ValueError, match="no"):
            await waiter
    make.result = rendition(1)
    assert await cache.get(("e",), make) is make.result


async def test_a_cancelled_waiter_leaves_the_work_to_the_others() -> None:
    cache, make = RenditionCache(10_000), Maker(rendition(10))
    impatient, patient = [asyncio.ensure_future(cache.get(("e",), make)) for _ in range(2)]
    await settle()
    impatient.cancel()
    await settle()
    assert make.cancelled == 0
    make.go.set()
    assert await patient is make.result


async def test_the_work_is_cancelled_with_its_last_waiter() -> None:
    cache, make = RenditionCache(10_000), Maker(rendition(10))
    waiters = [asyncio.ensure_future(cache.get(("e",), make)) for _ in range(2)]
    await settle()
    for waiter in waiters:
        waiter.cancel()
    await settle()
    assert make.cancelled == 1
    make.go.set()
    assert await cache.get(("e",), make) is make.result
    assert make.calls == 2


async def test_the_least_recently_used_is_evicted_first() -> None:
    cache = RenditionCache(3000)
    makers = {key: Maker(rendition(700)) for key in "abcd"}
    for key in "abc":
        makers[key].go.set()
        await cache.get((key,), makers[key])
    await cache.get(("a",), makers["a"])
    makers["d"].go.set()
    await cache.get(("d",), makers["d"])
    assert cache.used_bytes <= 3000
    for key in "acd":
        await cache.get((key,), makers[key])
    await cache.get(("b",), makers["b"])
    assert {key: maker.calls for key, maker in makers.items()} == {"a": 1, "b": 2, "c": 1, "d": 1}


async def test_large_renditions_and_temporary_notes_are_not_kept() -> None:
    cache = RenditionCache(1000)
    for result in (rendition(2000), note("later perhaps", lasting=False)):
        make = Maker(result)
        make.go.set()
        for _ in range(2):
            await cache.get(("e",), make)
        assert make.calls == 2
    assert cache.used_bytes == 0
