"""The process dies at every step boundary; after a restart and a sweep nothing is out of step.

For every fault point: a real process is killed (SIGKILL) there, another is started, the user goes
on as a user would, a day passes, the sweep runs. Then: no row without bytes, no bytes without a
row, the quota exact, the thread readable. Over both transports.
"""

import asyncio
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from app.attachments.reconcile import Reconciliation
from app.database.object_keys import ObjectKeys
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.acceptance.processes import KILLED, Process, fork_server, running
from tests.closing_table import closing_table
from tests.rig import Rig, rig_on
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket, create_bucket
from tests.service import ChatKitClient, thread_id_of

ROOT = Path(__file__).parents[2]
DAY = 86_400
CUT_OFF = (httpx.RemoteProtocolError, httpx.ReadError, httpx.ConnectError, httpx.WriteError)


def photo() -> bytes:
    """Large enough for a thumbnail."""
    out = io.BytesIO()
    Image.effect_noise((900, 600), 80).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


PHOTO = photo()
PAGE = b"<!DOCTYPE html><script>alert(1)</script>"


@dataclass
class World:
    """One database and one bucket, served by processes that come and go."""

    database_url: str
    bucket: TestBucket
    transport: str
    directory: Path
    starts: int = 0
    context: Any = field(default_factory=fork_server)

    def environment(self, fault_point: str | None) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "S3_BUCKET": self.bucket.name,
            "S3_ENDPOINT_URL": self.bucket.endpoint_url,
            "S3_REGION": self.bucket.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AUTH_MODE": "header",
            "SIGNING_SECRET": "crash-matrix-secret-of-32-characters",
            "UPLOAD_METHOD": self.transport,
            "SWEEP_INTERVAL_SECONDS": "3600",
            **({"FAULT_POINT": fault_point} if fault_point else {}),
        }

    def process(self, *arguments: str, fault_point: str | None = None) -> Any:
        self.starts += 1
        log = self.directory / f"{self.starts}-{arguments[0]}.log"
        return running(self.context, list(arguments), self.environment(fault_point), log)

    def serve(self, fault_point: str | None = None) -> Any:
        return self.process("serve", "--port", "0", fault_point=fault_point)

    def command(self, *arguments: str, fault_point: str | None = None) -> tuple[int, str]:
        """Exit status and output of a command that ends by itself."""
        with self.process(*arguments, fault_point=fault_point) as process:
            return process.exit_status(), process.output

    def at_first_hand(self, ask: Callable[[Rig], Any]) -> Any:
        async def within() -> Any:
            async with rig_on(self.database_url, self.bucket) as rig:
                return await ask(rig)

        return asyncio.run(within())


@pytest.fixture(scope="module", params=["POST", "PUT"])
def world(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    migrated_template: str,
    seaweedfs: EmbeddedSeaweedFS,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    name = f"crash_{request.param.lower()}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY file_copy")
    yield World(
        database_url=postgres.url(name),
        bucket=create_bucket(seaweedfs.endpoint_url),
        transport=request.param,
        directory=tmp_path_factory.mktemp(name),
    )
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


Journey = Callable[[ChatKitClient], None]


def create(user: ChatKitClient) -> None:
    user.create_attachment("photo.jpg", PHOTO, "image/jpeg")


def upload(user: ChatKitClient) -> None:
    user.attach("photo.jpg", PHOTO, "image/jpeg")


def send(user: ChatKitClient) -> None:
    attachment = user.attach("photo.jpg", PHOTO, "image/jpeg")
    events = user.say("Look at this", attachment["id"])
    assert "thread.created" in [event["type"] for event in events], events


def send_a_disguise(user: ChatKitClient) -> None:
    attachment = user.attach("page.png", PAGE, "image/png")
    user.say("Look at this", attachment["id"])


