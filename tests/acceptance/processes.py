"""The real commands in processes that start fast: forked from one that has imported everything.

Each is a process of its own that runs `app.cli` with its arguments and its environment, dies by a
real SIGKILL, and shares nothing with the test but files.
"""

import logging
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.acceptance.command import clean_environment
from tests.waiting import wait_until

KILLED = -signal.SIGKILL
_ENDS_WITHIN_SECONDS = 60


def fork_server() -> ForkServerContext:
    """A context whose processes come with the application imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.cli", "app.maintenance", "app.wiring.application"])
    return context


class Process:
    """A running command."""

    def __init__(self, process: ForkServerProcess, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def url(self) -> str:
        """Where it serves, as soon as it does."""

        def ready() -> re.Match[str] | None:
            assert self._process.is_alive(), self.output
            return re.search(r"^Ready: (http://\S+)$", self.output, re.MULTILINE)

        return wait_until(ready, seconds=60, state=lambda: self.output).group(1)

    def wait_for(self, words: str) -> None:
        """Until it has said `words`."""
        wait_until(lambda: words in self.output, seconds=60, state=lambda: self.output)

    def exit_status(self) -> int:
        """Wait for its end; negative for the signal that ended it."""
        self._process.join(_ENDS_WITHIN_SECONDS)
        assert self._process.exitcode is not None, f"it does not end:\n{self.output}"
        return self._process.exitcode

    def kill(self) -> None:
        """As a power cut does."""
        self._process.kill()

    def terminate(self) -> None:
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(_ENDS_WITHIN_SECONDS)


@contextmanager
def running(
    context: ForkServerContext, arguments: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[Process]:
    """Run `python -m app <arguments>` with nothing but `environment`."""
    process = context.Process(
        target=_run, args=(arguments, clean_environment(environment), str(log)), daemon=False
    )
    process.start()
    started = Process(process, log)
    try:
        yield started
    finally:
        started.terminate()
        process.close()


def _run(arguments: list[str], environment: dict[str, str], log: str) -> None:
    import importlib

    output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(environment)
    # It read its environment when it was imported, before there was this process.
    importlib.reload(importlib.import_module("app.faults"))
    sys.argv = ["app", *arguments]
    logging.captureWarnings(True)
    importlib.import_module("app.cli").main()
