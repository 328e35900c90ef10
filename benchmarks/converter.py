"""First and second turn of a thread with 10 files of 5 MiB, against the SDK guide's way.

The guide reads one attachment after the other and encodes it on the event loop. Ours checks each
file besides, and stays within a request budget. `memory` compares the peak of a process of its own
with the sum of the file sizes.
"""

import asyncio
import base64
import io
import multiprocessing
import os
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from chatkit.types import FileAttachment, InferenceOptions, UserMessageItem
from PIL import Image

from app.attachment_state import AttachmentState
from app.model_input.budget import Budget
from app.model_input.cache import RenditionCache
from app.model_input.contents import AttachmentContents
from app.model_input.converter import ThreadConverter
from app.model_input.rendering import Renderer
from app.model_input.transcripts import Transcripts
from app.settings.model import ChatModelSettings
from app.storage.bucket import Bucket
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.reader import ObjectReader
from app.workers import Workers
from benchmarks._servers import report, servers
from tests.unit.fakes.attachments import MemoryTranscripts

MEBIBYTE = 1024 * 1024
FILES = 10
ROUNDS = 7
BUDGET = Budget(max_request_bytes=100 * MEBIBYTE)
DISTANT_SECONDS = 0.03  # to a bucket in the same region, first byte

Read = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True)
class Row:
    """An attachment row; the object's key is its id."""

    id: str
    name: str
    mime_type: str
    size: int
    etag: str
    state: AttachmentState = AttachmentState.ATTACHED
    problem: str | None = None
    user_id: str = "bench"

    @property
    def object_key(self) -> str:
        return self.id


@dataclass
class Rows:
    rows: dict[str, Row]

    async def load(self, user_id: str, attachment_id: str) -> Row:
        return self.rows[attachment_id]

    def message(self) -> UserMessageItem:
        return UserMessageItem(
            id="msg_1",
            thread_id="thr_1",
            created_at=datetime(2026, 1, 1),
            content=[],
            attachments=[
                FileAttachment(id=row.id, name=row.name, mime_type=row.mime_type)
                for row in self.rows.values()
            ],
            inference_options=InferenceOptions(),
        )


@dataclass
class CountingReader:
    """Reads with `reader`, `delay_seconds` later, and counts."""

    reader: ObjectReader
    delay_seconds: float
    reads: int = 0

    async def read(self, key: str, *, etag: str | None = None) -> bytes:
        self.reads += 1
        await asyncio.sleep(self.delay_seconds)
        return await self.reader.read(key, etag=etag)


def photo() -> bytes:
    """A PNG of 5 MiB that is sent as it is."""
    out = io.BytesIO()
    pixels = os.urandom(1320 * 1320 * 3)
    Image.frombytes("RGB", (1320, 1320), pixels).save(out, "PNG", compress_level=0)
    return out.getvalue()


def document() -> bytes:
    """A PDF of 5 MiB: one page that is an image."""
    out = io.BytesIO()
    Image.frombytes("RGB", (1320, 1320), os.urandom(1320 * 1320 * 3)).save(out, "PDF", quality=100)
    return out.getvalue()


def main() -> None:
    with servers() as running:
        endpoint = Endpoint(running.endpoint_url, running.bucket, "us-east-1", "path")
        for kind, make, mime_type in (
            ("images", photo, "image/png"),
            ("PDFs", document, "application/pdf"),
        ):
            rows = asyncio.run(_fill(endpoint, make, mime_type))
            asyncio.run(_turns(endpoint, rows, kind, 0))
            asyncio.run(_turns(endpoint, rows, kind, DISTANT_SECONDS))
            _memory(endpoint, rows, kind)


async def _fill(endpoint: Endpoint, make: Callable[[], bytes], mime_type: str) -> Rows:
    rows = Rows({})
    async with Bucket(endpoint, SessionCredentials()) as bucket:
        for number in range(FILES):
            body = make()
            id = f"{mime_type}/{number}"
            etag = await bucket.write(id, body, mime_type=mime_type)
            suffix = mime_type.split("/")[1]
            rows.rows[id] = Row(id, f"{number}.{suffix}", mime_type, len(body), etag)
    return rows