def delete_attachment(user: ChatKitClient) -> None:
    attachment = user.attach("photo.jpg", PHOTO, "image/jpeg")
    user.call("attachments.delete", attachment_id=attachment["id"])


def delete_thread(user: ChatKitClient) -> None:
    attachment = user.attach("photo.jpg", PHOTO, "image/jpeg")
    thread_id = thread_id_of(user.say("Look at this", attachment["id"]))
    user.call("threads.delete", thread_id=thread_id)


# Where a request makes the serving process die, and the journey that leads there.
SERVING: dict[str, Journey] = {
    "create.reserved": create,
    "create.linked": create,
    "upload.begun": upload,
    "upload.answered": upload,
    "verify.checked": send,
    "verify.pinned": send,
    "verify.copied": send,
    "verify.thumbnail": send,
    "verify.stored": send,
    "verify.rejected": send_a_disguise,
    "attach.written": send,
    "attach.committed": send,
    "delete.written": delete_attachment,
    "delete.committed": delete_attachment,
    "delete.thread_written": delete_thread,
    "delete.thread_committed": delete_thread,
}
SWEEPING = ("sweep.expired", "sweep.uploads", "purge.claimed", "purge.objects", "purge.rows")
RECONCILING = ("reconcile.row", "reconcile.delete", "reconcile.deleted")


def test_every_fault_point_in_the_code_is_in_the_matrix() -> None:
    marked = {
        name
        for source in (ROOT / "app").rglob("*.py")
        for name in re.findall(r'fault_point\("([\w.]+)"\)', source.read_text())
        if source.name != "faults.py"
    }
    assert marked == {*SERVING, *SWEEPING, *RECONCILING}


@pytest.mark.parametrize("fault_point", SERVING)
def test_serving(world: World, fault_point: str) -> None:
    if fault_point.startswith("upload.") and world.transport == "PUT":
        pytest.skip("a PUT passes through no process of ours")
    name = f"{world.transport}-{fault_point}"
    with world.serve(fault_point) as process:
        with ChatKitClient.of(process.url(), name).http as http, pytest.raises(CUT_OFF):
            SERVING[fault_point](ChatKitClient(http))
        assert process.exit_status() == KILLED, process.output
    with world.serve() as process:
        go_on(process, name, fault_point)
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)


def go_on(process: Process, name: str, fault_point: str) -> None:
    """What the user does after the restart: look, and do it again."""
    with ChatKitClient.of(process.url(), name).http as http:
        user = ChatKitClient(http)
        threads = user.call("threads.list", limit=100, order="desc")["data"]
        if fault_point == "attach.committed":
            assert len(threads) == 1
        elif SERVING[fault_point] is send:
            assert threads == [], "a message that was not accepted leaves no empty thread"
        if SERVING[fault_point] is not send_a_disguise:
            send(user)


@pytest.mark.parametrize("fault_point", SWEEPING)
def test_sweeping(world: World, fault_point: str) -> None:
    name = f"{world.transport}-{fault_point}"
    with world.serve() as process, ChatKitClient.of(process.url(), name).http as http:
        user = ChatKitClient(http)
        send(user)
        upload(user)  # and nothing is made of it
        create(user)  # nor of this
        delete_attachment(user)
        delete_thread(user)
        world.at_first_hand(lambda rig: rig.later(DAY))
        status, output = world.command("sweep", "--once", fault_point=fault_point)
        assert status == KILLED, output
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)


@pytest.mark.parametrize("fault_point", RECONCILING)
def test_reconciling(world: World, fault_point: str) -> None:
    name = f"{world.transport}-{fault_point}"
    with world.serve() as process, ChatKitClient.of(process.url(), name).http as http:
        send(ChatKitClient(http))
        send(ChatKitClient(http))
        world.at_first_hand(lambda rig: lose_and_litter(rig, name))
        arguments = ("reconcile", "--fix", "--min-age-hours", "0")
        status, output = world.command(*arguments, fault_point=fault_point)
        assert status == KILLED, output
        status, output = world.command(*arguments)
        assert status == 0, output
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)


