"""A proxy that changes or answers the requests for a server, as real ones do."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import serving

_HOP_BY_HOP = ("connection", "transfer-encoding", "content-encoding", "content-length", "server")
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]

Answers = Callable[[Request], Response | None]
Changes = Callable[[Request, Response], None]
Delays = Callable[[Request], float]


@dataclass(frozen=True)
class Middlebox:
    """Forwards requests to `target` with their Host header, so that signatures stay valid.

    `delays` returns how many seconds a request is held. Then `answers` may respond instead of the
    target; `changes` may change the target's response.
    """

    target: str
    answers: Answers = lambda request: None
    changes: Changes = lambda request, response: None
    host: str | None = None
    delays: Delays = lambda request: 0.0

    async def __call__(self, request: Request) -> Response:
        await asyncio.sleep(self.delays(request))
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
    delays: Delays = lambda request: 0.0,
) -> Iterator[str]:
    """Run a middlebox. Yield its URL."""
    handler = Middlebox(target, answers, changes, host, delays)
    application = Starlette(routes=[Route("/{path:path}", handler.__call__, methods=_METHODS)])
    with serving(application, date_header=False, lifespan="off") as url:
        yield url


def s3_error(status: int, code: str, message: str = "Told to the client.") -> Response:
    """Return an error in the format of S3."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, media_type="application/xml")
