"""A client of clamd, ClamAV's scanner: streams bytes to it, and returns what it found.

Source of the protocol: clamd(8). A library was not used, because those for asyncio take whole
files, and an attachment is streamed out of the bucket.
"""

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import urlsplit

from app.errors import Misconfigured

DEFAULT_PORT = 3310

_CONNECT_SECONDS = 2.0
_SLOW_SCAN_BYTES_A_SECOND = 1024 * 1024
_END_OF_STREAM = struct.pack(">I", 0)
_LONGEST_REPLY_BYTES = 4096

_FOUND = re.compile(r"stream: (.+) FOUND")
_CLEAN = "stream: OK"


class ScanFailed(Exception):
    """The scanner gave no result. The message is a clause for the log, without any content."""


class Clamd:
    """One scanner. Each scan has a connection of its own, so it works again as soon as clamd does.

    `answer_seconds` is how long a scan may take in addition to the time that its bytes need.
    """

    def __init__(
        self, host: str | None, port: int, path: str | None, *, answer_seconds: float = 30
    ) -> None:
        self._host, self._port, self._path = host, port, path
        self._answer_seconds = answer_seconds

    @classmethod
    def of(cls, url: str, *, answer_seconds: float = 30) -> Self:
        """Return the scanner of `clamd://host:port` or `clamd+unix:///path/of/socket`.

        Raises `Misconfigured` for any other URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or DEFAULT_PORT
        except ValueError:
            parts, host, port = urlsplit(""), None, DEFAULT_PORT
        if parts.scheme == "clamd" and host and parts.path in ("", "/"):
            return cls(host, port, None, answer_seconds=answer_seconds)
        if parts.scheme == "clamd+unix" and not parts.netloc and len(parts.path) > 1:
            return cls(None, 0, parts.path, answer_seconds=answer_seconds)
        raise Misconfigured(
            f"SCANNER_URL={url} can't be used: it takes clamd://host:port or"
            " clamd+unix:///path/of/the/socket."
        )

    async def scan(self, chunks: AsyncIterator[bytes], size: int) -> str | None:
        """Return the name of the malware in the chunks, of `size` bytes together; None if clean.

        Raises `ScanFailed` if clamd is away, too slow, or answers with an error: a stream longer
        than its StreamMaxLength is one. Raises what reading the chunks raises.
        """
        timeout_seconds = self._answer_seconds + size / _SLOW_SCAN_BYTES_A_SECOND
        async with self._connected(timeout_seconds) as (reader, writer):
            await _send(writer, chunks)
            reply = await _reply(reader)
        if reply == _CLEAN:
            return None
        if found := _FOUND.fullmatch(reply):
            return found[1]
        raise ScanFailed(f"it answered {reply!r}")

    async def version(self) -> str:
        """Return the versions of clamd and its signatures: `ClamAV 1.4.6/27800/Fri Nov 20 …`.

        Without official signatures it is only `ClamAV 1.4.6`. Raises `ScanFailed`.
        """
        async with self._connected(self._answer_seconds) as (reader, writer):
            writer.write(b"zVERSION\0")
            return await _reply(reader)

    @asynccontextmanager
    async def _connected(
        self, timeout_seconds: float
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await self._connect()
        except (OSError, TimeoutError) as problem:
            raise ScanFailed(f"it can't be reached: {problem or 'no answer'}") from problem
        try:
            async with asyncio.timeout(timeout_seconds):
                yield reader, writer
        except TimeoutError as problem:
            raise ScanFailed(f"it took longer than {timeout_seconds:.0f} seconds") from problem
        except ConnectionError as problem:
            raise ScanFailed("it closed the connection") from problem
        except OSError as problem:
            raise ScanFailed(f"the connection broke: {problem}") from problem
        finally:
            # No wait for what is still to be sent: the answer is here, or none is expected.
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path is not None:
            return await asyncio.open_unix_connection(self._path)
        return await asyncio.open_connection(self._host, self._port)


async def _send(writer: asyncio.StreamWriter, chunks: AsyncIterator[bytes]) -> None:
    """Send the command INSTREAM, each chunk with its length before it, and an empty chunk."""
    writer.write(b"zINSTREAM\0")
    try:
        async for chunk in chunks:
            if chunk:
                writer.write(struct.pack(">I", len(chunk)))
                writer.write(chunk)
                await writer.drain()
        writer.write(_END_OF_STREAM)
        await writer.drain()
    except ConnectionError as problem:
        # Its answer, if it has sent one, is lost with the connection.
        raise ScanFailed(
            "it closed the connection in the middle of a file, as it does if the file is larger"
            " than StreamMaxLength in clamd.conf"
        ) from problem


async def _reply(reader: asyncio.StreamReader) -> str:
    """Return the answer, which ends at a NUL. Raises `ScanFailed` if it is cut off."""
    try:
        reply = await reader.readuntil(b"\0")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as problem:
        raise ScanFailed("its answer is incomplete") from problem
    return reply[:-1].decode("utf-8", "replace")[:_LONGEST_REPLY_BYTES].strip()
