"""uvicorn's HTTP protocol with deadlines, against clients that are slow on purpose (slowloris).

uvicorn waits for the rest of a request without a limit, and its fast parser keeps headers of any
size until they are complete. It also waits without a limit until a response is read. All of it is
harmless behind a proxy that reads whole requests and responses. Without one, a few thousand
connections that send single bytes, or read nothing, could stop the service.
"""

import asyncio
import socket
import struct

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 64 * 1024

# A body has to arrive at 1 KiB/s on average in every such interval. Intervals in which this service
# itself paused the body, because the bucket is slower, don't count.
BODY_TICK_SECONDS = 20.0
BODY_TICK_BYTES = 20 * 1024

# In every such interval, a client has to read this much of a waiting response, or all of the rest.
WRITE_TICK_SECONDS = 30.0
WRITE_TICK_BYTES = 16 * 1024


class DeadlineProtocol(HttpToolsProtocol):
    """Closes connections whose request does not arrive in time, or whose response is not read."""

    _deadline: asyncio.TimerHandle | None = None
    _write_deadline: asyncio.TimerHandle | None = None
    _unread = 0
    _in_head = True
    _received_in_head = 0
    _received_since_tick = 0
    _was_paused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_deadline(None)
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_watching()
        self._watch_reader()

    def resume_writing(self) -> None:
        self._stop_watching()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # What is left may be too little to pause writing, and closing the connection waits for it.
        self._watch_reader()

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

    def _watch_reader(self) -> None:
        if self._write_deadline is None and (unread := self.transport.get_write_buffer_size()):
            self._unread = unread
            self._write_deadline = self.loop.call_later(WRITE_TICK_SECONDS, self._on_write_deadline)

    def _stop_watching(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _on_write_deadline(self) -> None:
        self._write_deadline = None
        unread = self.transport.get_write_buffer_size()
        # More is unread than before if another response was written. That happens only a few times,
        # because writing pauses.
        if unread <= self._unread and self._unread - unread < min(WRITE_TICK_BYTES, self._unread):
            self._reset()
        else:
            self._watch_reader()

    def _reset(self) -> None:
        """Close the connection and drop what is left: the kernel would keep megabytes of it."""
        if (connection := self.transport.get_extra_info("socket")) is not None:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

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
