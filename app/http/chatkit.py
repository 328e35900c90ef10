"""`POST /chatkit`: one endpoint, JSON or Server-Sent Events by operation."""

from contextlib import ExitStack

from chatkit.types import ChatKitReq, is_streaming_req
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.chat.server import AssistantServer, parse_request
from app.chat.stream import StreamedAnswer, error_event
from app.errors import AppError, Unavailable
from app.http.authentication import Authentication
from app.http.limits import ConcurrencyLimit
from app.telemetry import logs, metrics, tracing

_EVENT_STREAM = "text/event-stream"

# `no-transform` and nginx's own header: no proxy may hold events back.
_STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class ChatKitEndpoint:
    """Speaks the ChatKit protocol."""

    def __init__(
        self, server: AssistantServer, authentication: Authentication, streams: ConcurrencyLimit
    ) -> None:
        self._server = server
        self._authentication = authentication
        self._streams = streams

    async def respond(self, request: Request) -> Response:
        context = await self._authentication.context(request)
        operation = parse_request(await request.body())
        metrics.operations.labels(operation.type).inc()
        with ExitStack() as place:
            span = tracing.start_operation(f"chatkit {operation.type}")
            place.enter_context(tracing.ending(span))
            try:
                if is_streaming_req(operation):
                    place.enter_context(self._streams.slot(context.user_id))
                with tracing.parent(span):
                    logs.bind(operation=operation.type, **_ids(operation))
                    result = await self._server.handle(operation, context)
            except Unavailable:
                # ChatKit's client sends the request again after a 503, and nothing was kept.
                raise
            except AppError as error:
                # It shows a 4xx as bare status text, but an error event in words.
                wants_events = _EVENT_STREAM in request.headers.get("accept", "")
                if not (wants_events and is_streaming_req(operation)):
                    raise
                return Response(
                    error_event(error), media_type=_EVENT_STREAM, headers=_STREAM_HEADERS
                )
            if isinstance(result, StreamedAnswer):
                taken = place.pop_all()
                result.task.add_done_callback(lambda _: taken.close())
                return _AnswerResponse(result)
        return Response(result.json, media_type="application/json")


def _ids(operation: ChatKitReq) -> dict[str, str]:
    """What the operation is about, for the logs."""
    params = getattr(operation, "params", None)
    return {
        name: value
        for name in ("thread", "attachment")
        if isinstance(value := getattr(params, f"{name}_id", None), str)
    }


class _AnswerResponse(StreamingResponse):
    """Cancels the answer when the reader goes away, at whatever point that is noticed."""

    def __init__(self, answer: StreamedAnswer) -> None:
        super().__init__(answer, media_type=_EVENT_STREAM, headers=_STREAM_HEADERS)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answer.cancel()
