"""Starts, finds and stops the server processes that belong to a data directory.

Every server runs in a session of its own. So Ctrl-C at the terminal reaches only the command that
started them, which then stops its servers in the right order.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

STOP_GRACE_SECONDS = 20
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_SECONDS = 0.02
# A unix socket's path has room for 103 bytes on macOS, 107 on Linux, file name included.
_LONGEST_SOCKET_DIRECTORY = 80


class CannotStart(Exception):
    """A command can't start. The message is one sentence for the person at the terminal."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay stop signals, so that every process that is started is also recorded.

    The first signal that arrives inside is handled at the end. Only the main thread gets signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _: arrived.append(number)) for each in STOP_SIGNALS
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in arrived[:1]:
            signal.raise_signal(number)


def spawn(
    command: Sequence[str], *, directory: Path, log: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start `command` in `directory`, and write its output to `log`, which is emptied first."""
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own command line, no shell
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@cache
def death_signal_prefix(how: signal.Signals) -> tuple[str, ...]:
    """Return a command prefix with which a process gets the signal `how` when this process dies.

    After a SIGKILL this process can't stop its servers itself. Only Linux has such a prefix;
    elsewhere it is empty, and the next start stops the servers that were left over. It has to stand
    directly before the command, because a change of user would undo it. The main thread has to
    start the process, because the signal is sent when the starting thread ends (prctl(2)).
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    prefix = (setpriv, "--pdeathsig", how.name.removeprefix("SIG"))
    known = subprocess.run([*prefix, "true"], capture_output=True)  # noqa: S603 - our own command
    return prefix if known.returncode == 0 else ()


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], *, timeout_seconds: float
) -> bool:
    """Return whether `ready` became true before `process` ended or the time was up."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if ready():
            return True
        time.sleep(_POLL_SECONDS)
    return False


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Send `process` the signal `how`, and kill it after the grace period. Idempotent."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(STOP_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop_leftover(pid: int, *, argument: str, how: signal.Signals) -> bool:
    """Stop a server with the process id `pid` that a killed run left behind.

    Process ids are reused, so the process is stopped only if it was started with `argument`, its
    data directory. Return whether there was one.
    """
    # A part of the `embedded` extra, which installations for production don't have.
    import psutil

    try:
        leftover = psutil.Process(pid)
        if argument not in leftover.cmdline():
            return False
        leftover.send_signal(how)
        try:
            leftover.wait(STOP_GRACE_SECONDS)
        except psutil.TimeoutExpired:
            leftover.kill()
            leftover.wait(STOP_GRACE_SECONDS)
    except psutil.NoSuchProcess:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Return `count` different TCP ports of 127.0.0.1 that nothing listens on right now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def is_free(port: int) -> bool:
    """Return whether a server could listen on 127.0.0.1:`port` right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def socket_directory(preferred: Path) -> Path:
    """Return `preferred`, or a private directory if that path is too long for unix sockets."""
    if len(os.fsencode(preferred)) <= _LONGEST_SOCKET_DIRECTORY:
        return preferred
    return Path(tempfile.mkdtemp(prefix="sockets-"))


def last_line(log: Path, *markers: str) -> str:
    """Return the last line of `log` with one of `markers`, or else its last line, for a message."""
    lines: list[str] = []
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if any("No space left on device" in line or "no space left" in line for line in lines):
        return "no space left on the disk"
    marked = [line for line in lines if any(marker in line for marker in markers)] or lines
    return marked[-1].strip() if marked else "its log is empty"
