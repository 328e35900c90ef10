"""Running the application under uvicorn on a socket that was opened beforehand.

The port is taken before anything slow starts, so "in use" is said at once, and nobody else can
take it in the meantime.
"""

import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from app.serving.deadlines import DeadlineProtocol

LISTEN_BACKLOG = 2048


class PortInUse(Exception):
    """Nothing can listen at the wanted address; the message says why and what to do."""


def take_port(host: str, port: int) -> socket.socket:
    """A socket bound to `host`:`port`, not yet listening. Port 0 takes any free one.

    Raises PortInUse.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise PortInUse(f"{host!r} is no address to listen on ({exc.strerror})") from exc
    # Connections of an earlier run that are still winding down don't keep the port from us.
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        # Two sockets may be bound alike until one listens; only then is the port really ours.
        taken.listen(LISTEN_BACKLOG)
    except OSError as exc:
        taken.close()
        raise PortInUse(
            f"Port {port} of {host} can't be used ({exc.strerror}): "
            "end what listens there, or choose another port with PORT"
        ) from exc
    return taken


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn leaves this out then; what was opened is closed all the same.
            await self.lifespan.shutdown()


def serve(
    application: Starlette,
    taken: socket.socket,
    *,
    on_ready: Callable[[], None],
    graceful_seconds: int,
) -> bool:
    """Serve until SIGINT or SIGTERM; whether it came up at all. `on_ready` runs when it answers.

    Running requests get `graceful_seconds` to finish; a second SIGINT doesn't wait for them.
    No access log: the query of an upload or preview link is a capability, not for log files.
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
    )
    # uvicorn has handlers of its own while it runs, and repeats every signal to ours when it is
    # done. These also catch what arrives before and after: the clean-up that follows is not
    # interrupted by a second Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run(sockets=[taken])
    return server.started
