"""Runs decoders in worker processes with limits, so that no file can block the server."""

import os
import sys
import types
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_process
from anyio import BrokenWorkerProcess, CapacityLimiter

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

_NICENESS = 10
# This is address space, of which libraries and thread arenas reserve far more than they use.
_ADDRESS_SPACE_BYTES = 2 * 1024**3


class WorkFailed(Exception):
    """The worker was stopped at its time limit, died or raised. The message is a clause."""


class Workers:
    """A pool of processes. They start when needed, and end when idle for minutes or hung."""

    def __init__(self, *, processes: int | None = None, timeout_seconds: float = 20) -> None:
        self._slots = CapacityLimiter(processes or max(1, (os.cpu_count() or 2)))
        self._timeout_seconds = timeout_seconds

    async def run(
        self,
        function: Callable[[*Arguments], Result],
        *arguments: *Arguments,
        times_longer: float = 1,
    ) -> Result:
        """Call a module-level function in a worker and return its result. Raises `WorkFailed`.

        The time limit does not include the wait for a free worker. `times_longer` extends it.
        """
        timeout_seconds = self._timeout_seconds * times_longer
        async with self._slots:
            try:
                with anyio.fail_after(timeout_seconds):
                    return await anyio.to_process.run_sync(
                        _limited,
                        function,
                        arguments,
                        cancellable=True,
                        limiter=CapacityLimiter(1),
                    )
            except TimeoutError:
                raise WorkFailed(
                    f"it took longer than {timeout_seconds:g} seconds to read"
                ) from None
            except (BrokenWorkerProcess, MemoryError) as problem:
                raise WorkFailed("reading it took too much memory or broke the reader") from problem
            except Exception as problem:
                # Decoders raise errors of any type for invalid data, and all mean the same.
                raise WorkFailed(f"the reader failed on it ({str(problem)[:200]})") from problem


def _limited(function: Callable[..., Result], arguments: tuple[object, ...]) -> Result:
    # anyio removes it if the server's own main module is no file, and DuckDB looks for it.
    sys.modules.setdefault("__main__", types.ModuleType("__main__"))
    if sys.platform == "linux":
        import resource  # not on Windows

        # Requests have priority over decoders, so answers stay fast while images use all cores.
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE_BYTES, hard))
    return function(*arguments)
