"""Kept-alive HTTP/1.1 connections to one host, for requests whose bodies are streamed.

A general HTTP client serializes, times and retries uploads by its own rules. These need little:
write with backpressure, read an answer that comes before the body is complete, and end the
connection to a peer that does not answer.
"""

import asyncio
import os
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import SplitResult

import httptools
from botocore.httpsession import get_cert_path

_CONNECT_TIMEOUT_SECONDS = 2.0
# The longest time in which the peer reads nothing of what it was sent.
_STALL_TIMEOUT_SECONDS = 60.0
# The longest time between the last byte and the answer. A store that spools a form before it keeps
# the file needs time by its size, and more if many arrive at once.
_ANSWER_TIMEOUT_SECONDS = 60.0
_SLOW_PEER_BYTES_A_SECOND = 1024 * 1024
# Servers close idle connections too, some after 5 seconds. Closing first avoids a race with them.
_IDLE_SECONDS = 4.0
_MAX_IDLE = 32
_MAX_ANSWER_BYTES = 64 * 1024
_WRITE_BUFFER_BYTES = 256 * 1024


class ConnectionBroken(Exception):
    """The peer can't be reached, closed the connection, timed out, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    """Status and body. Of a longer body, only the first 64 KiB are kept."""

    status: int
    body: bytes


class Connections:
    """A pool of connections to the host of `url`. Leaving it as a context closes the idle ones."""

    def __init__(self, url: SplitResult) -> None:
        self._host = url.hostname or ""
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._tls = _tls_context() if url.scheme == "https" else None
        self._idle: deque[tuple[float, _Connection]] = deque()

    async def __aenter__(self) -> "Connections":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    async def exchange(self, head: bytes, chunks: AsyncIterator[bytes]) -> RawResponse:
        """Send `head` together with the first chunk, then the other chunks, and return the answer.

        If the answer comes before the last chunk, the remaining chunks are not read. If `chunks`
        raises, the connection is aborted, so the peer sees an incomplete request. Raises
        `ConnectionBroken`.
        """
        opening = head + await anext(chunks, b"")
        connection = self._take_idle()
        if connection is not None:
            try:
                return await self._exchange(connection, opening, chunks)
            except _StaleConnection:
                pass  # only the opening was consumed, and a new connection can send it again
        return await self._exchange(await self._connect(), opening, chunks)

    async def _exchange(
        self, connection: "_Connection", opening: bytes, chunks: AsyncIterator[bytes]
    ) -> RawResponse:
        try:
            answer = await connection.exchange(opening, chunks)
        except BaseException:
            connection.abort()
            raise
        if connection.reusable and len(self._idle) < _MAX_IDLE:
            self._idle.append((time.monotonic(), connection))
        else:
            connection.abort()  # closing would still try to send what the peer did not read
        return answer

    def _take_idle(self) -> "_Connection | None":
        oldest = time.monotonic() - _IDLE_SECONDS
        while self._idle and self._idle[0][0] < oldest:
            self._idle.popleft()[1].close()
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.lost:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_SECONDS):
                _, connection = await loop.create_connection(
                    _Connection, self._host, self._port, ssl=self._tls
                )
        except OSError as exc:  # TimeoutError is one
            raise ConnectionBroken(f"no connection to {self._host}:{self._port}") from exc
        return connection


class _StaleConnection(ConnectionBroken):
    """The peer had closed an idle connection before it answered anything on it."""


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self.lost = False
        self._used_before = False
        self._writing_paused = False
        self._changed = asyncio.Event()
        self._start_answer()

    def _start_answer(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._answer: RawResponse | None = None
        self._sent_all = False
        self._keep_alive = False

    @property
    def reusable(self) -> bool:
        return self._sent_all and self._keep_alive and not self.lost

    async def exchange(self, opening: bytes, chunks: AsyncIterator[bytes]) -> RawResponse:
        self._start_answer()
        reused, self._used_before = self._used_before, True
        self._transport.write(opening)
        sent = len(opening)
        async for chunk in chunks:
            if not chunk:
                continue
            if self._writing_paused:
                await self._until(lambda: not self._writing_paused, _STALL_TIMEOUT_SECONDS)
            if self._answer is not None or self.lost:
                break
            reused = False  # from here on, sending the opening again would not be enough
            self._transport.write(chunk)
            sent += len(chunk)
        else:
            self._sent_all = True
        try:
            timeout_seconds = _ANSWER_TIMEOUT_SECONDS + sent / _SLOW_PEER_BYTES_A_SECOND
            await self._until(lambda: self._answer is not None, timeout_seconds)
        except ConnectionBroken as exc:
            if reused and self.lost:
                raise _StaleConnection from exc
            raise
        assert self._answer is not None  # noqa: S101 - `_until` waited for it
        return self._answer

    async def _until(self, condition: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait for `condition` or for an answer. Raises `ConnectionBroken`."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self._answer is None and not condition():
                    if self.lost:
                        raise ConnectionBroken("the connection was closed")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as exc:
            raise ConnectionBroken("the peer timed out") from exc

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(_WRITE_BUFFER_BYTES)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._changed.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._changed.set()

    # httptools: the parts of an answer

    def on_body(self, body: bytes) -> None:
        if len(self._body) < _MAX_ANSWER_BYTES:
            self._body += body[: _MAX_ANSWER_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:  # an informational response is followed by the answer
            self._answer = RawResponse(status, bytes(self._body))
            self._keep_alive = self._parser.should_keep_alive()  # only known now
            self._changed.set()


def _tls_context() -> ssl.SSLContext:
    """Return a context that trusts what botocore trusts: AWS_CA_BUNDLE, or else its own list."""
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True))
