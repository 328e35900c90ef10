"""The stand-in for benchmarks: it answers at once, and checks requests after the measurement.

To parse and check a request of 25 MB takes 0.2 s or more of a core, which the measured service
would lack on a machine with two. So requests are kept as bytes until `GET /check`, or `check`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.model_api.api import ModelApi
from tests.model_api.forms import fields_of
from tests.model_api.prompts import Usage
from tests.model_api.received import Received
from tests.model_api.rejections import Rejection
from tests.model_api.replies import OutputItem, Reply, Silence
from tests.model_api.responses import ResponseStream

_STREAMS = b'"stream":true'


class DeferredApi:
    """The Responses API and uploads to the Files API.

    `answer` makes a reply of a request's length and of whether it streams. A reply that falls
    silent is silent until the client goes away.
    """

    def __init__(self, answer: Callable[[int, bool], OutputItem]) -> None:
        self._answer = answer
        self._kept: list[bytes] = []
        self._judge = ModelApi()

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/responses", self._respond, methods=["POST"]),
                Route("/v1/files", self._upload, methods=["POST"]),
                Route("/v1/files", self._files, methods=["GET"]),
                Route("/check", self._check),
            ]
        )

    def check(self) -> list[str]:
        """What OpenAI would have rejected since the last check."""
        kept, self._kept = self._kept, []
        problems: list[str] = []
        for raw in kept:
            received = Received("/v1/responses", json.loads(raw), len(raw), {})
            try:
                self._judge.answer_of_model(received)
            except Rejection as rejection:
                problems.append(str(rejection))
        return problems

    async def _respond(self, request: Request) -> Response:
        raw = await request.body()
        self._kept.append(raw)
        streams = _STREAMS in raw
        reply = Reply(self._answer(len(raw), streams))
        stream = ResponseStream(reply, {"model": "gpt-5-mini"}, Usage(0, 0, 0, 0), 0)
        if streams:
            return StreamingResponse(_events(stream), media_type="text/event-stream")
        return JSONResponse(stream.response())

    async def _upload(self, request: Request) -> Response:
        received = Received("/v1/files", {}, 0, {})
        async with request.form() as form:
            received.body, filename, body = fields_of(form)
        return JSONResponse(self._judge.upload(received, filename, body))

    async def _files(self, request: Request) -> Response:
        return JSONResponse(self._judge.uploads.page(request.query_params))

    async def _check(self, request: Request) -> Response:
        return JSONResponse(self.check())


async def _events(stream: ResponseStream) -> AsyncIterator[str]:
    for event in stream.events():
        if isinstance(event, Silence):
            await asyncio.Event().wait()
        else:
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
