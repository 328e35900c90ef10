"""What one replica holds: its processor time for each operation, and its memory for open answers.

`python -m app serve` runs in a process of its own; processor time is what is counted, because it
does not depend on what else the machine does. One process uses one core, so 1 / seconds of it is
what a replica can do in a second when PostgreSQL, the bucket and the network keep up.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks._servers import Servers, servers
from tests.model_api import Text
from tests.model_api.deferred import DeferredApi
from tests.serving import serving

CALLS = 300
AT_ONCE = 8
OPEN_ANSWERS = 200

Call = Callable[[httpx.AsyncClient, int], Awaitable[object]]


def main() -> None:
    silent_model = DeferredApi(lambda length, streams: Text(hang_after=0 if streams else None))
    with servers() as running:
        with replica(running) as (base_url, process):
            asyncio.run(_measure_operations(base_url, process))
        with (
            serving(silent_model.application()) as model,
            replica(running, OPENAI_BASE_URL=f"{model}/v1", OPENAI_API_KEY="bench") as (
                base_url,
                process,
            ),
        ):
            asyncio.run(_measure_open_answers(base_url, process))
            problems = silent_model.check()
            assert problems == [], problems


@contextmanager
def replica(running: Servers, **settings: str) -> Iterator[tuple[str, psutil.Process]]:
    """Its URL and its process."""
    environment = os.environ | {
        "DATABASE_URL": running.database_url,
        "S3_BUCKET": running.bucket,
        "S3_ENDPOINT_URL": running.endpoint_url,
        "S3_ADDRESSING_STYLE": "path",
        "AUTH_MODE": "header",
        "USER_REQUEST_RATE": "1000000/minute",
        "USER_PENDING_UPLOADS": "1000000",
        "USER_CONCURRENT_STREAMS": "1000000",
        "USER_CONCURRENT_UPLOADS": "1000000",
        "SHUTDOWN_GRACE_SECONDS": "1",
    }
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", "--port", "0"],
                env=environment | settings,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            while not (ready := re.search(r"^Ready: (\S+)$", log.read_text(), re.MULTILINE)):
                if process.poll() is not None:
                    raise RuntimeError(log.read_text())
                time.sleep(0.05)
            yield ready[1], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


async def _measure_operations(base_url: str, process: psutil.Process) -> None:
    async with httpx.AsyncClient(base_url=base_url, timeout=120, trust_env=False) as client:
        thread = await say(client, 0)
        thread_id = re.search(r'"id":"(thr_\w+)"', thread)
        operations: dict[str, Call] = {
            "attachments.create": create,
            "threads.list": lambda http, number: ask(http, 0, "threads.list"),
            "items.list": lambda http, number: ask(
                http, 0, "items.list", thread_id=thread_id[1] if thread_id else ""
            ),
            "upload of 100 KiB through the gateway, create included": _upload,
            "message and answer (offline model)": say,
        }
        for name, call in operations.items():
            await spread(client, call, range(20))  # warms up
            before, begun = _processor_seconds(process), time.perf_counter()
            await spread(client, call, range(CALLS))
            wall = time.perf_counter() - begun
            each = (_processor_seconds(process) - before) / CALLS
            print(
                f"{name}: {each * 1000:.2f} ms of a core, so {1 / each:,.0f} a second and replica;"
                f" here {CALLS / wall:,.0f} a second",
                flush=True,
            )
    print(f"memory then: {process.memory_info().rss / 2**20:.0f} MiB")


async def _measure_open_answers(base_url: str, process: psutil.Process) -> None:
    limits = httpx.Limits(max_connections=OPEN_ANSWERS + 10)
    async with httpx.AsyncClient(
        base_url=base_url, timeout=120, trust_env=False, limits=limits
    ) as client:

        async def open_one(number: int) -> httpx.Response:
            response = await client.send(_message(client, number), stream=True)
            await anext(response.aiter_bytes())
            return response

        first = [await open_one(number) for number in range(10)]
        before = process.memory_info().rss
        opened = await asyncio.gather(*(open_one(10 + each) for each in range(OPEN_ANSWERS)))
        grown = process.memory_info().rss - before
        seconds = _processor_seconds(process)
        await asyncio.sleep(5)
        idle = (_processor_seconds(process) - seconds) / 5
        print(
            f"{OPEN_ANSWERS} open answers: {grown / OPEN_ANSWERS / 1024:.0f} KiB each,"
            f" {idle * 100:.1f} % of a core while they wait"
        )
        for response in (*first, *opened):
            await response.aclose()


async def spread(client: httpx.AsyncClient, call: Call, numbers: Sequence[int]) -> None:
    """All calls, `AT_ONCE` at a time."""
    waiting = iter(numbers)

    async def work() -> None:
        for number in waiting:
            await call(client, number)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def ask(client: httpx.AsyncClient, user: int, operation: str, **params: Any) -> Any:
    response = await client.post(
        "/chatkit",
        json={"type": operation, "params": params},
        headers={"x-forwarded-user": f"user-{user}"},
    )
    return response.raise_for_status().json()


async def create(client: httpx.AsyncClient, number: int) -> Any:
    return await ask(
        client,
        number,
        "attachments.create",
        name="notes.txt",
        size=100 * 1024,
        mime_type="text/plain",
    )


async def _upload(client: httpx.AsyncClient, number: int) -> None:
    attachment = await create(client, number)
    response = await client.post(
        attachment["upload_descriptor"]["url"],
        files={"file": ("notes.txt", b"x" * 100 * 1024, "text/plain")},
    )
    response.raise_for_status()


async def say(client: httpx.AsyncClient, number: int) -> str:
    return (await client.send(_message(client, number))).raise_for_status().text


def _message(client: httpx.AsyncClient, number: int) -> httpx.Request:
    message = {
        "content": [{"type": "input_text", "text": "Hello, what is new?"}],
        "attachments": [],
        "inference_options": {},
    }
    return client.build_request(
        "POST",
        "/chatkit",
        json={"type": "threads.create", "params": {"input": message}},
        headers={"x-forwarded-user": f"user-{number}"},
    )


def _processor_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
