"""uvicorn's HTTP protocol with deadlines, against clients that are slow on purpose (slowloris).

uvicorn waits for the rest of a request without a limit, and its fast parser keeps headers of any
size until they are complete. Both are harmless behind a proxy that reads whole requests first.
Without one, a few thousand connections that send single bytes could stop the service.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024

# A body has to arrive at 1 KiB/s on average in every such interval. Intervals in which this service
# itself paused the body, because the bucket is slower, don't count.
BODY_TICK_SECONDS = 20.0
BODY_TICK_BYTES = 20 * 1024


class DeadlineProtocol(HttpToolsProtocol):
    """Closes connections whose request head or body does not arrive in time."""

    _deadline: asyncio.TimerHandle | None = None
    _in_head = True
    _received_in_head = 0
    _received_since_tick = 0
    _was_paused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_deadline(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and self._is_idle():
            # Stray line ends between two requests stop the keep-alive timer and begin no request.
            self._expect_head()
        super().data_received(data)
        if self._in_head:
            self._received_in_head += len(data)
            if self._received_in_head > MAX_HEAD_BYTES:
                self._reject(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._received_since_tick = 0
        self._set_deadline(BODY_TICK_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._received_since_tick += len(body)
        super().on_body(body)
        self._was_paused = self._was_paused or self.flow.read_paused

    def on_message_complete(self) -> None:
        self._set_deadline(None)
        super().on_message_complete()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_head(self) -> None:
        self._in_head = True
        self._received_in_head = 0
        self._set_deadline(HEAD_SECONDS)

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = (
            None if seconds is None else self.loop.call_later(seconds, self._on_deadline)
        )

    def _on_deadline(self) -> None:
        self._deadline = None
        if not self._in_head and (
            self.flow.read_paused
            or self._was_paused
            or self._received_since_tick >= BODY_TICK_BYTES
            or self.cycle.response_complete
        ):
            self._was_paused = self.flow.read_paused
            self._received_since_tick = 0
            self._set_deadline(BODY_TICK_SECONDS)
            return
        self._reject(b"408 Request Timeout")

    def _reject(self, status: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_idle() or not self.cycle.response_started:
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()
