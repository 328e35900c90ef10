"""Runs decoders in worker processes with limits, so that no file can block the server.

A user's files can't block those of other users either. Users share the workers fairly, and no user
occupies all of them. A file is tried with little processor time first. If that is not enough, it is
tried again with more; these second tries leave at least two workers free for other files. Both
limits are processor time, so a file does not count as slow because the machine is busy.
"""

import os
import signal
import sys
import time
import types
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_process
from anyio import BrokenWorkerProcess, CapacityLimiter

from app.fair_slots import FairSlots

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

working_for: ContextVar[str] = ContextVar("working_for", default="")
"""The id of the user whose request causes the work; set when a request is authenticated."""

_NICENESS = 10
# What one call may add to the address space. The libraries of a worker that has read tables and
# documents reserve 1.7 GiB, of which they use a tenth; that must not count against the next file.
_ADDED_BYTES = 7 * 1024**3 // 4


_TOO_LARGE = "reading it took too much memory or broke the reader"


class WorkFailed(Exception):
    """The worker was stopped at its time limit, died or raised. The message is a clause."""


def decoders_of(services: int) -> int:
    """Return how many decoders each of `services` on this machine may run at once.

    It is the share of the cores, but three at least: one user and slow files never occupy all.
    """
    return max(3, (os.cpu_count() or 1) // max(1, services))


class Workers:
    """A pool of processes. They start when needed, and end when idle for minutes or hung.

    `quick_seconds` is the processor time of a file's first try, and `slow_seconds` that of its
    second. A process that does not answer for `hang_seconds` is killed; where there is no limit of
    processor time (macOS, Windows), this is the only limit. With fewer than three processes, slow
    files are not kept apart from others.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        quick_seconds: float = 1,
        slow_seconds: float = 20,
        hang_seconds: float = 90,
    ) -> None:
        processes = processes or decoders_of(1)
        self._slots = FairSlots(processes, most_of_one=max(1, processes - 1))
        self._slow_slots = FairSlots(max(1, processes - 2))
        self._quick_seconds = quick_seconds
        self._slow_seconds = slow_seconds
        self._hang_seconds = hang_seconds

    async def run(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Call a module-level function in a worker and return its result. Raises `WorkFailed`.

        The time limits do not include the wait for a free worker. The function may be called
        twice, in two processes.
        """

        async def call(limit_seconds: float) -> Result:
            return await self._call(limit_seconds, function, arguments)

        return await self._in_turn(call)

    async def run_on_loaded(
        self, function: Callable[[bytes], Result], load: Callable[[], Awaitable[bytes]]
    ) -> Result:
        """Call `function` with the bytes that `load` returns, which is called for each try.

        The bytes are loaded only when a worker is free, so files that wait take no memory. Raises
        `WorkFailed`, and what `load` raises.
        """

        async def call(limit_seconds: float) -> Result:
            return await self._call(limit_seconds, function, (await load(),))

        return await self._in_turn(call)

    async def _in_turn(self, call: Callable[[float], Awaitable[Result]]) -> Result:
        user = working_for.get()
        try:
            async with self._slots.slot(user):
                return await call(self._quick_seconds)
        except BrokenWorkerProcess:
            pass  # the quick try was stopped
        async with self._slow_slots.slot(user), self._slots.slot(user):
            begun = time.monotonic()
            try:
                return await call(self._slow_seconds)
            except BrokenWorkerProcess as problem:
                # A process can't use up its processor time in less time than that.
                if time.monotonic() - begun >= self._slow_seconds:
                    raise _too_slow(self._slow_seconds) from problem
                raise WorkFailed(_TOO_LARGE) from problem

    async def _call(
        self,
        limit_seconds: float,
        function: Callable[[*Arguments], Result],
        arguments: tuple[*Arguments],
    ) -> Result:
        """Call it once. Raises `WorkFailed`, and `BrokenWorkerProcess` if the worker is killed."""
        try:
            with anyio.fail_after(self._hang_seconds):
                return await anyio.to_process.run_sync(
                    _limited,
                    limit_seconds,
                    function,
                    arguments,
                    cancellable=True,
                    limiter=CapacityLimiter(1),
                )
        except TimeoutError:
            raise _too_slow(self._hang_seconds) from None
        except BrokenWorkerProcess:
            raise
        except MemoryError as problem:
            raise WorkFailed(_TOO_LARGE) from problem
        except Exception as problem:
            # Decoders raise errors of any type for invalid data.
            raise WorkFailed(f"the reader failed on it ({str(problem)[:200]})") from problem


def _limited(
    limit_seconds: float, function: Callable[..., Result], arguments: tuple[object, ...]
) -> Result:
    # anyio removes `__main__` if the server's main module is not a file, and DuckDB looks for it.
    sys.modules.setdefault("__main__", types.ModuleType("__main__"))
    if sys.platform != "linux":
        return function(*arguments)

    import resource  # not on Windows

    # Requests have priority over decoders, so answers stay fast while images use all cores.
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space_bytes() + _ADDED_BYTES, hard))
    # When the time is used up, SIGPROF ends the process, even inside of a decoder's C code.
    signal.setitimer(signal.ITIMER_PROF, limit_seconds)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(seconds: float) -> WorkFailed:
    return WorkFailed(f"it took longer than {seconds:g} seconds to read")


def _address_space_bytes() -> int:
    """Return how much address space this process has reserved (proc_pid_statm(5))."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")
