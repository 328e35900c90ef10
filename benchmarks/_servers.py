"""What benchmarks run against: embedded servers of their own, and applications on loopback."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import boto3
from botocore.config import Config

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
    """Start them; their credentials are in the environment meanwhile."""
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
