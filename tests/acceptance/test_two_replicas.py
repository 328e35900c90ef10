"""Two processes behind one address share nothing but PostgreSQL and the bucket."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import boto3
import httpx
import pytest

from tests.acceptance.client import PNG
from tests.acceptance.test_shutdown import serving
from tests.servers import TestBucket
from tests.service import ChatKitClient, thread_id_of
from tests.waiting import wait_until


class Balancer:
    """One address; each connection goes to the replica whose turn it is, `to` says which."""

    def __init__(self) -> None:
        self.replicas: list[tuple[str, int]] = []
        self.turn = 0
        self.served = [0, 0]
        self.url = ""

    def to(self, replica: int) -> None:
        self.turn = replica

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        replica = self.turn
        self.served[replica] += 1
        there_reader, there_writer = await asyncio.open_connection(*self.replicas[replica])
        await asyncio.gather(_pass(reader, there_writer), _pass(there_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@contextmanager
def balancing() -> Iterator[Balancer]:
    balancer = Balancer()
    ready, ending = threading.Event(), threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(balancer.connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        balancer.url = f"http://{host}:{port}"
        ready.set()
        await asyncio.to_thread(ending.wait)
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield balancer
    finally:
        ending.set()
        thread.join(60)


@pytest.fixture
def balancer(tmp_path: Path, database_url: str, seaweedfs_bucket: TestBucket) -> Iterator[Balancer]:
    """In front of two replicas that sweep every second."""
    with balancing() as made, ExitStack() as stack, ThreadPoolExecutor(2) as pool:

        def start(number: int) -> ChatKitClient:
            settings = {
                "PUBLIC_BASE_URL": made.url,
                "SWEEP_INTERVAL_SECONDS": "1",
                "UPLOAD_TTL_SECONDS": "10",
            }
            log = tmp_path / f"replica-{number}.log"
            _, client = stack.enter_context(
                serving(log, database_url, seaweedfs_bucket, **settings)
            )
            return client

        for client in pool.map(start, range(2)):
            made.replicas.append((client.http.base_url.host, client.http.base_url.port or 0))
        yield made
        for number in range(2):
            log = (tmp_path / f"replica-{number}.log").read_text()
            assert '"level": "error"' not in log, log


def alice_at(balancer: Balancer) -> ChatKitClient:
    """A browser that connects anew for each request."""
    client = httpx.Client(
        base_url=balancer.url,
        headers={"x-forwarded-user": "alice", "connection": "close"},
        timeout=30,
        trust_env=False,
    )
    return ChatKitClient(client)


def keys_in(bucket: TestBucket) -> list[str]:
    client = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    listed = client.list_objects_v2(Bucket=bucket.name).get("Contents", [])
    client.close()
    return [each["Key"] for each in listed]


def test_replicas_finish_what_others_began(
    balancer: Balancer,
    sql: Callable[[str], str],
    seaweedfs_bucket: TestBucket,
) -> None:
    alice = alice_at(balancer)
    balancer.to(0)
    attachment = alice.create_attachment("dot.png", PNG, "image/png")
    balancer.to(1)
    assert alice.upload(attachment, PNG).is_success
    balancer.to(0)
    events = alice.say("What is this?", attachment["id"])
    assert events[-1]["type"] == "thread.item.done"
    balancer.to(1)
    items = alice.call("items.list", thread_id=thread_id_of(events))["data"]
    [shown] = [item["attachments"][0] for item in items if item["type"] == "user_message"]
    assert httpx.get(shown["preview_url"]).content == PNG
    assert min(balancer.served) >= 2

    # Delete and sweep on both at once: the same attachments, and the thread with one of them.
    def create(number: int) -> str:
        balancer.to(number % 2)
        made = alice.create_attachment(f"{number}.txt", b"hello")
        assert alice.upload(made, b"hello").is_success
        return str(made["id"])

    doomed = [create(number) for number in range(8)]
    assert len(keys_in(seaweedfs_bucket)) >= 9
    replicas = [ChatKitClient.of(f"http://{host}:{port}") for host, port in balancer.replicas]

    def delete(work: tuple[ChatKitClient, str]) -> int:
        client, id = work
        return client.send("attachments.delete", attachment_id=id).status_code

    with ThreadPoolExecutor(8) as pool:
        work = [(replica, id) for id in doomed for replica in replicas]
        statuses = list(pool.map(delete, work))
        threads = pool.map(
            lambda replica: (
                replica.send("threads.delete", thread_id=thread_id_of(events)).status_code
            ),
            replicas,
        )
        # One comes first; the other finds a tombstone, or nothing any more.
        assert set(statuses) <= {200, 404} and statuses.count(200) >= len(doomed)
        assert 200 in set(threads)
    wait_until(
        lambda: keys_in(seaweedfs_bucket) == [] and sql("SELECT count(*) FROM attachments") == "0",
        seconds=120,
    )
