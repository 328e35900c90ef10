"""The stand-in over real HTTP, on a port of its own."""

import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.model_api.api import ModelApi
from tests.model_api.completions import CompletionStream
from tests.model_api.forms import fields_of
from tests.model_api.prompts import Usage
from tests.model_api.received import Received
from tests.model_api.rejections import Rejection
from tests.model_api.replies import Failed, Reply, ScriptedRejection, Silence
from tests.model_api.responses import Breaks, ResponseStream
from tests.waiting import wait_until_async

Json = dict[str, Any]
Handler = Callable[[Request, Received], Awaitable[Response]]


class ModelServer:
    """The operations of the API as routes."""

    def __init__(self, api: ModelApi) -> None:
        self._api = api

    def application(self) -> Starlette:
        routes = {
            "/responses": {"POST": self._model},
            "/chat/completions": {"POST": self._model},
            "/audio/transcriptions": {"POST": self._transcription},
            "/files": {"POST": self._upload, "GET": self._files},
            "/files/{file_id}": {"GET": self._file, "DELETE": self._delete},
            "/files/{file_id}/content": {"GET": self._content},
        }
        return Starlette(
            routes=[
                Route(f"/v1{path}", self._checked(handler), methods=[method])
                for path, handlers in routes.items()
                for method, handler in handlers.items()
            ],
            exception_handlers={HTTPException: _no_such_operation},
        )

    def _checked(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Record the request, and answer with the rejection if there is one."""

        async def handle(request: Request) -> Response:
            raw = await request.body()
            received = Received(request.url.path, {}, len(raw), dict(request.headers))
            self._api.received.append(received)
            try:
                _check_key(request)
                if request.url.path.startswith("/v1/files") and not self._api.has_files:
                    raise ScriptedRejection(
                        f"Invalid URL ({request.method} {request.url.path})", status=404
                    )
                return await handler(request, received)
            except Rejection as rejection:
                if not isinstance(rejection, ScriptedRejection):
                    received.rejection = rejection
                return JSONResponse(rejection.body(), rejection.status)

        return handle

    async def _model(self, request: Request, received: Received) -> Response:
        received.body = _parsed(await request.body())
        streams = bool(received.body.get("stream"))
        try:
            stream = self._api.answer_of_model(received)
        except Rejection as rejection:
            overflows = rejection.code == "context_length_exceeded"
            if not (overflows and streams and self._api.overflow_in_stream):
                raise
            received.rejection = rejection
            stream = _overflow(received.body, rejection)
        if streams:
            return StreamingResponse(self._events(stream), media_type="text/event-stream")
        try:
            answer = stream.response()
        except Breaks:
            return StreamingResponse(_broken(), media_type="application/json")
        return JSONResponse(answer, 500 if "object" not in answer else 200)

    async def _transcription(self, request: Request, received: Received) -> Response:
        async with request.form() as form:
            received.body, filename, body = fields_of(form)
        return JSONResponse(self._api.transcription(received, filename, body))

    async def _upload(self, request: Request, received: Received) -> Response:
        async with request.form() as form:
            received.body, filename, body = fields_of(form)
        return JSONResponse(self._api.upload(received, filename, body))

    async def _files(self, request: Request, received: Received) -> Response:
        return JSONResponse(self._api.uploads.page(request.query_params))

    async def _file(self, request: Request, received: Received) -> Response:
        return JSONResponse(self._api.uploads.find(request.path_params["file_id"]).fields())

    async def _content(self, request: Request, received: Received) -> Response:
        return Response(self._api.uploads.content(request.path_params["file_id"]))

    async def _delete(self, request: Request, received: Received) -> Response:
        return JSONResponse(self._api.deletion(request.path_params["file_id"]))

    async def _events(self, stream: ResponseStream | CompletionStream) -> AsyncIterator[str]:
        for event in stream.events():
            if isinstance(event, Silence):
                await self._silence()
                continue
            name = f"event: {event['type']}\n" if "type" in event else ""
            yield f"{name}data: {json.dumps(event)}\n\n"
        if isinstance(stream, CompletionStream):
            yield "data: [DONE]\n\n"

    async def _silence(self) -> None:
        try:
            await wait_until_async(self._is_released, seconds=600)
        finally:
            self._api.cancelled.set()

    async def _is_released(self) -> bool:
        return self._api.released.is_set()


def _check_key(request: Request) -> None:
    if not request.headers.get("authorization", "").startswith("Bearer "):
        raise Rejection(
            "You didn't provide an API key. You need to provide your API key in an Authorization"
            " header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
            status=401,
        )


def _parsed(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Rejection("We could not parse the JSON body of your request.")
    return body


def _overflow(body: Json, rejection: Rejection) -> ResponseStream:
    ending = Failed(rejection.message, str(rejection.code))
    return ResponseStream(Reply(ending=ending), body, Usage(0, 0, 0, 0), 0)


async def _broken() -> AsyncIterator[str]:
    yield '{"id": '
    raise Breaks


async def _no_such_operation(request: Request, problem: Exception) -> Response:
    rejection = Rejection(f"Invalid URL ({request.method} {request.url.path})", status=404)
    return JSONResponse(rejection.body(), rejection.status)


@contextmanager
def serving(api: ModelApi) -> Iterator[ModelApi]:
    """Serve `api` until the block is left."""
    config = uvicorn.Config(
        ModelServer(api).application(),
        host="127.0.0.1",
        port=0,
        lifespan="off",
        log_level="critical",  # a connection that has to break would be logged as an error
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    started = threading.Event()
    while not server.started and thread.is_alive():
        started.wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    api.base_url = f"http://127.0.0.1:{port}/v1"
    try:
        yield api
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()
