"""Users share the workers fairly, whatever files they send. Proven by order, not by time."""

import asyncio
import mmap
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.fair_slots import FairSlots
from app.workers import Workers, WorkFailed, decoders_of, working_for

HOURS = 10_000


class Clock:
    """Time passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def as_user(user: str) -> Iterator[None]:
    token = working_for.set(user)
    try:
        yield
    finally:
        working_for.reset(token)


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


class Queue:
    """Tasks that occupy a slot until they are ended; `order` is the order in which they began."""

    def __init__(self, slots: FairSlots) -> None:
        self.slots = slots
        self.order: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def add(self, *names: str) -> None:
        """Queue one piece of work for each name; its first letter is the user."""
        for name in names:
            self.ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._work(name))
        await settled()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await self.tasks[name]
        await settled()

    async def _work(self, name: str) -> None:
        async with self.slots.slot(name[0]):
            self.order.append(name)
            await self.ends[name].wait()


async def test_a_free_slot_goes_to_the_user_who_has_used_least() -> None:
    clock = Clock()
    queue = Queue(FairSlots(1, clock=clock))
    await queue.add("m1", "m2", "m3", "a1", "a2")
    clock.now = 20
    await queue.end("m1")
    assert queue.order == ["m1", "a1"]
    clock.now = 21
    await queue.end("a1")
    assert queue.order == ["m1", "a1", "a2"], "20 seconds of m are more than 1 of a"
    await queue.add("b1")
    await queue.end("a2")
    assert queue.order[-1] == "b1"
    for name in ("b1", "m2", "m3"):
        await queue.end(name)
    assert queue.order == ["m1", "a1", "a2", "b1", "m2", "m3"]


async def test_a_user_who_comes_again_has_saved_up_nothing() -> None:
    clock = Clock()
    queue = Queue(FairSlots(1, clock=clock))
    await queue.add("m1", "m2", "m3")
    clock.now = 100
    await queue.end("m1")
    await queue.add("a1", "a2")
    clock.now = 110
    await queue.end("m2")
    clock.now = 125
    await queue.end("a1")
    assert queue.order == ["m1", "m2", "a1", "m3"], "both began at 100, then 10 to 15"
    await queue.end("m3")
    await queue.end("a2")


async def test_one_user_never_has_all_slots() -> None:
    queue = Queue(FairSlots(3, most_of_one=2))
    await queue.add("m1", "m2", "m3", "a1")
    assert queue.order == ["m1", "m2", "a1"]
    await queue.end("a1")
    assert queue.order == ["m1", "m2", "a1"]
    await queue.end("m1")
    assert queue.order == ["m1", "m2", "a1", "m3"]
    await queue.add("a2")
    assert queue.order[-1] == "a2"
    for name in ("m2", "m3", "a2"):
        await queue.end(name)


async def test_a_waiting_user_who_leaves_takes_no_slot() -> None:
    queue = Queue(FairSlots(1))
    await queue.add("m1", "a1", "b1")
    queue.tasks["a1"].cancel()
    await settled()
    await queue.end("m1")
    assert queue.order == ["m1", "b1"]
    await queue.end("b1")
    await queue.add("c1")
    assert queue.order[-1] == "c1", "every slot was given back"
    await queue.end("c1")


async def test_a_slot_that_is_granted_to_a_cancelled_task_is_passed_on() -> None:
    queue = Queue(FairSlots(1))
    await queue.add("m1", "a1", "b1")
    queue.ends["m1"].set()
    await asyncio.sleep(0)  # m1 ends, and its slot is granted to a1, which has not run yet
    queue.tasks["a1"].cancel()
    await settled()
    assert queue.order[-1] == "b1"
    await queue.end("b1")


def never_ends() -> None:
    while True:
        pass


def answers() -> str:
    return "done"


def raises() -> None:
    raise ValueError("not an image")


@pytest.mark.slow
@pytest.mark.parametrize("attackers", [1, 3])
async def test_work_that_never_ends_delays_nobody_else(attackers: int) -> None:
    workers = Workers(processes=3, quick_seconds=0.1, slow_seconds=HOURS, hang_seconds=HOURS)
    hanging = []
    for number in range(attackers):
        with as_user(f"mallory {number}"):
            hanging += [asyncio.create_task(workers.run(never_ends)) for _ in range(8)]
    try:
        for _ in range(5):
            with as_user("alice"):
                assert await workers.run(answers) == "done"
        assert not any(task.done() for task in hanging)
    finally:
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


def takes_half_a_second() -> str:
    begun = time.process_time()
    while time.process_time() < begun + 0.5:
        pass
    return "done"


@pytest.mark.slow
async def test_slow_work_gets_all_of_its_time_at_the_second_try() -> None:
    workers = Workers(processes=2, quick_seconds=0.05, slow_seconds=HOURS, hang_seconds=HOURS)
    assert await workers.run(takes_half_a_second) == "done"


@pytest.mark.slow
async def test_work_is_stopped_when_its_processor_time_is_used_up() -> None:
    workers = Workers(processes=1, quick_seconds=0.05, slow_seconds=0.2, hang_seconds=HOURS)
    with pytest.raises(WorkFailed, match=r"longer than 0\.2 seconds"):
        await workers.run(never_ends)
    assert await workers.run(answers) == "done"


_reserved: list[mmap.mmap] = []


def reserves(gibibytes: float) -> int:
    """Reserve address space and keep it, as some libraries do. Return the process's id."""
    _reserved.append(mmap.mmap(-1, int(gibibytes * 1024**3)))
    return os.getpid()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
async def test_what_a_worker_has_reserved_before_does_not_count_against_the_next_file() -> None:
    workers = Workers(processes=1)
    first = await workers.run(reserves, 1.5)
    assert await workers.run(reserves, 1) == first
    with pytest.raises(WorkFailed):
        await workers.run(reserves, 2)


@pytest.mark.slow
async def test_a_file_is_loaded_when_a_worker_is_free_and_for_each_try() -> None:
    workers = Workers(processes=1, quick_seconds=0.05, slow_seconds=HOURS, hang_seconds=HOURS)
    loaded: list[str] = []

    async def load() -> bytes:
        loaded.append(working_for.get())
        return b"0.5"

    with as_user("alice"):
        blocking = asyncio.create_task(workers.run(never_ends))
    await settled()
    with as_user("bob"):
        slow = asyncio.create_task(workers.run_on_loaded(spins, load))
    await settled()
    assert loaded == []
    blocking.cancel()
    assert await slow == b"0.5"
    assert loaded == ["bob", "bob"]


def spins(seconds: bytes) -> bytes:
    takes_half_a_second()
    return seconds


async def test_an_error_of_the_reader_is_not_tried_twice() -> None:
    with pytest.raises(WorkFailed, match="not an image"):
        await Workers(processes=1).run(raises)


@pytest.mark.parametrize(("cores", "services", "each"), [(16, 1, 16), (16, 2, 8), (16, 16, 3)])
def test_services_on_one_machine_share_its_cores(
    cores: int, services: int, each: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert decoders_of(services) == each
