"""Tombstones, purge, sweep and retention, on PostgreSQL and SeaweedFS."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from chatkit.types import FileAttachment
from prometheus_client import REGISTRY
from sqlalchemy import text

from app.attachments import late_uploads
from app.attachments.deletion import Sweeper
from app.context import RequestContext
from app.database import tombstones as tombstones_module
from app.database.attachment_records import AttachmentRecord
from app.database.engine import Database
from app.database.thread_store import PostgresStore
from app.database.tombstones import Tombstones
from app.errors import BucketUnavailable, NotFound
from app.settings.retention import RetentionSettings
from app.storage.bucket import Bucket, DeleteFailure
from app.storage.object_keys import new_object_key, preview_key, upload_key
from tests.rig import Rig, rig_on
from tests.servers import TestBucket

ALICE = RequestContext(user_id="alice", request_id="r", base_url="http://localhost")
HOUR = 3600
RETENTION = RetentionSettings(pending_ttl_seconds=HOUR, sweep_interval_seconds=HOUR)


class StubbornBucket(Bucket):
    """A store that does not delete some keys, or does not answer."""

    def __init__(self, bucket: Bucket) -> None:
        self.__dict__ = bucket.__dict__
        self.locked: set[str] = set()
        self.is_down = False
        self.was_asked = asyncio.Event()

    async def delete(self, keys: Sequence[str]) -> Sequence[DeleteFailure]:
        self.was_asked.set()
        if self.is_down:
            raise BucketUnavailable
        await super().delete([key for key in keys if key not in self.locked])
        return [DeleteFailure(key, "AccessDenied: locked") for key in keys if key in self.locked]


class AnnouncingTombstones(Tombstones):
    """Says when it has deleted rows."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.have_removed = asyncio.Event()

    async def remove(self, purged: Sequence[AttachmentRecord]) -> int:
        count = await super().remove(purged)
        self.have_removed.set()
        return count


@pytest.fixture
def rig(seaweedfs_rig: Rig) -> Rig:
    return seaweedfs_rig


