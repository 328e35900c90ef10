"""Runs decoding in worker processes with limits: nothing that a file does can stall the server."""

import os
import sys
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_process
from anyio import BrokenWorkerProcess, CapacityLimiter

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

_NICENESS = 10
# Address space, not resident memory: libraries and thread arenas reserve far more than they use.
_ADDRESS_SPACE_BYTES = 2 * 1024**3


class WorkFailed(Exception):
    """The worker was stopped at its time limit, or died; the message says which."""


class Workers:
    """A few processes, started when first needed and killed when idle for minutes or hung."""

    def __init__(self, *, processes: int | None = None, timeout_seconds: float = 20) -> None:
        self._slots = CapacityLimiter(processes or max(1, (os.cpu_count() or 2)))
        self._timeout_seconds = timeout_seconds

    async def run(self, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """Call a module-level function in a worker. Raises `WorkFailed`.

        The time limit counts from the start of the work, not from the wait for a free worker.
        """
        async with self._slots:
            try:
                with anyio.fail_after(self._timeout_seconds):
                    return await anyio.to_process.run_sync(
                        _limited,
                        function,
                        arguments,
                        cancellable=True,
                        limiter=CapacityLimiter(1),
                    )
            except TimeoutError:
                raise WorkFailed(
                    f"it took longer than {self._timeout_seconds:g} seconds to read"
                ) from None
            except (BrokenWorkerProcess, MemoryError) as problem:
                raise WorkFailed("reading it took too much memory or broke the reader") from problem
            except Exception as problem:
                # Decoders raise anything at all when fed garbage, and every one means the same.
                raise WorkFailed(f"the reader failed on it ({str(problem)[:200]})") from problem


def _limited(function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    if sys.platform == "linux":
        import resource  # not on Windows

        # Whoever waits for an answer goes before a decoder: requests stay quick while all cores
        # are busy with images.
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, hard))
    return function(*arguments)
