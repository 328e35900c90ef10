"""`POST /chatkit`: the ChatKit protocol. An operation answers by JSON or by Server-Sent Events."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from chatkit.types import ChatKitReq, is_streaming_req
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import paths
from app.chat.server import AssistantServer, parse_request
from app.chat.stream import StreamedAnswer, error_event
from app.errors import AppError, Unavailable
from app.http.authentication import Authentication
from app.http.limits import ConcurrencyLimit
from app.telemetry import logs, metrics, tracing

_EVENT_STREAM = "text/event-stream"

# `no-transform` and nginx's own header keep proxies from buffering events.
_STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class ChatKitEndpoint:
    """Passes operations to the ChatKit server. `streams` limits the answers of each user."""

    def __init__(
        self, server: AssistantServer, authentication: Authentication, streams: ConcurrencyLimit
    ) -> None:
        self._server = server
        self._authentication = authentication
        self._streams = streams

    def routes(self) -> Sequence[Route]:
        return [Route(paths.CHATKIT, self.respond, methods=["POST"])]

    async def respond(self, request: Request) -> Response:
        context = await self._authentication.context(request)
        operation = parse_request(await request.body())
        context = replace(context, metadata=operation.metadata)
        metrics.operations.labels(operation.type).inc()
        with ExitStack() as held:
            span = tracing.start_operation(f"chatkit {operation.type}")
            held.enter_context(tracing.ending(span))
            try:
                if is_streaming_req(operation):
                    held.enter_context(self._streams.slot(context.user_id))
                with tracing.parent(span):
                    logs.bind(operation=operation.type, **_ids(operation))
                    result = await self._server.handle(operation, context)
            except Unavailable:
                # Nothing was stored, and ChatKit's client repeats a request after a 503.
                raise
            except AppError as error:
                # ChatKit's client shows only the status of a 4xx, but the words of an error event.
                wants_events = _EVENT_STREAM in request.headers.get("accept", "")
                if not (wants_events and is_streaming_req(operation)):
                    raise
                return Response(
                    error_event(error), media_type=_EVENT_STREAM, headers=_STREAM_HEADERS
                )
            if isinstance(result, StreamedAnswer):
                until_done = held.pop_all()
                result.task.add_done_callback(lambda _: until_done.close())
                return _AnswerResponse(result)
        return Response(result.json, media_type="application/json")


def _ids(operation: ChatKitReq) -> dict[str, str]:
    """Return the ids of the thread and the attachment that an operation names, for the logs."""
    params = getattr(operation, "params", None)
    return {
        name: value
        for name in ("thread", "attachment")
        if isinstance(value := getattr(params, f"{name}_id", None), str)
    }


class _AnswerResponse(StreamingResponse):
    """Streams an answer, and cancels it when the client disconnects at any point."""

    def __init__(self, answer: StreamedAnswer) -> None:
        super().__init__(answer, media_type=_EVENT_STREAM, headers=_STREAM_HEADERS)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answer.cancel()
