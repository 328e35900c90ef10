"""Kept-alive HTTP/1.1 connections to one host, for requests whose bodies are streamed.

A general client would serialize, time and retry these uploads in ways of its own; what is needed
is little: write with backpressure, notice an answer that comes before the body is complete, and
give up on a silent peer.
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
# How long the peer may take no byte of what it was sent.
_STALL_TIMEOUT_SECONDS = 60.0
# How long it may think when it has everything: stores that spool a form before they keep it need
# time by its size, and more when many arrive at once.
_ANSWER_TIMEOUT_SECONDS = 60.0
_SLOW_PEER_BYTES_A_SECOND = 1024 * 1024
# Servers close idle connections too, some after 5 seconds; closing first avoids their race.
_IDLE_SECONDS = 4.0
_MAX_IDLE = 32
_MAX_ANSWER_BYTES = 64 * 1024
_WRITE_BUFFER_BYTES = 256 * 1024


class ConnectionBroken(Exception):
    """The peer could not be reached, went away, fell silent or did not speak HTTP."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    """Status and body, of which no more than 64 KiB are kept."""

    status: int
    body: bytes


class Connections:
    """Connections to the host of `url`. Enter it; the idle ones are closed on leaving."""

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
        """Send `head` together with the first chunk, then the others; the answer.

        The answer may come before the last chunk is taken: the rest is not asked for then. An
        exception of `chunks` breaks the connection off, so the peer sees an incomplete request.
        Raises ConnectionBroken.
        """
        opening = head + await anext(chunks, b"")
        connection = self._take_idle()
        if connection is not None:
            try:
                return await self._exchange(connection, opening, chunks)
            except _StaleConnection:
                # It had been closed in the meantime and nothing but the opening was consumed.
                pass
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
            connection.abort()  # closing would still try to send what the peer didn't want
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
    """A kept connection turned out to be closed before anything was answered on it."""


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
            reused = False  # from here on the opening alone would not be the whole request
            self._transport.write(chunk)
            sent += len(chunk)
        else:
            self._sent_all = True
        try:
            patience_seconds = _ANSWER_TIMEOUT_SECONDS + sent / _SLOW_PEER_BYTES_A_SECOND
            await self._until(lambda: self._answer is not None, patience_seconds)
        except ConnectionBroken as exc:
            if reused and self.lost:
                raise _StaleConnection from exc
            raise
        assert self._answer is not None  # noqa: S101  (what was just waited for)
        return self._answer

    async def _until(self, condition: Callable[[], bool], patience_seconds: float) -> None:
        """Wait until `condition`, or an answer. Raises ConnectionBroken."""
        try:
            async with asyncio.timeout(patience_seconds):
                while self._answer is None and not condition():
                    if self.lost:
                        raise ConnectionBroken("the connection was closed")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as exc:
            raise ConnectionBroken("no sign of life") from exc

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
        if status >= 200:  # the others announce an answer, and are none
            self._answer = RawResponse(status, bytes(self._body))
            self._keep_alive = self._parser.should_keep_alive()  # known here, and nowhere later
            self._changed.set()


def _tls_context() -> ssl.SSLContext:
    """Trusts whom botocore trusts: AWS_CA_BUNDLE, or else its own list."""
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True))
