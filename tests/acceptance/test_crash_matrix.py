"""The process dies at every step boundary; after a restart and a sweep nothing is out of step.

For every fault point: a real process is killed (SIGKILL) there, another is started, the user goes
on as a user would, a day passes, the sweep runs. Then: no row without bytes, no bytes without a
row, the quota exact, the thread readable. Over both transports.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.acceptance.command import ROOT
from tests.acceptance.processes import KILLED, Process
from tests.acceptance.world import (
    CUT_OFF,
    DAY,
    PHOTO,
    Journey,
    World,
    a_day_later_all_is_in_step,
    create,
    delete_attachment,
    delete_thread,
    send,
    send_a_disguise,
    upload,
    upload_a_large_file,
    upload_directly,
)
from tests.closing_table import closing_table
from tests.databases import Databases
from tests.rig import Rig
from tests.servers import create_bucket
from tests.service import ChatKitClient

TRANSPORTS = ("POST", "PUT")


@pytest.fixture(scope="module", params=TRANSPORTS)
def world(
    request: pytest.FixtureRequest,
    databases: Databases,
    seaweedfs: EmbeddedSeaweedFS,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    with databases.clone() as database_url:
        yield World(
            database_url=database_url,
            bucket=create_bucket(seaweedfs.endpoint_url),
            transport=request.param,
            directory=tmp_path_factory.mktemp(request.param.lower()),
        )


# Where a request makes the serving process die, and the journey that leads there.
SERVING: dict[str, Journey] = {
    "create.reserved": create,
    "create.linked": create,
    "upload.begun": upload,
    "upload.answered": upload,
    "parts.begun": upload_a_large_file,
    "parts.completed": upload_a_large_file,
    "direct.reserved": upload_directly,
    "direct.uploaded": upload_directly,
    "verify.checked": send,
    "verify.pinned": send,
    "verify.copied": send,
    "verify.thumbnail": send,
    "verify.stored": send,
    "verify.rejected": send_a_disguise,
    "attach.written": send,
    "attach.committed": send,
    "delete.committed": delete_attachment,
    "delete.thread_written": delete_thread,
    "delete.thread_committed": delete_thread,
}
SWEEPING = ("sweep.expired", "sweep.uploads", "purge.claimed", "purge.objects", "purge.rows")
ERASING = ("erase.batch", "erase.tombstoned", "erase.finished")
# They are in test_exporting.py, because an export changes nothing.
EXPORTING = ("export.file", "export.thread")
RECONCILING = ("reconcile.row", "reconcile.delete", "reconcile.deleted")


def test_every_fault_point_in_the_code_is_in_the_matrix() -> None:
    marked = {
        name
        for source in (ROOT / "app").rglob("*.py")
        for name in re.findall(r'fault_point\("([\w.]+)"\)', source.read_text())
        if source.name != "faults.py"
    }
    assert marked == {*SERVING, *SWEEPING, *ERASING, *EXPORTING, *RECONCILING}


@pytest.mark.parametrize(
    ("world", "fault_point"),
    [
        (transport, fault_point)
        for transport in TRANSPORTS
        for fault_point in SERVING
        # A PUT passes through no process of ours.
        if transport == "POST" or not fault_point.startswith("upload.")
    ],
    indirect=["world"],
)
def test_serving(world: World, fault_point: str) -> None:
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


@pytest.mark.parametrize("fault_point", ERASING)
def test_erasing(world: World, fault_point: str, tmp_path: Path) -> None:
    name = f"{world.transport}-{fault_point}"
    receipt = str(tmp_path / "receipt.json")
    with world.serve() as process, ChatKitClient.of(process.url(), name).http as http:
        user = ChatKitClient(http)
        send(user)
        send(user)
        upload(user)
        world.at_first_hand(lambda rig: rig.later(DAY))
        arguments = ("erase", "--user", name, "--output", receipt)
        status, output = world.command(*arguments, fault_point=fault_point)
        assert status == KILLED, output
        status, output = world.command(*arguments)
        assert status == 0, output
        counts = json.loads(Path(receipt).read_text())["receipt"]["erased"]
        assert counts["threads"]["count"] == 2 and counts["attachments"]["count"] == 3
        status, output = world.command("verify-receipt", receipt)
        assert status == 0, output
        assert user.call("threads.list")["data"] == []
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)


async def lose_and_litter(rig: Rig, user_id: str) -> None:
    """A row loses its bytes, and there are bytes of nobody."""
    [(object_key,)] = await rig.sql(
        "SELECT object_key FROM attachments WHERE user_id = :user LIMIT 1", user=user_id
    )
    await rig.bucket.delete([object_key])
    await rig.bucket.write("attachments/nobodys", b"x", mime_type="text/plain")


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
            httpx.request(descriptor["method"], descriptor["url"], content=half(), headers=headers)
        assert process.exit_status() == KILLED
    with world.serve() as process:
        with ChatKitClient.of(process.url(), name).http as http:
            send(ChatKitClient(http))
        a_day_later_all_is_in_step(world, process, name)
    closing_table.crashes_survived.add(name)
