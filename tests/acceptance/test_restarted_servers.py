"""PostgreSQL and SeaweedFS restarted in the middle: said so meanwhile, all in step after.

The serving process is the same all along: it recovers without a restart of its own.
"""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.migrate import upgrade
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import CannotStart
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.acceptance.world import (
    CUT_OFF,
    PHOTO,
    World,
    a_day_later_all_is_in_step,
    delete_attachment,
    delete_thread,
    send,
)
from tests.closing_table import closing_table
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, create_bucket, missing
from tests.service import ChatKitClient, events_of, user_message
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("pg") / "data")
    try:
        server.start()
    except CannotStart as exc:
        missing(str(exc))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSeaweedFS]:
    server = EmbeddedSeaweedFS(
        tmp_path_factory.mktemp("s3") / "data",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
    )
    try:
        server.start()
    except CannotStart as exc:
        missing(str(exc))
    yield server
    server.stop()


@pytest.fixture(params=["POST", "PUT"])
def world(
    request: pytest.FixtureRequest,
    own_postgres: EmbeddedPostgres,
    own_seaweedfs: EmbeddedSeaweedFS,
    tmp_path: Path,
) -> World:
    name = f"restart_{request.param.lower()}_{secrets.token_hex(4)}"
    own_postgres.execute(f"CREATE DATABASE {name}")
    asyncio.run(upgrade(own_postgres.url(name)))
    bucket = create_bucket(own_seaweedfs.endpoint_url)
    return World(own_postgres.url(name), bucket, request.param, tmp_path)


def refused(user: ChatKitClient, attachment_id: str) -> None:
    """A message meanwhile: one error that says so, as an event or as a 503, and nothing kept."""
    response = user.send("threads.create", input=user_message("hello", attachment_id))
    assert response.status_code == 503, response.text
    assert "does not answer right now" in response.json()["message"]
    streamed = user.send(
        "threads.create", "text/event-stream", input=user_message("hello", attachment_id)
    )
    if streamed.status_code == 200:
        *waiting, event = events_of(streamed.text)
        assert {each["type"] for each in waiting} <= {"progress_update"}
        assert event["type"] == "error", event


def works_again(user: ChatKitClient) -> None:
    wait_until(
        lambda: user.http.get("/readyz").status_code == 200,
        state=lambda: user.http.get("/readyz").text,
    )


def test_postgres_restarted_in_the_middle(world: World, own_postgres: EmbeddedPostgres) -> None:
    name = f"{world.transport}-postgres-restarted"
    with world.serve() as process, ChatKitClient.of(process.url(), name).http as http:
        user = ChatKitClient(http)
        send(user)
        attachment = user.create_attachment("photo.jpg", PHOTO, "image/jpeg")
        own_postgres.stop()
        try:
            # The upload needs no database: its link is the permission.
            assert user.upload(attachment, PHOTO).is_success
            assert user.http.get("/livez").status_code == 200
            assert user.http.get("/readyz").status_code == 503
            refused(user, attachment["id"])
        finally:
            own_postgres.start()
        works_again(user)
        assert len(user.call("threads.list")["data"]) == 1
        assert "error" not in [each["type"] for each in user.say("hello", attachment["id"])]
        delete_attachment(user)
        delete_thread(user)
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)


def test_seaweedfs_restarted_in_the_middle(world: World, own_seaweedfs: EmbeddedSeaweedFS) -> None:
    name = f"{world.transport}-seaweedfs-restarted"
    with world.serve() as process, ChatKitClient.of(process.url(), name).http as http:
        user = ChatKitClient(http)
        send(user)
        uploaded = user.attach("photo.jpg", PHOTO, "image/jpeg")
        announced = user.create_attachment("photo.jpg", PHOTO, "image/jpeg")
        deleted = user.attach("photo.jpg", PHOTO, "image/jpeg")
        own_seaweedfs.stop()
        try:
            assert user.http.get("/readyz").status_code == 503
            refused(user, uploaded["id"])
            if world.transport == "POST":
                response = user.upload(announced, PHOTO)
                assert response.status_code == 503 and response.json()["message"]
            else:
                with pytest.raises(CUT_OFF):
                    user.upload(announced, PHOTO)
            # Deleting needs no bucket: the bytes go when it is back.
            user.call("attachments.delete", attachment_id=deleted["id"])
            threads = user.call("threads.list")["data"]
            assert user.call("items.list", thread_id=threads[0]["id"])["data"]
        finally:
            own_seaweedfs.start()
        works_again(user)
        assert len(user.call("threads.list")["data"]) == 1
        assert user.upload(announced, PHOTO).is_success
        events = user.say("hello", uploaded["id"], announced["id"])
        assert "error" not in [each["type"] for each in events]
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)
