"""A line that breaks: a proxy that counts what clients send, and cuts their connections."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

_CHUNK_BYTES = 64 * 1024


class BadLine:
    """Forwards bytes to `target`. Each time that clients have sent as many bytes in all as the next
    number of `cuts`, the connection that was sending breaks; with `all_at_once`, every connection.
    """

    def __init__(self, target: str, cuts: Sequence[int], *, all_at_once: bool) -> None:
        url = urlsplit(target)
        self._all_at_once = all_at_once
        self._target = (url.hostname, url.port)
        self._cuts = list(cuts)
        self._open: set[asyncio.StreamWriter] = set()
        self.sent_bytes = 0
        self.cuts_made = 0
        self.url = ""

    async def serve(self, started: threading.Event) -> None:
        """Serve until `stop`. Set `started` when `url` is known."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        await self._stopped.wait()
        server.close()
        _cut(self._open)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, out = await asyncio.open_connection(*self._target)
        self._open |= {writer, out}
        try:
            await asyncio.gather(
                self._carry(reader, out, is_cut=lambda sent: self._is_cut(sent, {writer, out})),
                self._carry(there, writer, is_cut=lambda _: False),
            )
        except asyncio.CancelledError:
            return  # the proxy has stopped
        finally:
            self._open -= {writer, out}
            writer.close()
            out.close()

    async def _carry(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        is_cut: Callable[[int], bool],
    ) -> None:
        try:
            while chunk := await source.read(_CHUNK_BYTES):
                if is_cut(len(chunk)):
                    return
                sink.write(chunk)
                await sink.drain()
            sink.write_eof()
        except OSError:
            return

    def _is_cut(self, sent: int, connection: set[asyncio.StreamWriter]) -> bool:
        self.sent_bytes += sent
        if not self._cuts or self.sent_bytes < self._cuts[0]:
            return False
        self._cuts.pop(0)
        self.cuts_made += 1
        _cut(self._open if self._all_at_once else connection)
        return True


def _cut(writers: set[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.transport.abort()


@contextmanager
def bad_line(
    target: str, *, cuts: Sequence[int] = (), all_at_once: bool = False
) -> Iterator[BadLine]:
    """Run such a proxy in a thread."""
    line = BadLine(target, cuts, all_at_once=all_at_once)
    started = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(line.serve(started)), daemon=True)
    thread.start()
    started.wait()
    try:
        yield line
    finally:
        line.stop()
        thread.join()