@pytest.fixture
def long_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lease ends while this machine is slow."""
    monkeypatch.setattr(tombstones_module, "FIRST_RETRY_SECONDS", HOUR)


async def verified(rig: Rig, attachment_id: str = "atc_1", user_id: str = "alice") -> str:
    record = await rig.verifier.verify(await rig.uploaded(attachment_id, user_id=user_id))
    assert record.object_key
    return record.object_key


async def test_the_objects_of_a_deleted_attachment_are_deleted_before_its_row(rig: Rig) -> None:
    await verified(rig)
    await rig.records.tombstone("alice", "atc_1")
    await rig.later()
    swept = await rig.sweeper.sweep_once()
    assert swept.purged == 1 and swept.failed == 0
    assert await rig.objects() == [] and await rig.states() == {}


async def test_what_is_deleted_is_gone_at_once_although_its_upload_link_is_alive(rig: Rig) -> None:
    object_key = await verified(rig)
    await rig.bucket.write(preview_key(object_key), b"preview", mime_type="image/webp")
    await rig.records.tombstone("alice", "atc_1")
    await rig.sweeper.sweep_once()
    assert await rig.objects() == []
    [(name, payload, terms)] = await rig.sql(
        "SELECT name, payload::text, search_terms::text FROM attachments"
    )
    assert (name, payload, terms) == ("", "{}", "{}"), "what the user has written is gone, too"
    await rig.later()
    await rig.sweeper.sweep_once()
    assert await rig.states() == {}


async def test_what_a_link_writes_after_the_deletion_is_purged_when_it_has_expired(
    rig: Rig,
) -> None:
    record = await rig.reserve()
    await rig.records.tombstone("alice", record.id)
    assert (await rig.sweeper.sweep_once()).purged == 0
    await rig.upload(record, b"hello")  # the link is still valid
    assert (await rig.sweeper.sweep_once()).purged == 0
    await rig.later()
    assert (await rig.sweeper.sweep_once()).purged == 1
    assert await rig.objects() == [] and await rig.states() == {}


async def test_an_upload_that_ends_after_its_row_is_gone_is_deleted_without_reconcile(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_uploads, "MIN_AGE_SECONDS", -60)
    purged = await rig.uploaded("atc_purged", link_seconds=-10)
    await rig.records.tombstone("alice", "atc_purged")
    cleared = await rig.verifier.verify(await rig.uploaded("atc_cleared"))
    await rig.sql("UPDATE attachments SET upload_ends_at = NULL WHERE id = 'atc_cleared'")
    pending, alive = await rig.uploaded("atc_pending"), await verified(rig, "atc_alive")
    await rig.sweeper.sweep_once()
    for late in (purged, cleared):
        await rig.upload(late, b"hello")
    sweeper = Sweeper(rig.tombstones, rig.bucket, RETENTION)  # as an hour later
    assert (await sweeper.sweep_once()).late_uploads == 2
    assert pending.object_key and cleared.object_key
    kept = [cleared.object_key, upload_key(pending.object_key), alive, upload_key(alive)]
    assert sorted(await rig.objects()) == sorted(kept)


async def test_an_upload_that_has_just_arrived_is_not_judged(rig: Rig) -> None:
    key = upload_key(new_object_key())
    await rig.bucket.write(key, b"another service's", mime_type="text/plain")
    assert (await rig.sweeper.sweep_once()).late_uploads == 0
    assert await rig.objects() == [key]


async def test_an_upload_begun_in_the_last_second_of_its_link_has_time_to_arrive(rig: Rig) -> None:
    await rig.reserve("atc_slow", size=64 * 1024 * 60, link_seconds=-10)  # a minute on a slow line
    await rig.reserve("atc_small", size=1, link_seconds=-10)
    await rig.records.tombstone("alice", "atc_slow")
    await rig.records.tombstone("alice", "atc_small")
    await rig.sweeper.sweep_once()
    assert await rig.states() == {"atc_slow": "tombstone"}


async def test_deleting_twice_never_fails_and_missing_objects_count_as_deleted(rig: Rig) -> None:
    object_key = await verified(rig)
    await rig.records.tombstone("alice", "atc_1")
    await rig.records.tombstone("alice", "atc_1")
    await rig.bucket.delete([object_key, upload_key(object_key)])
    await rig.later()
    swept = await rig.sweeper.sweep_once()
    assert swept.purged == 1 and swept.failed == 0
    assert (await rig.sweeper.sweep_once()).purged == 0
    with pytest.raises(NotFound):
        await rig.records.tombstone("alice", "atc_1")


@pytest.mark.slow
async def test_what_the_store_does_not_delete_is_counted_and_tried_again_later(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    keys = [await verified(rig, f"atc_{number}") for number in range(3)]
    for number in range(3):
        await rig.records.tombstone("alice", f"atc_{number}")
    await rig.later()
    bucket = StubbornBucket(rig.bucket)
    bucket.locked.add(keys[1])
    sweeper = Sweeper(rig.tombstones, bucket, RETENTION)
    for attempt, purged, pause_seconds in ((1, 2, 5), (2, 0, 10), (3, 0, 20)):
        [(begun,)] = await rig.sql("SELECT now()")
        swept = await sweeper.sweep_once()
        assert (swept.purged, swept.failed) == (purged, 1)
        assert f"atc_1 can't be purged, attempt {attempt}: AccessDenied: locked" in caplog.text
        [(due, ended)] = await rig.sql("SELECT purge_after, now() FROM attachments")
        assert due - ended <= timedelta(seconds=pause_seconds) <= due - begun
        await rig.later(-HOUR)  # so that nothing becomes due while this machine is slow
        assert (await sweeper.sweep_once()).failed == 0  # not due again yet
        await rig.later(HOUR + pause_seconds)
    bucket.locked.clear()
    assert (await sweeper.sweep_once()).purged == 1
    assert await rig.objects() == []


async def test_an_outage_of_the_bucket_keeps_every_row(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await verified(rig)
    await rig.records.tombstone("alice", "atc_1")
    await rig.later()
    bucket = StubbornBucket(rig.bucket)
    bucket.is_down = True
    sweeper = Sweeper(rig.tombstones, bucket, RETENTION)
    assert (await sweeper.sweep_once()).failed == 1
    assert "1 attachments can't be purged now" in caplog.text
    assert await rig.states() == {"atc_1": "tombstone"}
    bucket.is_down = False
    await rig.later(6)
    assert (await sweeper.sweep_once()).purged == 1


@pytest.mark.usefixtures("long_leases")
async def test_workers_in_many_replicas_take_separate_rows(rig: Rig) -> None:
    for number in range(40):
        await rig.uploaded(f"atc_{number}", link_seconds=-1)
        await rig.records.tombstone("alice", f"atc_{number}")
    claims = await asyncio.gather(*(rig.tombstones.claim(10) for _ in range(8)))
    taken = [row.id for claimed in claims for row in claimed]
    assert sorted(taken) == sorted(set(taken)) and len(taken) == 40


@pytest.mark.slow
@pytest.mark.usefixtures("long_leases")
async def test_four_sweepers_at_once_purge_everything_once(rig: Rig) -> None:
    for number in range(40):
        await rig.uploaded(f"atc_{number}", link_seconds=-1)
        await rig.records.tombstone("alice", f"atc_{number}")
    swept = await asyncio.gather(*(rig.sweeper.sweep_once() for _ in range(4)))
    assert sum(each.purged for each in swept) == 40
    assert await rig.objects() == [] and await rig.states() == {}


async def test_abandoned_uploads_expire_with_their_bytes_and_release_the_quota(rig: Rig) -> None:
    await rig.uploaded("atc_pending")
    await verified(rig, "atc_unused")
    await rig.reserve("atc_never_uploaded")
    assert (await rig.sweeper.sweep_once()).expired == 0
    await rig.later(3700)
    swept = await rig.sweeper.sweep_once()
    assert (swept.expired, swept.purged) == (3, 3)
    assert await rig.objects() == [] and await rig.states() == {}


async def test_attachments_of_messages_do_not_expire(rig: Rig) -> None:
    await verified(rig)
    await rig.sql("UPDATE attachments SET state = 'attached', thread_id = 'thr_1'")
    await rig.later()
    assert (await rig.sweeper.sweep_once()).expired == 0
    assert await rig.states() == {"atc_1": "attached"}


async def test_attachments_without_an_object_key_never_expire(rig: Rig) -> None:
    theirs = FileAttachment(id="atc_theirs", name="a", mime_type="text/plain")
    await PostgresStore(rig.database).save_attachment(theirs, ALICE)
    await rig.later()
    assert (await rig.sweeper.sweep_once()).expired == 0


async def test_the_upload_of_a_verified_attachment_is_cleared_when_its_link_has_expired(
    rig: Rig,
) -> None:
    object_key = await verified(rig)
    await rig.sql("UPDATE attachments SET state = 'attached', thread_id = 'thr_1'")
    await rig.sweeper.sweep_once()
    assert await rig.has(upload_key(object_key))
    await rig.later(700)
    swept = await rig.sweeper.sweep_once()
    assert swept.uploads_cleared == 1
    assert await rig.objects() == [object_key]
    assert (await rig.sweeper.sweep_once()).uploads_cleared == 0


async def test_an_upload_after_a_rejection_is_cleared(rig: Rig) -> None:
    record = await rig.uploaded(body=b"<html>", mime_type="image/png")
    with pytest.raises(Exception, match="HTML"):
        await rig.verifier.verify(record)
    await rig.upload(record, b"<html>")
    await rig.later(700)
    assert (await rig.sweeper.sweep_once()).uploads_cleared == 1
    assert await rig.objects() == [] and await rig.states() == {"atc_1": "rejected"}
    await rig.later(3600)
    assert (await rig.sweeper.sweep_once()).purged == 1


async def thread_with(rig: Rig, thread_id: str, *attachment_ids: str) -> None:
    await rig.sql(
        "INSERT INTO threads (user_id, id, payload, search_terms)"
        " VALUES ('alice', :id, '{}', '{}')",
        id=thread_id,
    )
    for attachment_id in attachment_ids:
        await verified(rig, attachment_id)
        await rig.sql(
            "UPDATE attachments SET state = 'attached', thread_id = :thread WHERE id = :id",
            thread=thread_id,
            id=attachment_id,
        )


async def test_deleting_a_thread_logs_the_number_of_attachments_and_purges_them(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await thread_with(rig, "thr_1", "atc_1", "atc_2")
    await thread_with(rig, "thr_2", "atc_3")
    counted = REGISTRY.get_sample_value("attachments_tombstoned_total") or 0
    with caplog.at_level("INFO"):
        await PostgresStore(rig.database).delete_thread("thr_1", ALICE)
    [logged] = [vars(each) for each in caplog.records if each.message == "thread deleted"]
    assert (logged["thread_id"], logged["attachment_count"]) == ("thr_1", 2)
    assert REGISTRY.get_sample_value("attachments_tombstoned_total") == counted + 2
    await rig.later()
    assert (await rig.sweeper.sweep_once()).purged == 2
    assert await rig.states() == {"atc_3": "attached"}


@pytest.mark.slow
async def test_old_threads_are_deleted_whole_only_where_retention_is_set(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    async with rig_on(database_url, seaweedfs_bucket, thread_retention_days=30) as rig:
        await thread_with(rig, "thr_old", "atc_1", "atc_2")
        await rig.later(31 * 86_400)
        await thread_with(rig, "thr_new", "atc_3")
        for_ever = Sweeper(rig.tombstones, rig.bucket, RETENTION)
        assert (await for_ever.sweep_once()).threads == 0
        swept = await rig.sweeper.sweep_once()
        assert (swept.threads, swept.purged) == (1, 2)
        assert await rig.states() == {"atc_3": "attached"}
        assert [row.id for row in await rig.sql("SELECT id FROM threads")] == ["thr_new"]


async def test_the_worker_outlives_an_outage_and_sweeps_when_woken(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await verified(rig)
    await rig.later(700)
    bucket = StubbornBucket(rig.bucket)
    bucket.is_down = True
    tombstones = AnnouncingTombstones(rig.database)
    sweeper = Sweeper(tombstones, bucket, RETENTION)
    async with asyncio.timeout(60), sweeper.running():
        await bucket.was_asked.wait()
        bucket.is_down = False
        await rig.records.tombstone("alice", "atc_1")
        await rig.later()
        sweeper.wake()
        await tombstones.have_removed.wait()
    assert await rig.states() == {}
    assert "can't be purged now" in caplog.text
    assert await rig.objects() == []


async def test_the_worker_ends_if_a_driver_replaces_its_cancellation_by_an_error(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def sweep_once() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("not enough values to unpack (expected 3, got 0)") from None

    monkeypatch.setattr(rig.sweeper, "sweep_once", sweep_once)
    task = asyncio.create_task(rig.sweeper.run_forever())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task], timeout=20)
    assert task.cancelled()


async def test_the_claim_of_a_dead_worker_passes_to_another(rig: Rig) -> None:
    await rig.uploaded(link_seconds=-1)
    await rig.records.tombstone("alice", "atc_1")
    assert len(await rig.tombstones.claim(10)) == 1  # and then the worker dies
    await rig.later(-HOUR)  # so that it does not become due while this machine is slow
    assert await rig.tombstones.claim(10) == []
    await rig.later(HOUR + 5)
    assert (await rig.sweeper.sweep_once()).purged == 1


@pytest.mark.slow
async def test_a_locked_row_does_not_delay_the_others(rig: Rig) -> None:
    for number in range(2):
        await rig.uploaded(f"atc_{number}", link_seconds=-1)
        await rig.records.tombstone("alice", f"atc_{number}")
    async with rig.database.begin() as connection:
        await connection.execute(
            text("SELECT 1 FROM attachments WHERE user_id = 'alice' AND id = 'atc_0' FOR UPDATE")
        )
        assert (await rig.sweeper.sweep_once()).purged == 1
    assert (await rig.sweeper.sweep_once()).purged == 1
