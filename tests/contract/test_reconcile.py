"""Reconciliation finds and fixes differences between bucket and database, both ways."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from app.attachment_state import AttachmentState
from app.attachments.reconcile import Difference, DifferenceKind, Reconciled, Reconciliation
from app.database.reconcile_rows import KeyedRow, ReconcileRows
from app.storage.bucket import Bucket, ObjectSummary
from app.storage.object_keys import OBJECT_KEY_PREFIX, new_object_key, preview_key, upload_key
from tests.rig import Rig


async def reconcile(
    rig: Rig, *, fix: bool = False, min_age_seconds: float = 0
) -> tuple[Reconciled, list[Difference]]:
    found: list[Difference] = []
    summary = await Reconciliation(
        ReconcileRows(rig.database),
        rig.bucket,
        fix=fix,
        min_age_seconds=min_age_seconds,
        report=found.append,
    ).run()
    return summary, found


async def attached(rig: Rig, attachment_id: str = "atc_1") -> str:
    record = await rig.verifier.verify(await rig.uploaded(attachment_id))
    assert record.object_key
    await rig.sql(
        "UPDATE attachments SET state = 'attached', thread_id = 'thr_1' WHERE id = :id",
        id=attachment_id,
    )
    return record.object_key


async def orphan(rig: Rig, key: str | None = None) -> str:
    key = key or new_object_key()
    await rig.bucket.write(key, b"orphan", mime_type="text/plain")
    return key


async def test_bucket_and_database_that_agree_have_no_differences(rig: Rig) -> None:
    await attached(rig)
    await rig.uploaded("atc_pending")
    await rig.reserve("atc_reserved")
    await rig.uploaded("atc_deleted")
    await rig.records.tombstone("alice", "atc_deleted")
    summary, found = await reconcile(rig, fix=True)
    assert found == [] and summary.remaining == 0
    assert (summary.rows, summary.objects) == (4, 4)


async def test_nothing_is_changed_without_fix(rig: Rig) -> None:
    lost, kept = await attached(rig, "atc_lost"), await orphan(rig)
    await rig.bucket.delete([lost])
    summary, found = await reconcile(rig)
    assert {each.kind for each in found} == {
        DifferenceKind.OBJECT_WITHOUT_ROW,
        DifferenceKind.ROW_WITHOUT_OBJECT,
    }
    assert (summary.fixed, summary.remaining) == (0, 2)
    assert await rig.has(kept) and await rig.states() == {"atc_lost": "attached"}


async def test_objects_without_a_row_are_deleted_anywhere_in_the_listing(rig: Rig) -> None:
    object_key = await attached(rig)
    strangers = [
        await orphan(rig, OBJECT_KEY_PREFIX + "!first"),
        await orphan(rig, object_key + ".other"),
        await orphan(rig, upload_key(new_object_key())),
        await orphan(rig, preview_key(new_object_key())),
        await orphan(rig, OBJECT_KEY_PREFIX + "~last"),
    ]
    outside = await orphan(rig, "someone-elses/file")
    summary, found = await reconcile(rig, fix=True)
    assert sorted(each.key for each in found) == sorted(strangers)
    assert summary.remaining == 0
    kept = [object_key, upload_key(object_key), outside]
    assert await rig.objects() == sorted(kept)  # the key is random: either may come first
    assert (await reconcile(rig))[1] == []


async def test_a_row_whose_bytes_are_lost_is_rejected_and_not_counted(rig: Rig) -> None:
    object_key = await attached(rig)
    await rig.bucket.delete([object_key])
    summary, found = await reconcile(rig, fix=True)
    assert found == [Difference(DifferenceKind.ROW_WITHOUT_OBJECT, object_key, "atc_1")]
    assert summary.remaining == 0
    record = await rig.records.load("alice", "atc_1")
    assert record.state == "rejected" and record.problem and "missing" in record.problem
    await rig.later()
    assert (await rig.sweeper.sweep_once()).expired == 0  # its thread still gives the reason
    assert (await reconcile(rig))[1] == []


async def test_an_upload_that_is_listed_just_before_its_row_is_not_a_leftover(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # "z" is behind "uploads/", and no key is between them.
    monkeypatch.setattr("tests.rig.new_object_key", lambda: f"{OBJECT_KEY_PREFIX}{'z' * 32}")
    object_key = await attached(rig)
    assert await rig.has(upload_key(object_key))
    assert (await reconcile(rig))[1] == []


async def test_the_image_replaces_its_lost_preview(rig: Rig) -> None:
    object_key = await attached(rig)
    await rig.sql("UPDATE attachments SET preview_key = object_key || '.preview'")
    _, found = await reconcile(rig, fix=True)
    assert [each.kind for each in found] == [DifferenceKind.ROW_WITHOUT_PREVIEW]
    record = await rig.records.load("alice", "atc_1")
    assert record.preview_key is None and record.object_key == object_key
    assert (await reconcile(rig))[1] == []


async def test_unneeded_objects_of_a_row_are_deleted_after_its_link_has_expired(rig: Rig) -> None:
    object_key = await attached(rig)
    await orphan(rig, preview_key(object_key))
    _, found = await reconcile(rig, fix=True)
    assert [each.key for each in found] == [preview_key(object_key)]
    await rig.sql("UPDATE attachments SET upload_ends_at = NULL")
    _, found = await reconcile(rig, fix=True)
    assert [each.key for each in found] == [upload_key(object_key)]
    assert await rig.objects() == [object_key]


async def test_nothing_younger_than_the_minimum_age_is_judged(rig: Rig) -> None:
    lost, kept = await attached(rig, "atc_lost"), await orphan(rig)
    await rig.bucket.delete([lost])
    summary, found = await reconcile(rig, fix=True, min_age_seconds=3600)
    assert found == [] and summary.too_young == 2
    assert await rig.has(kept) and await rig.states() == {"atc_lost": "attached"}


class Listing(Bucket):
    """A bucket that lists many objects without having them."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def list(self, prefix: str) -> AsyncIterator[ObjectSummary]:
        old = datetime.now(UTC) - timedelta(days=30)
        for number in range(self.count):
            yield ObjectSummary(f"{prefix}{number:032}", 1, old)


