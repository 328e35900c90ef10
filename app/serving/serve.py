"""Runs the application under uvicorn on a socket that was bound beforehand.

The port is bound before anything slow starts. So a port in use is reported at once, and no other
program can take the port during the start.
"""

import signal
import socket
import time
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from app.serving.deadlines import DeadlineProtocol
from app.serving.supervisor import BEAT_SECONDS

LISTEN_BACKLOG = 2048


class PortInUse(Exception):
    """The address can't be listened on. The message says why and what to do."""


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`:`port`. Port 0 takes any free one.

    Raises `PortInUse`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise PortInUse(f"{host!r} is not an address to listen on ({exc.strerror})") from exc
    # Otherwise connections of an earlier run, while they close, would keep the port occupied.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        # Two sockets may be bound to one port until one of them listens.
        listener.listen(LISTEN_BACKLOG)
    except OSError as exc:
        listener.close()
        raise PortInUse(
            f"Port {port} of {host} can't be used ({exc.strerror}): "
            "stop the program that listens there, or choose another port with PORT"
        ) from exc
    return listener


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], on_beat: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_beat = on_beat
        self._next_beat = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        """Do what uvicorn does ten times a second in the event loop."""
        if (now := time.monotonic()) >= self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            self._on_beat()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn skips this after a second signal, but connections have to be closed.
            await self.lifespan.shutdown()


def serve(
    application: Starlette,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None],
    graceful_seconds: int,
    on_beat: Callable[[], None] = lambda: None,
) -> bool:
    """Serve until a stop signal. Return whether the application started.

    `on_ready` is called when the server answers, and `on_beat` every few seconds from its event
    loop. At the end, open requests get `graceful_seconds`
    to finish; a second SIGINT ends them at once. There is no access log, because the query of an
    upload or preview link is a capability and must not be in log files.
    """
    server = _Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http=DeadlineProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=LISTEN_BACKLOG,
            timeout_graceful_shutdown=graceful_seconds,
        ),
        on_ready,
        on_beat,
    )
    # uvicorn has its own handlers while it runs, and repeats every signal to these afterwards. They
    # also catch signals before and after that, so a second Ctrl-C does not interrupt the clean-up.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run(sockets=[listener])
    return server.started
