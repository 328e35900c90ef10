"""One PostgreSQL against a coordinator of Citus with two workers: the same work on both.

All are the PostgreSQL 15 of `../shared/tools/citus`, with the same settings, on the same machine: a
machine with few cores shows what distribution costs, not what it gains.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import httpx

from app.database.distribution import distribute
from app.database.migrate import upgrade
from benchmarks._servers import Servers, servers
from benchmarks.replica import Call, ask, create, replica, say, spread
from tests.database_servers import CitusCluster, database_server

CALLS = 200
ROUNDS = 5
KINDS = ("one node", "coordinator and two workers")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        database_server("citus", Path(directory)) as cluster,
        servers() as running,
    ):
        assert isinstance(cluster, CitusCluster)
        urls = dict(zip(KINDS, asyncio.run(_databases(cluster)), strict=True))
        with (
            _serving(running, urls[KINDS[0]]) as one,
            _serving(running, urls[KINDS[1]]) as distributed,
        ):
            asyncio.run(_measure({KINDS[0]: one, KINDS[1]: distributed}))


async def _databases(cluster: CitusCluster) -> tuple[str, str]:
    """Create a database whose tables stay on the coordinator, and a distributed one."""
    for name in ("one_node", "distributed"):
        await asyncio.to_thread(cluster.create, name)
        await upgrade(cluster.url(name))
    await distribute(cluster.url("distributed"))
    return cluster.url("one_node"), cluster.url("distributed")


@contextmanager
def _serving(running: Servers, database_url: str) -> Iterator[str]:
    with replica(replace(running, database_url=database_url)) as (url, _):
        yield url


async def _measure(urls: dict[str, str]) -> None:
    """Print the rate of each operation on each, medians of rounds in turn."""
    operations: dict[str, Call] = {
        "threads.list": lambda http, number: ask(http, number % 20, "threads.list"),
        "attachments.create": create,
        "message and answer (offline model)": say,
    }
    for name, call in operations.items():
        rates: dict[str, list[float]] = {kind: [] for kind in urls}
        for _ in range(ROUNDS + 1):  # the first warms up
            for kind, url in urls.items():
                rates[kind].append(await _rate(url, call))
        found = {kind: median(each[1:]) for kind, each in rates.items()}
        one, distributed = found.values()
        shown = ", ".join(f"{kind} {rate:,.0f} a second" for kind, rate in found.items())
        print(f"{name}: {shown}, {distributed / one:.2f} of the rate", flush=True)


async def _rate(url: str, call: Call) -> float:
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False) as client:
        begun = time.perf_counter()
        await spread(client, call, range(CALLS))
        return CALLS / (time.perf_counter() - begun)
