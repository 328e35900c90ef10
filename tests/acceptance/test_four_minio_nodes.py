"""Four nodes of MinIO, erasure coded, one of which is killed during uploads."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.acceptance.compose import Project, project
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, create_bucket
from tests.service import ChatKitClient, answer_of, running, test_settings
from tests.waiting import wait_until

COMPOSE_FILE = Path(__file__).parent / "minio-four-nodes.yml"
USERS = 4
UPLOADS_AFTERWARDS = 3
MAX_UPLOADS = 90  # a message takes 100
BODY_BYTES = 200_000
PATIENT_SECONDS = 120
Kept = dict[str, bytes]
"""The bytes of each upload that the service has accepted, by the attachment's id."""


@dataclass(frozen=True)
class Cluster:
    project: Project
    url: str

    def is_ready(self) -> bool:
        """Return whether enough nodes are there to write."""
        try:
            answer = httpx.get(f"{self.url}/minio/health/cluster", trust_env=False)
        except httpx.TransportError:
            return False
        return answer.is_success


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with project(
        "four-nodes",
        [COMPOSE_FILE],
        AWS_ACCESS_KEY_ID=ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
    ) as made:
        made.run("up", "--detach")
        address = made.run("port", "minio1", "9000").split()[-1]
        cluster = Cluster(made, f"http://{address}")
        wait_until(cluster.is_ready, seconds=120, state=made.logs)
        yield cluster


def test_a_node_killed_during_uploads_loses_nothing_and_people_are_served(
    cluster: Cluster, database_url: str
) -> None:
    bucket = create_bucket(cluster.url)
    uploading, is_dead = threading.Barrier(USERS + 1), threading.Event()

    def upload_and_talk(user: ChatKitClient) -> Kept:
        """Upload files before, during and after the node's death; then send them and read them."""
        kept: Kept = {}
        _upload_one(user, kept)
        uploading.wait()
        while not is_dead.is_set() and len(kept) < MAX_UPLOADS:
            _upload_one(user, kept)
        for _ in range(UPLOADS_AFTERWARDS):
            _upload_one(user, kept)
        events = user.say("Look", *kept)
        assert not [event for event in events if event["type"] == "error"], events
        assert answer_of(events)
        return kept

    with (
        running(test_settings(database_url, bucket, user_concurrent_uploads=USERS)) as base_url,
        ThreadPoolExecutor(USERS) as pool,
    ):
        users = [ChatKitClient.of(base_url, f"user-{number}") for number in range(USERS)]
        for user in users:
            user.http.timeout = PATIENT_SECONDS
        working = [pool.submit(upload_and_talk, user) for user in users]
        uploading.wait()
        cluster.project.run("kill", "minio3")
        is_dead.set()
        for user, each in zip(users, working, strict=True):
            for attachment_id, body in each.result().items():
                link = user.http.get(f"/attachments/{attachment_id}/content", follow_redirects=True)
                assert link.content == body


def _upload_one(user: ChatKitClient, kept: Kept) -> None:
    """Upload a file, again if the store fails as a page would, until it is there."""
    body = os.urandom(BODY_BYTES // 2).hex().encode()
    attachment = user.create_attachment("notes.txt", body, "text/plain")
    wait_until(lambda: user.upload(attachment, body).is_success, seconds=PATIENT_SECONDS)
    kept[attachment["id"]] = body