async def lose_and_litter(rig: Rig, user_id: str) -> None:
    """A row loses its bytes, and there are bytes of nobody."""
    [(object_key,)] = await rig.sql(
        "SELECT object_key FROM attachments WHERE user_id = :user LIMIT 1", user=user_id
    )
    await rig.bucket.delete([object_key])
    await rig.bucket.write("attachments/nobodys", b"x", mime_type="text/plain")


def a_day_later_all_is_in_step(world: World, process: Process, user_id: str) -> None:
    world.at_first_hand(swept_a_day_later)
    world.at_first_hand(no_row_without_bytes_and_no_bytes_without_a_row)
    with ChatKitClient.of(process.url(), user_id).http as http:
        every_thread_is_readable(ChatKitClient(http))


async def swept_a_day_later(rig: Rig) -> None:
    await rig.later(DAY)
    assert (await rig.sweeper.sweep_once()).failed == 0
    keys = ObjectKeys(rig.database)
    differences = await Reconciliation(keys, rig.bucket, fix=False, min_age_seconds=0).run()
    assert differences.remaining == 0, differences


async def no_row_without_bytes_and_no_bytes_without_a_row(rig: Rig) -> None:
    rows = await rig.sql("SELECT state, object_key, preview_key, size FROM attachments")
    wanted: dict[str, int | None] = {}
    for row in rows:
        assert row.state in {"attached", "rejected"}, "everything else is used up after a day"
        if row.state == "attached":
            wanted[row.object_key] = row.size
            if row.preview_key:
                wanted[row.preview_key] = None
    found = {each.key: each.size async for each in rig.bucket.list("")}
    assert set(found) == set(wanted)
    assert all(size in (None, found[key]) for key, size in wanted.items())
    # So the quota is exact: what counts is what lies in the bucket.
    [(counted,)] = await rig.sql(
        "SELECT coalesce(sum(size), 0) FROM attachments"
        " WHERE state IN ('pending', 'stored', 'attached')"
    )
    assert counted == sum(size for size in wanted.values() if size is not None)


def every_thread_is_readable(user: ChatKitClient) -> None:
    for thread in user.call("threads.list", limit=100, order="desc")["data"]:
        items = user.call("items.list", thread_id=thread["id"], limit=100, order="asc")["data"]
        assert items, "no empty thread stays behind"
        for attachment in (each for item in items for each in item.get("attachments", ())):
            response = user.http.get(
                f"/attachments/{attachment['id']}/content", follow_redirects=True
            )
            assert response.status_code in {200, 404}
            if response.status_code == 200:
                assert response.content == PHOTO
                preview = httpx.get(attachment["preview_url"])
                assert preview.status_code == 200
                assert preview.headers["content-type"] == "image/webp"
        user.say("And now?", thread_id=thread["id"])


def test_killed_in_the_middle_of_an_upload(world: World) -> None:
    """Half of the body has left the client when whoever takes it is gone, or the client is."""
    name = f"{world.transport}-upload.half"
    with world.serve() as process:
        with ChatKitClient.of(process.url(), name).http as http:
            descriptor = ChatKitClient(http).create_attachment("photo.jpg", PHOTO, "image/jpeg")[
                "upload_descriptor"
            ]

        def half() -> Iterator[bytes]:
            yield PHOTO[: len(PHOTO) // 2]
            process.kill()
            raise httpx.WriteError("the client is gone, too")

        headers = {**descriptor.get("headers", {}), "content-length": str(len(PHOTO))}
        with pytest.raises(CUT_OFF):
            httpx.request(
                descriptor["method"], descriptor["url"], content=half(), headers=headers
            )
        assert process.exit_status() == KILLED
    with world.serve() as process:
        with ChatKitClient.of(process.url(), name).http as http:
            send(ChatKitClient(http))
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)
