"""A proxy that stands in front of a server and gets things wrong, as real ones do."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

_HOP_BY_HOP = ("connection", "transfer-encoding", "content-encoding", "content-length", "server")
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]

Answers = Callable[[Request], Response | None]
Changes = Callable[[Request, Response], None]


@dataclass(frozen=True)
class Middlebox:
    """Hands requests on to `target` with their Host header, so that signatures stay valid.

    `answers` may answer in the target's place; `changes` may spoil the target's answer.
    """

    target: str
    answers: Answers = lambda request: None
    changes: Changes = lambda request, response: None
    host: str | None = None

    async def __call__(self, request: Request) -> Response:
        answer = self.answers(request)
        if answer is not None:
            return answer
        headers = [(name, value) for name, value in request.headers.raw if name != b"connection"]
        if self.host is not None:
            headers = [*((n, v) for n, v in headers if n != b"host"), (b"host", self.host.encode())]
        path = request.scope["raw_path"].decode()
        query = request.scope["query_string"].decode()
        async with httpx.AsyncClient(trust_env=False) as client:
            received = await client.request(
                request.method,
                f"{self.target}{path}" + (f"?{query}" if query else ""),
                headers=headers,
                content=await request.body(),
            )
        response = Response(received.content, received.status_code)
        for name, value in received.headers.items():
            if name not in _HOP_BY_HOP:
                response.headers[name] = value
        if request.method == "HEAD" and "content-length" in received.headers:
            response.headers["content-length"] = received.headers["content-length"]
        self.changes(request, response)
        return response


@contextmanager
def in_front_of(
    target: str,
    *,
    answers: Answers = lambda request: None,
    changes: Changes = lambda request, response: None,
    host: str | None = None,
) -> Iterator[str]:
    """Run a middlebox; yields its URL."""
    handler = Middlebox(target, answers, changes, host)
    application = Starlette(routes=[Route("/{path:path}", handler.__call__, methods=_METHODS)])
    with listening(application) as url:
        yield url


@contextmanager
def listening(application: ASGIApp) -> Iterator[str]:
    """Serve an ASGI application on a free port of loopback, in a thread; yields its URL."""
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            access_log=False,
            date_header=False,
            lifespan="off",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def s3_error(status: int, code: str, message: str = "Told to the client.") -> Response:
    """An error as S3 writes it."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, media_type="application/xml")
