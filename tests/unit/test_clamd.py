"""The client of clamd, against answers that a real one can't be made to give."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from app.clamd import Clamd, ScanFailed
from app.errors import BucketUnavailable, Misconfigured

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answer, *, seconds: float = 30) -> AsyncIterator[Clamd]:
    served: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.append(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Clamd.of(f"clamd://127.0.0.1:{port}", answer_seconds=seconds)
        await asyncio.gather(*served)


async def stream_of(reader: asyncio.StreamReader) -> bytes:
    """Return the bytes of one INSTREAM command, as clamd(8) describes it."""
    assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
    body = b""
    while length := struct.unpack(">I", await reader.readexactly(4))[0]:
        body += await reader.readexactly(length)
    return body


def saying(reply: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stream_of(reader)
        writer.write(reply)

    return answer


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_all_bytes_are_streamed_and_an_empty_chunk_does_not_end_the_stream() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await stream_of(reader)
        writer.write(b"stream: " + body + b" FOUND\0")

    async with answering(echo) as clamd:
        assert await clamd.scan(chunks(b"Mal", b"", b"ware"), 7) == "Malware"


async def test_a_clean_stream_has_no_malware() -> None:
    async with answering(saying(b"stream: OK\0")) as clamd:
        assert await clamd.scan(chunks(b"hello"), 5) is None


@pytest.mark.parametrize(
    "reply",
    [
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"stream: OK",
        b"",
        b"\0",
        b"stream: okay\0",
        b"OK\0",
        b"stream: FOUND\0",
        b"x" * 100_000,
    ],
)
async def test_no_other_answer_lets_a_file_pass(reply: bytes) -> None:
    async with answering(saying(reply)) as clamd:
        with pytest.raises(ScanFailed):
            await clamd.scan(chunks(b"hello"), 5)


async def test_a_scanner_that_never_answers_is_given_up() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stream_of(reader)
        await reader.read()
        ended.set()

    async with answering(silent, seconds=0.05) as clamd:
        with pytest.raises(ScanFailed, match="took longer than"):
            await clamd.scan(chunks(b"hello"), 5)
        await asyncio.wait_for(ended.wait(), 30)  # the connection is closed


async def test_a_scanner_that_closes_the_connection_in_a_large_file_gives_no_result() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100)
        writer.transport.abort()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1024 * 1024)

    async with answering(cut) as clamd:
        with pytest.raises(ScanFailed, match="StreamMaxLength"):
            await clamd.scan(endless(), 5)


async def test_nothing_listens() -> None:
    async with answering(saying(b"")) as clamd:
        pass
    with pytest.raises(ScanFailed, match="can't be reached"):
        await clamd.scan(chunks(b"hello"), 5)
    with pytest.raises(ScanFailed, match="can't be reached"):
        await Clamd.of("clamd+unix:///nowhere/clamd.socket").version()


async def test_an_outage_of_the_bucket_is_not_one_of_the_scanner() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"hello"
        raise BucketUnavailable

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with answering(listening) as clamd:
        with pytest.raises(BucketUnavailable):
            await clamd.scan(broken(), 5)


@pytest.mark.parametrize(
    "url",
    [
        "clamd://",
        "clamd:///socket",
        "clamd://host:port",
        "clamd://host:99999",
        "clamd://host/path",
        "clamd://[::1",
        "clamd+unix://",
        "clamd+unix:///",
        "clamd+unix://host/socket",
        "http://host:3310",
        "host:3310",
    ],
)
def test_other_urls_are_rejected(url: str) -> None:
    with pytest.raises(Misconfigured, match="SCANNER_URL"):
        Clamd.of(url)


@pytest.mark.parametrize(
    "url", ["clamd://host", "clamd://[::1]:3310", "clamd://10.0.0.1:1/", "clamd+unix:///run/a b"]
)
def test_urls_of_a_port_and_of_a_socket_are_taken(url: str) -> None:
    Clamd.of(url)
