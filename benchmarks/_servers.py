"""What benchmarks run against: embedded servers of their own, and applications on loopback."""

import asyncio
import multiprocessing
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import boto3
import psutil
import uvicorn
from botocore.config import Config
from starlette.types import ASGIApp

from app.database.migrate import upgrade
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.seaweedfs import EmbeddedSeaweedFS


@dataclass(frozen=True)
class Servers:
    """A migrated database and an empty bucket."""

    database_url: str
    endpoint_url: str
    bucket: str


@contextmanager
def servers() -> Iterator[Servers]:
    """Start them. Their credentials are in the environment while they run."""
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16)}
    os.environ.update(keys)
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres(Path(directory) / "postgres")
        weed = EmbeddedSeaweedFS(
            Path(directory) / "weed",
            access_key_id=keys["AWS_ACCESS_KEY_ID"],
            secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        )
        try:
            postgres.start()
            weed.start()
            asyncio.run(upgrade(postgres.url("postgres")))
            client = boto3.client(
                "s3",
                endpoint_url=weed.endpoint_url,
                region_name="us-east-1",
                # Said here: boto3 keeps the first environment it has seen.
                aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
                config=Config(retries={"total_max_attempts": 5}),
            )
            client.create_bucket(Bucket="bench")
            client.close()
            yield Servers(postgres.url("postgres"), weed.endpoint_url, "bench")
        finally:
            weed.stop()
            postgres.stop()


@contextmanager
def process(
    make: Callable[..., ASGIApp], *arguments: object
) -> Iterator[tuple[str, psutil.Process]]:
    """Serve an application on a free port, in a process of its own. Yield its URL and the process.

    `make` is a function of a module: the process imports it, and calls it with the arguments.
    """
    receive, send = multiprocessing.Pipe(duplex=False)
    started = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(send, make, *arguments)
    )
    started.start()
    try:
        yield f"http://127.0.0.1:{receive.recv()}", psutil.Process(started.pid)
    finally:
        started.terminate()
        started.join(15)
        if started.is_alive():
            started.kill()


def _serve(tell: Connection, make: Callable[..., ASGIApp], *arguments: object) -> None:
    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup()
            tell.send(self.servers[0].sockets[0].getsockname()[1])

    config = uvicorn.Config(make(*arguments), host="127.0.0.1", port=0, log_level="error")
    Announcing(config).run()


def report(what: str, ours: list[float], baseline: list[float]) -> None:
    """Print the medians (seconds) of paired rounds and the median of the pairs' ratios.

    The ratio is our speed as a part of the baseline's: 1 is as fast, 0.5 takes twice as long.
    """
    ratio = median(base / our for our, base in zip(ours, baseline, strict=True))
    print(
        f"{what}: {median(ours) * 1000:.3f} ms, baseline {median(baseline) * 1000:.3f} ms,"
        f" {ratio:.2f} of its speed",
        flush=True,
    )