class Rows(ReconcileRows):
    """Rows that match the objects of `Listing`."""

    def __init__(self, count: int) -> None:
        self.count_of_rows = count

    async def walk(self) -> AsyncIterator[KeyedRow]:
        for number in range(self.count_of_rows):
            key = f"{OBJECT_KEY_PREFIX}{number:032}"
            yield KeyedRow("u", "a", key, None, AttachmentState.ATTACHED, True, 1e9)


@pytest.mark.slow
async def test_a_million_keys_are_compared_in_bounded_memory() -> None:
    before = psutil.Process().memory_info().rss
    summary = await Reconciliation(
        Rows(1_000_000), Listing(1_000_000), fix=False, min_age_seconds=3600
    ).run()
    growth = psutil.Process().memory_info().rss - before
    assert (summary.objects, summary.rows, summary.remaining) == (1_000_000, 1_000_000, 0)
    assert growth < 32 * 1024 * 1024  # holding either side in memory takes hundreds


async def test_more_rows_and_objects_than_a_page_are_walked_in_the_same_order(rig: Rig) -> None:
    await rig.sql(
        "INSERT INTO attachments (user_id, id, state, thread_id, object_key, etag, name,"
        " mime_type, payload, search_terms)"
        " SELECT 'alice', 'atc_' || n, 'attached', 'thr_1', 'attachments/' || md5(n::text), 'e',"
        " 'a', 'a/b', '{}', '{}'"
        " FROM generate_series(1, 2500) AS n"
    )
    keys = [row.object_key async for row in ReconcileRows(rig.database).walk()]
    assert len(keys) == 2500 and keys == sorted(keys, key=str.encode)


@pytest.fixture
def rig(seaweedfs_rig: Rig) -> Rig:
    return seaweedfs_rig
