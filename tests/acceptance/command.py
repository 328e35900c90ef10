"""Starting the real commands and looking at what they leave behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
READY_SECONDS = 120
STOP_SECONDS = 60


class Command:
    """A running command with its output in a file, for reading along."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for_output(self, pattern: str, *, seconds: float = READY_SECONDS) -> re.Match[str]:
        """The first match of `pattern` in the output; fails when the command ends without it."""

        def found() -> re.Match[str] | None:
            # The end is looked at first: what was printed last is then in the output.
            ended = self.process.poll() is not None
            match = re.search(pattern, self.output, re.MULTILINE)
            assert match or not ended, f"ended before {pattern!r}:\n{self.output}"
            return match

        return wait_until(
            found, seconds=seconds, state=lambda: f"no {pattern!r} in:\n{self.output}"
        )

    def wait_until_ready(self) -> str:
        """The URL it says it serves at."""
        return self.wait_for_output(r"^Ready: (http://\S+)$").group(1)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, wait, and return its exit status."""
        self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)

    def family(self) -> list[psutil.Process]:
        """The command and everything below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def running(
    arguments: Sequence[str], *, log: Path, directory: Path = ROOT, **settings: str
) -> Iterator[Command]:
    """Run a command with nothing in its environment but `settings`; end it if it still runs."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments,
            cwd=directory,
            env=clean_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    command = Command(process, log)
    try:
        yield command
    finally:
        if process.poll() is None:
            command.end()


def app(*arguments: str) -> list[str]:
    """The command line of `python -m app …` under this interpreter."""
    return [sys.executable, "-m", "app", *arguments]


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a shell has, without any of our settings: those come from `settings` alone."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TERM")
    network = ("PIP_", "SSL_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA")
    return {
        name: value
        for name, value in os.environ.items()
        if name in kept or name.upper().startswith(network)
    } | dict(settings)


def processes_of(data_dir: Path) -> list[str]:
    """The command lines of all running processes that work on `data_dir`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(data_dir) in line:
            found.append(line)
    return found


def listeners(processes: Sequence[psutil.Process]) -> list[tuple[str, int, str]]:
    """(address, port, process name) of every TCP listener and bound UDP port of `processes`."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # PostgreSQL's children come and go
            found += [
                (connection.laddr.ip, connection.laddr.port, process.name())
                for connection in process.net_connections("inet")
                if connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
            ]
    return found
