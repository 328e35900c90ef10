"""`POST /chatkit`: the ChatKit protocol. The response is JSON or Server-Sent Events."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from chatkit.types import ChatKitReq, is_streaming_req
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import paths
from app.chat.requests import parse_request
from app.chat.server import AssistantServer
from app.chat.stream import StreamedAnswer, error_event
from app.errors import (
    AppError,
    InvalidRequest,
    RequestTooLarge,
    ScannerUnavailable,
    Unavailable,
)
from app.http.authentication import Authentication
from app.http.json_bounds import check_structure, is_flat
from app.http.limits import ConcurrencyLimit, request_too_large
from app.telemetry import logs, metrics, tracing

_EVENT_STREAM = "text/event-stream"

# `no-transform` and nginx's own header keep proxies from buffering events.
_STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class ChatKitEndpoint:
    """Passes operations to the ChatKit server. `streams` limits each user's concurrent answers.

    `max_request_bytes` applies to all operations except dictation, which sends its audio in JSON.
    """

    def __init__(
        self,
        server: AssistantServer,
        authentication: Authentication,
        streams: ConcurrencyLimit,
        *,
        max_request_bytes: int,
    ) -> None:
        self._server = server
        self._authentication = authentication
        self._streams = streams
        self._max_request_bytes = max_request_bytes

    def routes(self) -> Sequence[Route]:
        return [Route(paths.CHATKIT, self.respond, methods=["POST"])]

    async def respond(self, request: Request) -> Response:
        context = await self._authentication.context(request)
        wants_events = _EVENT_STREAM in request.headers.get("accept", "")
        try:
            operation = self._parse(await request.body())
        except RequestTooLarge as error:
            if not wants_events:
                raise
            return _event_response(error)
        context = replace(context, metadata=operation.metadata)
        metrics.operations.labels(operation.type).inc()
        with ExitStack() as slot, ExitStack() as held:
            span = tracing.start_operation(f"chatkit {operation.type}")
            held.enter_context(tracing.ending(span))
            try:
                if is_streaming_req(operation):
                    slot.enter_context(self._streams.slot(context.user_id))
                with tracing.parent(span):
                    logs.bind(operation=operation.type, **_ids(operation))
                    result = await self._server.handle(operation, context)
            except AppError as error:
                # Nothing was stored, and ChatKit's client repeats a request after a 503, without
                # a word. A file may wait for its scan for longer, so its user reads why.
                is_repeated = isinstance(error, Unavailable) and not isinstance(
                    error, ScannerUnavailable
                )
                if is_repeated or not (wants_events and is_streaming_req(operation)):
                    raise
                return _event_response(error)
            if isinstance(result, StreamedAnswer):
                until_done = held.pop_all()
                result.task.add_done_callback(lambda _: until_done.close())
                return _AnswerResponse(result, slot.pop_all())
        return Response(result.json, media_type="application/json")

    def _parse(self, body: bytes) -> ChatKitReq:
        """Return the operation. Parsing takes 10 milliseconds at most for any body.

        Raises `InvalidRequest` and `RequestTooLarge`.
        """
        if len(body) <= self._max_request_bytes:
            check_structure(body)
            return parse_request(body)
        if is_flat(body):
            with suppress(InvalidRequest):
                operation = parse_request(body)
                if operation.type == "input.transcribe":
                    return operation
        raise request_too_large(self._max_request_bytes)


def _event_response(error: AppError) -> Response:
    """Return an error event, because ChatKit's client shows only the status of a 4xx."""
    return Response(error_event(error), media_type=_EVENT_STREAM, headers=_STREAM_HEADERS)


def _ids(operation: ChatKitReq) -> dict[str, str]:
    """Return the ids of the thread and the attachment that an operation names, for the logs."""
    params = getattr(operation, "params", None)
    return {
        name: value
        for name in ("thread", "attachment")
        if isinstance(value := getattr(params, f"{name}_id", None), str)
    }


class _AnswerResponse(StreamingResponse):
    """Streams an answer, and cancels it when the client disconnects at any point.

    It closes `slot` when the answer has ended and the client has received it, because an answer
    that is not read occupies memory too.
    """

    def __init__(self, answer: StreamedAnswer, slot: ExitStack) -> None:
        super().__init__(answer, media_type=_EVENT_STREAM, headers=_STREAM_HEADERS)
        self._answer = answer
        self._slot = slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answer.cancel()
            self._answer.task.add_done_callback(lambda _: self._slot.close())
