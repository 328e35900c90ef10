"""Runs worker processes that serve on one listening socket, and replaces those that fail.

uvicorn's own supervisor asks a thread of a worker whether it lives, so a blocked event loop stays
unnoticed. It also waits for the end of its workers without a limit.
"""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
"""How often a worker has to report from its event loop."""

# Longer than any pause of a healthy worker, also on a machine that has too much to do.
_SILENCE_SECONDS = 60.0

# For what a worker does after its last request: it saves answers and closes connections.
_CLEAN_UP_SECONDS = 15.0

_PAUSE_SECONDS = 1.0

Work = Callable[[socket.socket, Callable[[], None]], bool]
"""Serves until a stop signal, and returns whether it started. It calls its second argument when it
is ready, and then every `BEAT_SECONDS`. Processes import it, so it is a function of a module."""


class Supervisor:
    """The workers of one service. `on_end` gets the process id of each worker that has ended."""

    def __init__(
        self,
        work: Work,
        listener: socket.socket,
        *,
        workers: int,
        graceful_seconds: float,
        silence_seconds: float = _SILENCE_SECONDS,
        on_end: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._work = work
        self._listener = listener
        self._most = workers
        self._graceful_seconds = graceful_seconds
        self._silence_seconds = silence_seconds
        self._on_end = on_end
        self._workers: list[_Worker] = []
        self._is_stopping = False

    def run(self, on_ready: Callable[[], None]) -> bool:
        """Run the workers until a stop signal. Return whether all of them have started.

        `on_ready` is called when they all serve. A worker that ends later is replaced, also one
        whose event loop is blocked. After the signal, workers that do not end in time are killed.
        """
        has_started = False
        with _stop_signals(self._note_signal) as woken:
            self._workers = [self._new_worker() for _ in range(self._most)]
            while not self._is_stopping:
                wait([woken, *(each.sentinel for each in self._workers), *self._reports()], 1)
                with suppress(BlockingIOError):
                    woken.recv(100)
                for worker in self._workers:
                    worker.read_reports()
                if not has_started and all(each.is_ready for each in self._workers):
                    has_started = True
                    on_ready()
                for worker in [each for each in self._workers if self._has_failed(each)]:
                    if not has_started:
                        self._is_stopping = True
                    if not self._is_stopping:
                        self._replace(worker, woken)
            self._stop()
        return has_started

    def _note_signal(self) -> None:
        self._is_stopping = True

    def _reports(self) -> list[Connection]:
        return [each.reports for each in self._workers if not each.reports.closed]

    def _new_worker(self) -> "_Worker":
        return _Worker(self._work, self._listener)

    def _has_failed(self, worker: "_Worker") -> bool:
        if not worker.process.is_alive():
            return True
        if not worker.is_ready or worker.silent_seconds() < self._silence_seconds:
            return False
        logger.error("worker %s does not answer and is killed", worker.process.pid)
        worker.kill()
        return True

    def _replace(self, worker: "_Worker", woken: socket.socket) -> None:
        logger.error(
            "worker %s ended with status %s and is replaced",
            worker.process.pid,
            worker.process.exitcode,
        )
        self._note_end(worker)
        if not worker.is_ready:
            wait([woken], _PAUSE_SECONDS)  # its replacement will probably fail too
        if not self._is_stopping:
            self._workers[self._workers.index(worker)] = self._new_worker()

    def _stop(self) -> None:
        # As soon as the workers have closed the socket too, new connections are refused.
        self._listener.close()
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._graceful_seconds + _CLEAN_UP_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                logger.error("worker %s did not end in time and is killed", worker.process.pid)
                worker.kill()
            self._note_end(worker)

    def _note_end(self, worker: "_Worker") -> None:
        worker.reports.close()
        if worker.process.pid is not None:
            self._on_end(worker.process.pid)


class _Worker:
    """A process that does the work, and the pipe by which it reports that it lives."""

    def __init__(self, work: Work, listener: socket.socket) -> None:
        context = multiprocessing.get_context("spawn")
        self.reports, sending = context.Pipe(duplex=False)
        self.process = context.Process(target=_run, args=(work, listener, sending))
        self.process.start()
        sending.close()
        self.is_ready = False
        self._heard_at = time.monotonic()

    @property
    def sentinel(self) -> int:
        return self.process.sentinel

    def read_reports(self) -> None:
        with suppress(EOFError, OSError):
            while not self.reports.closed and self.reports.poll():
                self.reports.recv_bytes()
                self.is_ready = True
                self._heard_at = time.monotonic()

    def silent_seconds(self) -> float:
        return time.monotonic() - self._heard_at

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def _run(work: Work, listener: socket.socket, reports: Connection) -> None:
    """Do the work in a worker process."""

    def end_with_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(0 if work(listener, lambda: reports.send_bytes(b".")) else 1)


@contextmanager
def _stop_signals(note: Callable[[], None]) -> Iterator[socket.socket]:
    """Call `note` for each stop signal. The yielded socket is readable after one."""
    woken, waker = socket.socketpair()
    with woken, waker:
        woken.setblocking(False)
        waker.setblocking(False)
        earlier = signal.set_wakeup_fd(waker.fileno())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: note())
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(earlier)
