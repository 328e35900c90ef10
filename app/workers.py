"""Runs decoders in worker processes with limits, so that no file can block the server.

A user's files can't block those of other users either. Users share the workers fairly, and no user
occupies all of them. A file is tried with little processor time first. If that is not enough, it is
tried again without that limit; these second tries leave at least two workers free for other files.
"""

import os
import signal
import sys
import types
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
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
# This is address space, of which libraries and thread arenas reserve far more than they use.
_ADDRESS_SPACE_BYTES = 2 * 1024**3


class WorkFailed(Exception):
    """The worker was stopped at its time limit, died or raised. The message is a clause."""


class Workers:
    """A pool of processes. They start when needed, and end when idle for minutes or hung.

    `quick_seconds` is the processor time of a file's first try, and `timeout_seconds` the time of
    its second. With fewer than three processes, slow files are not kept apart from others.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        quick_seconds: float = 1,
        timeout_seconds: float = 20,
    ) -> None:
        processes = processes or max(3, (os.cpu_count() or 3))
        self._slots = FairSlots(processes, most_of_one=max(1, processes - 1))
        self._slow_slots = FairSlots(max(1, processes - 2))
        self._quick_seconds = quick_seconds
        self._timeout_seconds = timeout_seconds

    async def run(
        self,
        function: Callable[[*Arguments], Result],
        *arguments: *Arguments,
        times_longer: float = 1,
    ) -> Result:
        """Call a module-level function in a worker and return its result. Raises `WorkFailed`.

        The time limit does not include the wait for a free worker. `times_longer` extends it. The
        function may be called twice, in two processes.
        """
        timeout_seconds = self._timeout_seconds * times_longer

        async def call(quick_seconds: float | None) -> Result:
            return await self._call(quick_seconds, timeout_seconds, function, arguments)

        return await self._in_turn(call)

    async def run_on_loaded(
        self, function: Callable[[bytes], Result], load: Callable[[], Awaitable[bytes]]
    ) -> Result:
        """Call `function` with the bytes that `load` returns, which is called for each try.

        The bytes are loaded only when a worker is free, so files that wait take no memory. Raises
        `WorkFailed`, and what `load` raises.
        """

        async def call(quick_seconds: float | None) -> Result:
            arguments = (await load(),)
            return await self._call(quick_seconds, self._timeout_seconds, function, arguments)

        return await self._in_turn(call)

    async def _in_turn(self, call: Callable[[float | None], Awaitable[Result]]) -> Result:
        user = working_for.get()
        try:
            async with self._slots.slot(user):
                return await call(self._quick_seconds)
        except BrokenWorkerProcess:
            pass  # the quick try was stopped
        try:
            async with self._slow_slots.slot(user), self._slots.slot(user):
                return await call(None)
        except BrokenWorkerProcess as problem:
            raise WorkFailed("reading it took too much memory or broke the reader") from problem

    async def _call(
        self,
        quick_seconds: float | None,
        timeout_seconds: float,
        function: Callable[[*Arguments], Result],
        arguments: tuple[*Arguments],
    ) -> Result:
        """Call it once. Raises `WorkFailed`, and `BrokenWorkerProcess` if the worker is killed."""
        try:
            with anyio.fail_after(timeout_seconds):
                return await anyio.to_process.run_sync(
                    _limited,
                    quick_seconds,
                    function,
                    arguments,
                    cancellable=True,
                    limiter=CapacityLimiter(1),
                )
        except TimeoutError:
            raise WorkFailed(f"it took longer than {timeout_seconds:g} seconds to read") from None
        except BrokenWorkerProcess:
            raise
        except MemoryError as problem:
            raise WorkFailed("reading it took too much memory or broke the reader") from problem
        except Exception as problem:
            # Decoders raise errors of any type for invalid data.
            raise WorkFailed(f"the reader failed on it ({str(problem)[:200]})") from problem


def _limited(
    quick_seconds: float | None, function: Callable[..., Result], arguments: tuple[object, ...]
) -> Result:
    # anyio removes `__main__` if the server's main module is not a file, and DuckDB looks for it.
    sys.modules.setdefault("__main__", types.ModuleType("__main__"))
    if sys.platform != "linux":
        return function(*arguments)

    import resource  # not on Windows

    # Requests have priority over decoders, so answers stay fast while images use all cores.
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, hard))
    # When the time is used up, SIGPROF ends the process, even inside of a decoder's C code. It is
    # processor time, so a file does not count as slow because the machine is busy.
    signal.setitimer(signal.ITIMER_PROF, quick_seconds or 0)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