async def _turns(endpoint: Endpoint, rows: Rows, kind: str, delay_seconds: float) -> None:
    """Rounds of a first turn by each way, and of our second turn, in turn."""
    reader = CountingReader(ObjectReader(endpoint, SessionCredentials()), delay_seconds)
    workers = Workers()
    guide: list[float] = []
    first: list[float] = []
    second: list[float] = []
    async with Bucket(endpoint, SessionCredentials()) as bucket:
        await _converter(rows, _renderer(reader, workers)).to_agent_input([rows.message()])
        for _ in range(ROUNDS):
            guide.append(await _timed(lambda: _as_in_the_guide(bucket, rows, delay_seconds)))
            renderer = _renderer(reader, workers)
            for times in (first, second):
                reader.reads = 0
                turn = partial(_converter(rows, renderer).to_agent_input, [rows.message()])
                times.append(await _timed(turn))
    where = f"{FILES} {kind} of 5 MiB, {delay_seconds * 1000:.0f} ms to the bucket"
    report(f"{where}, first turn", first, guide)
    report(f"{where}, second turn", second, guide)
    print(f"bucket reads in the second turn: {reader.reads}", flush=True)


def _renderer(reader: CountingReader, workers: Workers) -> Renderer:
    cache = RenditionCache(256 * MEBIBYTE)
    transcripts = Transcripts(MemoryTranscripts(), None, workers)
    return Renderer(
        bucket=reader,
        cache=cache,
        workers=workers,
        settings=ChatModelSettings(),
        transcripts=transcripts,
    )


def _converter(rows: Rows, renderer: Renderer) -> ThreadConverter:
    return ThreadConverter(
        user_id="bench", attachments=rows, contents=AttachmentContents(renderer), budget=BUDGET
    )


async def _as_in_the_guide(bucket: Bucket, rows: Rows, delay_seconds: float) -> list[str]:
    """What the ChatKit guide's converter does for each attachment of a message."""
    urls = []
    for row in rows.rows.values():
        await asyncio.sleep(delay_seconds)
        content = await bucket.read(row.object_key)
        encoded = base64.b64encode(content).decode("utf-8")
        urls.append(f"data:{row.mime_type};base64,{encoded}")
    return urls


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def _memory(endpoint: Endpoint, rows: Rows, kind: str) -> None:
    """Peak growth of a process that converts a first turn, as a multiple of the files' bytes."""
    total = sum(row.size for row in rows.rows.values())
    context = multiprocessing.get_context("spawn")
    for name, way in (("ours", _peak_of_ours), ("the guide's", _peak_of_the_guide)):
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=way, args=(endpoint, rows, send.send))
        process.start()
        grown = receive.recv()
        process.join()
        print(
            f"{FILES} {kind}, peak memory, {name}: {grown / MEBIBYTE:.0f} MiB,"
            f" {grown / total:.2f} of the files' {total / MEBIBYTE:.0f} MiB",
            flush=True,
        )


def _peak_of_ours(endpoint: Endpoint, rows: Rows, tell: Callable[[int], None]) -> None:
    async def turn() -> None:
        reader = CountingReader(ObjectReader(endpoint, SessionCredentials()), 0)
        renderer = _renderer(reader, Workers())
        one = Rows({id: row for id, row in list(rows.rows.items())[:1]})
        await _converter(one, _renderer(reader, Workers())).to_agent_input([one.message()])
        _forget_peak()
        before = _peak_bytes()
        converted = await _converter(rows, renderer).to_agent_input([rows.message()])
        assert len(str(converted)[:100]) == 100
        tell(_peak_bytes() - before)

    asyncio.run(turn())


def _peak_of_the_guide(endpoint: Endpoint, rows: Rows, tell: Callable[[int], None]) -> None:
    async def turn() -> None:
        async with Bucket(endpoint, SessionCredentials()) as bucket:
            one = Rows({id: row for id, row in list(rows.rows.items())[:1]})
            await _as_in_the_guide(bucket, one, 0)
            _forget_peak()
            before = _peak_bytes()
            urls = await _as_in_the_guide(bucket, rows, 0)
            assert len(urls) == FILES
            tell(_peak_bytes() - before)

    asyncio.run(turn())


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # Linux: VmHWM starts anew


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])
