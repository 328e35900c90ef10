"""An ASGI application, served on loopback in a thread of the test process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(
    application: ASGIApp, *, listener: socket.socket | None = None, **options: Any
) -> Iterator[str]:
    """Serve on a free port; yield the base URL when the application has started.

    `listener` is a bound socket to serve on instead, for a URL that has to be known earlier.
    `options` are uvicorn's.
    """
    defaults: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "log_level": "warning",
        "access_log": False,
        "timeout_graceful_shutdown": 5,
    }
    server = uvicorn.Server(uvicorn.Config(application, **(defaults | options)))
    sockets = None if listener is None else [listener]
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        if not thread.is_alive():
            raise RuntimeError("the application did not start; its log says why")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
