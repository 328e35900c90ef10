"""A database and a bucket that processes come and go upon, and what has to be true of them."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from PIL import Image

from app.attachments.reconcile import Reconciliation
from app.database.reconcile_rows import ReconcileRows
from app.sizes import LARGE_FILE_BYTES
from app.storage.object_keys import UPLOAD_PREFIX
from tests.acceptance.processes import Process, fork_server, running
from tests.large_files import LARGE_FILE, upload_in_parts
from tests.rig import Rig, rig_on
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket
from tests.service import ChatKitClient, thread_id_of

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
            "MAX_ATTACHMENT_BYTES": str(2 * LARGE_FILE_BYTES),
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


Journey = Callable[[ChatKitClient], None]


def create(user: ChatKitClient) -> None:
    user.create_attachment("photo.jpg", PHOTO, "image/jpeg")


def upload(user: ChatKitClient) -> None:
    user.attach("photo.jpg", PHOTO, "image/jpeg")


def upload_a_large_file(user: ChatKitClient) -> None:
    params = {"name": "list.txt", "size": len(LARGE_FILE), "mime_type": "text/plain"}
    upload_in_parts(user.call("attachments.create", **params), LARGE_FILE)


def upload_directly(user: ChatKitClient) -> None:
    user.http.post("/attachments", files={"file": ("photo.jpg", PHOTO, "image/jpeg")})


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


def a_day_later_all_is_in_step(world: World, process: Process, user_id: str) -> None:
    world.at_first_hand(swept_a_day_later)
    world.at_first_hand(no_row_without_bytes_and_no_bytes_without_a_row)
    assert incomplete_uploads(world.bucket) == []
    with ChatKitClient.of(process.url(), user_id).http as http:
        every_thread_is_readable(ChatKitClient(http))


async def swept_a_day_later(rig: Rig) -> None:
    await rig.later(DAY)
    assert (await rig.sweeper.sweep_once()).failed == 0
    keys = ReconcileRows(rig.database)
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


def incomplete_uploads(bucket: TestBucket) -> list[str]:
    """Return the keys of uploads in parts that were neither completed nor aborted."""
    s3 = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    try:
        found = s3.list_multipart_uploads(Bucket=bucket.name, Prefix=UPLOAD_PREFIX)
    finally:
        s3.close()
    return [each["Key"] for each in found.get("Uploads", ())]


def every_thread_is_readable(user: ChatKitClient) -> None:
    for thread in user.call("threads.list", limit=100, order="desc")["data"]:
        items = user.call("items.list", thread_id=thread["id"], limit=100, order="asc")["data"]
        assert items, "no empty thread stays behind"
        for attachment in (each for item in items for each in item.get("attachments", ())):
            response = user.http.get(
                f"/attachments/{attachment['id']}/content", follow_redirects=True
            )
            # 400 is for files that verification rejected, or that `reconcile` found to be lost.
            assert response.status_code in {200, 400, 404}
            if response.status_code == 200:
                assert response.content == PHOTO
                preview = httpx.get(attachment["preview_url"])
                assert preview.status_code == 200
                assert preview.headers["content-type"] == "image/webp"
        user.say("And now?", thread_id=thread["id"])
