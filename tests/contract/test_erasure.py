"""Erasing a user: nothing is left, others keep all, and the receipt says exactly what was there."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import boto3
import pytest
from chatkit.types import InferenceOptions, ThreadMetadata, UserMessageItem, UserMessageTextContent

from app.attachments.deletion import Purger, Sweeper, Swept
from app.attachments.erasure import Erasures
from app.attachments.receipts import ReceiptSigner, remnants
from app.bounded_cache import BoundedCache
from app.context import RequestContext
from app.database.audit import Action, Actor, AuditLog
from app.database.erasures import ErasureRows
from app.database.thread_store import PostgresStore
from app.errors import ErasureUnderWay, InvalidRequest
from app.settings.retention import RetentionSettings
from app.storage.object_keys import upload_key
from tests.rig import Rig
from tests.rows import UNLIMITED, new_attachment
from tests.servers import TestBucket

SIGNER = ReceiptSigner(b"a" * 32)


def of(user_id: str) -> RequestContext:
    return RequestContext(user_id=user_id, request_id="r", base_url="http://localhost")


def message(item_id: str, thread_id: str) -> UserMessageItem:
    return UserMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=datetime.now(),
        content=[UserMessageTextContent(text="private words")],
        attachments=[],
        inference_options=InferenceOptions(),
    )


async def furnish(rig: Rig, user_id: str, *, link_seconds: float = -1) -> None:
    """Give a user two threads with items and feedback, and a file in each state."""
    store = PostgresStore(rig.database)
    for number in (1, 2):
        thread = ThreadMetadata(id=f"thr_{number}", created_at=datetime.now(), title="private")
        first = message("msg_1", thread.id)
        await store.add_user_message(thread, first, of(user_id), create_thread=True)
        await store.save_item(thread.id, message("msg_2", thread.id), of(user_id))
        await store.add_feedback(thread.id, ["msg_2"], "positive", of(user_id))
    named: dict[str, Any] = {
        "user_id": user_id,
        "link_seconds": link_seconds,
        "name": "private.txt",
    }
    await rig.uploaded("atc_pending", **named)
    stored = await rig.uploaded("atc_attached", **named)
    await rig.verifier.verify(stored)
    await rig.records.bind(user_id, "thr_1", "atc_attached")
    await rig.uploaded("atc_deleted", **named)
    await rig.records.tombstone(user_id, "atc_deleted")


async def erased(rig: Rig, user_id: str = "alice", signer: ReceiptSigner = SIGNER) -> object:
    rows = ErasureRows(rig.database)
    erasures = Erasures(rows, signer)
    await rows.start(user_id, Actor.OPERATOR)
    await erasures.delete_rows(user_id)
    await Purger(rig.tombstones, rig.bucket).purge(Swept())
    finished = await erasures.finish(user_id)
    return None if finished is None else finished.receipt


def digest(ids: Sequence[str]) -> str:
    return hashlib.sha256("".join(f"{each}\n" for each in sorted(ids)).encode()).hexdigest()


async def test_nothing_is_left_and_the_receipt_says_what_was_there(rig: Rig) -> None:
    await furnish(rig, "alice")
    await furnish(rig, "bob")
    before = set(await rig.objects())
    bobs = await rig.sql("SELECT object_key FROM attachments WHERE user_id = 'bob'")
    keys = {row.object_key for row in bobs}
    document = await erased(rig)
    receipt = SIGNER.verify(document)
    items = [f"thr_{thread}/msg_{item}" for thread in (1, 2) for item in (1, 2)]
    ids = {
        "threads": ["thr_1", "thr_2"],
        "items": items,
        "feedback": [each for each in items if each.endswith("2")],
        "attachments": ["atc_attached", "atc_deleted", "atc_pending"],
    }
    assert {kind: each.model_dump() for kind, each in receipt.erased.items()} == {
        kind: {"count": len(each), "sha256": digest(each)} for kind, each in ids.items()
    }
    assert await remnants(receipt, ErasureRows(rig.database), rig.bucket) == []
    left = set(await rig.objects())
    assert left < before and {key.replace("uploads/", "") for key in left} <= keys
    for table in ("threads", "thread_items", "feedback", "attachments"):
        owners = await rig.sql(f"SELECT DISTINCT user_id FROM {table}")  # noqa: S608
        assert [row.user_id for row in owners] == ["bob"]
    assert await rig.sql("SELECT * FROM erased") == []


async def test_the_audit_log_keeps_the_fact(seaweedfs_rig: Rig) -> None:
    await furnish(seaweedfs_rig, "alice")
    await erased(seaweedfs_rig)
    entries = [entry async for entry in AuditLog(seaweedfs_rig.database).entries("alice")]
    assert (entries[-1].actor, entries[-1].action, entries[-1].kind) == (
        "operator",
        "erased",
        "user",
    )
    assert [each.action for each in entries].count(Action.ERASED) == 1
    kept = await seaweedfs_rig.sql(
        "SELECT a::text FROM audit_log a UNION ALL SELECT e::text FROM erasures e"
    )
    assert not any("private" in str(row) for row in kept)


async def test_an_upload_under_way_does_not_survive(seaweedfs_rig: Rig) -> None:
    rig = seaweedfs_rig
    record = await rig.reserve("atc_1", link_seconds=600)
    rows, erasures = ErasureRows(rig.database), Erasures(ErasureRows(rig.database), SIGNER)
    assert await erased(rig) is None, "the link is alive"
    await rig.upload(record, b"hello")
    assert await erased(rig) is None
    [row] = await rig.sql("SELECT name, payload FROM attachments")
    assert (row.name, row.payload) == ("", {})
    await rig.later()
    receipt = SIGNER.verify(await erased(rig))
    assert receipt.erased["attachments"].count == 1
    assert await rig.objects() == []
    assert await remnants(receipt, rows, rig.bucket) == []
    assert (await erasures.finish("alice")) is not None, "it stays finished"


async def test_tombstones_are_written_once_however_often_sweeps_continue(
    seaweedfs_rig: Rig,
) -> None:
    rig = seaweedfs_rig
    await furnish(rig, "alice", link_seconds=600)
    assert await erased(rig) is None
    for attachment_id in ("atc_attached", "atc_deleted"):
        await rig.sql(
            "UPDATE attachments SET name = 'unchanged' WHERE user_id = 'alice' AND id = :id",
            id=attachment_id,
        )
    await Erasures(ErasureRows(rig.database), SIGNER).delete_rows("alice")
    names = dict(await rig.sql("SELECT id, name FROM attachments"))
    assert names == {"atc_attached": "unchanged", "atc_deleted": "unchanged", "atc_pending": ""}


async def test_it_waits_until_the_provider_has_deleted_its_files(seaweedfs_rig: Rig) -> None:
    rig = seaweedfs_rig
    await furnish(rig, "alice")
    await rig.sql(
        "INSERT INTO provider_files (user_id, file_id, attachment_id, rendition_key, rendition,"
        " size) VALUES ('alice', 'file-1', 'atc_attached', 'k', '{}', 5)"
    )
    assert await erased(rig) is None
    [marked] = await rig.sql("SELECT purge_after FROM provider_files")
    assert marked.purge_after is not None
    await rig.sql("DELETE FROM provider_files")
    assert await erased(rig) is not None


async def test_nothing_new_is_created_during_an_erasure(seaweedfs_rig: Rig) -> None:
    rig = seaweedfs_rig
    store = PostgresStore(rig.database)
    thread = ThreadMetadata(id="thr_new", created_at=datetime.now())
    await rig.reserve("atc_1")
    await ErasureRows(rig.database).start("alice", Actor.ADMIN)
    with pytest.raises(ErasureUnderWay):
        await rig.records.reserve(new_attachment("atc_2"), UNLIMITED)
    with pytest.raises(ErasureUnderWay):
        await store.add_user_message(
            thread, message("msg_1", "thr_new"), of("alice"), create_thread=True
        )
    await rig.reserve("atc_3", user_id="bob")
    await rig.later()
    assert await erased(rig) is not None
    await rig.reserve("atc_4")
    await store.add_user_message(
        thread, message("msg_1", "thr_new"), of("alice"), create_thread=True
    )


async def test_a_second_request_replaces_no_receipt(seaweedfs_rig: Rig) -> None:
    await furnish(seaweedfs_rig, "alice")
    first = await erased(seaweedfs_rig)
    assert await erased(seaweedfs_rig) == first
    await seaweedfs_rig.uploaded("atc_back", link_seconds=-1)
    receipt = SIGNER.verify(first)
    assert await remnants(receipt, ErasureRows(seaweedfs_rig.database), seaweedfs_rig.bucket) == []
    second = SIGNER.verify(await erased(seaweedfs_rig))
    assert second.erasure != receipt.erasure and second.erased["attachments"].count == 1


async def test_what_is_left_is_named(seaweedfs_rig: Rig) -> None:
    rig = seaweedfs_rig
    await furnish(rig, "alice")
    receipt = SIGNER.verify(await erased(rig))
    key = receipt.object_keys[0]
    await rig.bucket.write(f"{key}.preview", b"x", mime_type="image/webp")
    await rig.bucket.write(upload_key(key), b"x", mime_type="text/plain")
    await rig.sql(
        "INSERT INTO threads (user_id, id, payload, search_terms, created_at)"
        " VALUES ('alice', 'thr_1', '{}', '{}', now() - interval '1 day')"
    )
    left = await remnants(receipt, ErasureRows(rig.database), rig.bucket)
    assert left == [
        "1 threads in the database",
        f"{key}.preview in the bucket",
        f"{upload_key(key)} in the bucket",
    ]


async def test_a_receipt_that_was_changed_is_rejected(seaweedfs_rig: Rig) -> None:
    document = await erased(seaweedfs_rig)
    assert isinstance(document, dict)
    changed = {**document, "receipt": {**document["receipt"], "user": "bob"}}
    others: list[Any] = [changed, {**document, "signature": "é"}, {}, [], "x"]
    for other in [*others, {"receipt": 1, "signature": 2}]:
        with pytest.raises(InvalidRequest):
            SIGNER.verify(other)
    with pytest.raises(InvalidRequest, match="SIGNING_SECRET_PREVIOUS"):
        ReceiptSigner(b"b" * 32).verify(document)
    replaced = ReceiptSigner(b"b" * 32, also_accepted=[b"a" * 32])
    assert replaced.verify(document).user == "alice"


async def test_the_sweep_of_any_replica_continues_an_erasure_and_clears_its_caches(
    seaweedfs_rig: Rig,
) -> None:
    rig = seaweedfs_rig
    await furnish(rig, "alice")
    rows = ErasureRows(rig.database)
    await rows.start("alice", Actor.ADMIN)
    cache: BoundedCache[str, bytes] = BoundedCache(100)
    erasures = Erasures(rows, SIGNER)
    sweeper = Sweeper(rig.tombstones, rig.bucket, RetentionSettings(), erasures=erasures)
    cache.put("private", b"words", 5)
    await sweeper.sweep_once()
    assert "private" not in cache and cache.used_bytes == 0
    finished = await rows.load("alice")
    assert finished is not None and finished.receipt is not None
    cache.put("private", b"words", 5)
    await sweeper.sweep_once()
    assert "private" not in cache, "an answer under way may have filled it again"
    cache.put("others", b"words", 5)
    await sweeper.sweep_once()
    assert "others" in cache


async def test_versions_are_left_until_they_are_deleted(
    seaweedfs_rig: Rig, seaweedfs_bucket: TestBucket
) -> None:
    rig = seaweedfs_rig
    client = boto3.client("s3", endpoint_url=seaweedfs_bucket.endpoint_url, region_name="us-east-1")
    client.put_bucket_versioning(
        Bucket=seaweedfs_bucket.name, VersioningConfiguration={"Status": "Enabled"}
    )
    await furnish(rig, "alice")
    receipt = SIGNER.verify(await erased(rig))
    assert await remnants(receipt, ErasureRows(rig.database), rig.bucket) == []
    key = receipt.object_keys[0]
    await rig.bucket.write(key, b"x", mime_type="text/plain")
    client.delete_object(Bucket=seaweedfs_bucket.name, Key=key)
    client.close()
    assert not await rig.has(key), "it is hidden by a delete marker"
    left = await remnants(receipt, ErasureRows(rig.database), rig.bucket)
    assert left == [f"{key} in the bucket"]
