"""Starting, finding again and ending the server processes that belong to a data directory.

Every server runs in a session of its own, so that a Ctrl-C typed at the terminal reaches only the
command that started it, which then ends its servers in the right order.
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
    """An embedded server can't run. The message is one sentence for the person at the terminal."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and its kin for a moment, so that no process is started and forgotten.

    Signals that arrive inside are handled at the end. Only the main thread gets them at all.
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
    """Start `command` in `directory` with its output in `log`, which is emptied first."""
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
def tied_to_us(how: signal.Signals) -> tuple[str, ...]:
    """A command prefix with which a process gets the signal `how` when this one dies.

    That covers SIGKILL, which nobody can clean up after; elsewhere than on Linux it is empty, and
    the next start ends what was left over. The last thing before the command itself: a change of
    user would undo it. "This one" is the starting thread, which has to be the main one (prctl(2)).
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
    """Whether `ready` became true before `process` ended or the time was up."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if ready():
            return True
        time.sleep(_POLL_SECONDS)
    return False


def stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Ask `process` to end with the signal `how`; after the grace period, kill it. Idempotent."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(STOP_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_leftover(pid: int, *, argument: str, how: signal.Signals) -> bool:
    """End what an earlier run, killed before it could clean up, has left running as `pid`.

    Process ids are used again, so only a process that was started with `argument` (its data
    directory) is ended. Returns whether there was one.
    """
    # Of the `embedded` extra, which an installation for production does without.
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
    """`count` different TCP ports that nothing listens on at 127.0.0.1 right now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def socket_directory(preferred: Path) -> Path:
    """`preferred`, or, where its path is too long for unix sockets, a private one elsewhere."""
    if len(os.fsencode(preferred)) <= _LONGEST_SOCKET_DIRECTORY:
        return preferred
    return Path(tempfile.mkdtemp(prefix="sockets-"))


def last_words(log: Path, *markers: str) -> str:
    """The last line of `log` that contains one of `markers`, for a message; else its last line."""
    lines: list[str] = []
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if any("No space left on device" in line or "no space left" in line for line in lines):
        return "no space left on the disk"
    telling = [line for line in lines if any(marker in line for marker in markers)] or lines
    return telling[-1].strip() if telling else "it said nothing"
