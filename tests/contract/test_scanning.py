"""Files with malware, on PostgreSQL, SeaweedFS and a real clamd with a signature of our own."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from app.attachments.receipts import remnants
from app.attachments.reconcile import Difference, DifferenceKind, Reconciliation
from app.attachments.scanning import AttachmentScanner
from app.clamd import Clamd
from app.database.attachment_records import AttachmentRecord
from app.database.audit import Action, Actor, AuditLog
from app.database.erasures import ErasureRows
from app.database.reconcile_rows import ReconcileRows
from app.doctor.scanner_checks import EICAR
from app.errors import (
    AttachmentRejected,
    BucketUnavailable,
    MalwareFound,
    NotFound,
    ObjectMissing,
    QuotaExceeded,
    ScannerUnavailable,
)
from app.settings.quota import QuotaSettings
from app.settings.scanner import ScannerSettings
from app.sizes import LARGE_FILE_BYTES
from app.storage.credentials import SessionCredentials
from app.storage.object_keys import preview_key, quarantine_key, upload_key
from app.storage.reader import ObjectReader
from tests.clamd_server import MALWARE, ClamdServer, running_clamd
from tests.contract.test_erasure import SIGNER, erased
from tests.contract.test_verification import photo
from tests.rig import Rig, rig_on
from tests.servers import TestBucket

pytestmark = pytest.mark.slow

DAY = 86_400


@pytest.fixture
async def rig(
    database_url: str, seaweedfs_bucket: TestBucket, clamd: ClamdServer
) -> AsyncIterator[Rig]:
    settings = ScannerSettings(url=clamd.url)
    async with rig_on(database_url, seaweedfs_bucket, scanner=settings) as rig:
        yield rig


async def infected(rig: Rig, attachment_id: str = "atc_1") -> AttachmentRecord:
    """Return the row of a file in which malware was found."""
    record = await rig.uploaded(attachment_id, EICAR, name="invoice.txt")
    with pytest.raises(MalwareFound):
        await rig.verifier.verify(record)
    return await rig.records.load("alice", attachment_id)


async def differences(rig: Rig, *, fix: bool = False) -> list[Difference]:
    found: list[Difference] = []
    rows = ReconcileRows(rig.database)
    await Reconciliation(rows, rig.bucket, fix=fix, min_age_seconds=-60, report=found.append).run()
    return found


def zipped(body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/harmless.txt", b"hello " * 1000 + body)
    return out.getvalue()


async def test_a_clean_file_is_stored(rig: Rig) -> None:
    verified = await rig.verifier.verify(await rig.uploaded())
    assert (verified.state, verified.malware) == ("stored", None)


async def test_what_is_found_is_in_quarantine_and_nowhere_else(rig: Rig) -> None:
    record = await infected(rig)
    assert (record.state, record.malware) == ("rejected", MALWARE)
    assert record.problem == (
        f"“invoice.txt” can't be used: it contains malware ({MALWARE}). It was quarantined."
    )
    assert record.object_key
    assert await rig.objects() == [quarantine_key(record.object_key)]
    assert await rig.bucket.read(quarantine_key(record.object_key)) == EICAR
    entries = [each async for each in AuditLog(rig.database).entries("alice")]
    assert [(each.actor, each.action, each.object_id) for each in entries][-1:] == [
        (Actor.SERVICE, Action.QUARANTINED, "atc_1")
    ]


async def test_a_message_is_sent_without_the_infected_file_and_says_so(rig: Rig) -> None:
    await rig.uploaded("atc_1", EICAR, name="invoice.txt")
    await rig.uploaded("atc_2", b"harmless")
    await rig.verifier.verify_all("alice", ["atc_1", "atc_2"])
    assert await rig.states() == {"atc_1": "rejected", "atc_2": "stored"}
    [words] = await rig.verifier.rejections("alice", ["atc_1", "atc_2"])
    assert "“invoice.txt”" in words and MALWARE in words


async def test_malware_is_found_inside_an_archive(rig: Rig) -> None:
    record = await rig.uploaded(body=zipped(EICAR), name="a.zip", mime_type="application/zip")
    with pytest.raises(MalwareFound):
        await rig.verifier.verify(record)
    clean = await rig.uploaded("atc_2", zipped(b""), name="b.zip", mime_type="application/zip")
    assert (await rig.verifier.verify(clean)).state == "stored"


async def test_a_file_with_malware_stays_rejected(rig: Rig) -> None:
    record = await infected(rig)
    with pytest.raises(MalwareFound, match=r"invoice\.txt"):
        await rig.verifier.verify(record)


async def test_the_bytes_are_deleted_at_once_if_the_quarantine_is_off(
    database_url: str, seaweedfs_bucket: TestBucket, clamd: ClamdServer
) -> None:
    settings = ScannerSettings(url=clamd.url, quarantine="delete")
    async with rig_on(database_url, seaweedfs_bucket, scanner=settings) as rig:
        record = await infected(rig)
        assert await rig.objects() == []
        assert record.malware == MALWARE and record.quarantine_ends_at is None
        assert record.problem and record.problem.endswith("It was removed.")


async def test_files_wait_while_the_scanner_is_away_and_pass_when_it_is_back(
    database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path
) -> None:
    with running_clamd(tmp_path) as clamd:
        settings = ScannerSettings(url=clamd.url)
        async with rig_on(database_url, seaweedfs_bucket, scanner=settings) as rig:
            body = photo()
            record = await rig.uploaded(body=body, name="a.jpg", mime_type="image/jpeg")
            malware = await rig.uploaded("atc_2", EICAR)
            clamd.stop()
            for waiting in (record, malware):
                with pytest.raises(ScannerUnavailable, match=r"“a.* is still being checked"):
                    await rig.verifier.verify(waiting)
            assert set((await rig.states()).values()) == {"pending"}
            assert record.object_key
            assert not await rig.has(preview_key(record.object_key)), "no thumbnail before the scan"
            clamd.start()
            assert (await rig.verifier.verify(record)).state == "stored"
            assert await rig.has(preview_key(record.object_key))
            with pytest.raises(MalwareFound):
                await rig.verifier.verify(malware)


async def test_a_file_that_is_too_large_for_the_scanner_waits(
    database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path
) -> None:
    body = b"x" * 1_500_000
    with running_clamd(tmp_path, StreamMaxLength="1M") as clamd:
        settings = ScannerSettings(url=clamd.url)
        async with rig_on(database_url, seaweedfs_bucket, scanner=settings) as rig:
            record = await rig.uploaded(body=body)
            with pytest.raises(ScannerUnavailable):
                await rig.verifier.verify(record)
            assert await rig.states() == {"atc_1": "pending"}
            clamd.stop()
            clamd.options = {"StreamMaxLength": "2M"}
            clamd.start()
            assert (await rig.verifier.verify(record)).state == "stored"


async def test_a_file_with_another_content_than_declared_needs_no_scan(rig: Rig) -> None:
    record = await rig.uploaded(body=b"<html>" + EICAR, mime_type="image/png")
    with pytest.raises(AttachmentRejected, match="image/png") as rejected:
        await rig.verifier.verify(record)
    assert not isinstance(rejected.value, MalwareFound)
    assert await rig.objects() == []


async def test_the_sweep_keeps_the_quarantine_until_its_retention_ends(rig: Rig) -> None:
    record = await infected(rig)
    assert record.object_key
    await rig.upload(record, b"hello")  # the link is still alive
    await rig.later(2 * DAY)
    await rig.sweeper.sweep_once()
    assert await rig.objects() == [quarantine_key(record.object_key)]
    assert await differences(rig) == []
    await rig.later(28 * DAY)
    await rig.sweeper.sweep_once()
    assert await rig.objects() == []
    await rig.sweeper.sweep_once()
    assert await rig.states() == {}


async def test_what_its_user_deletes_is_gone_from_the_quarantine_too(rig: Rig) -> None:
    await infected(rig)
    await rig.records.tombstone("alice", "atc_1")
    await rig.sweeper.sweep_once()
    assert await rig.objects() == []


async def test_the_quarantine_counts_against_the_quota_until_the_file_is_deleted(rig: Rig) -> None:
    quota = QuotaSettings(max_bytes=100, max_pending=10)
    await infected(rig)
    with pytest.raises(QuotaExceeded):
        await rig.reserve("atc_2", size=40, quota=quota)
    await rig.records.tombstone("alice", "atc_1")
    await rig.later()
    await rig.reserve("atc_2", size=40, quota=quota)


async def test_reconcile_finds_what_nobody_keeps_in_quarantine(rig: Rig) -> None:
    kept = await infected(rig)
    stored = await rig.verifier.verify(await rig.uploaded("atc_2"))
    assert kept.object_key and stored.object_key
    leftover, orphan = quarantine_key(stored.object_key), quarantine_key("attachments/nobody")
    for key in (leftover, orphan):
        await rig.bucket.write(key, EICAR, mime_type="text/plain")
    found = {(each.kind, each.key) for each in await differences(rig, fix=True)}
    assert found == {
        (DifferenceKind.LEFTOVER, leftover),
        (DifferenceKind.OBJECT_WITHOUT_ROW, orphan),
    }
    assert set(await rig.objects()) == {
        quarantine_key(kept.object_key),
        stored.object_key,
        upload_key(stored.object_key),
    }


async def test_a_crash_between_quarantine_and_row_is_repaired_by_the_next_verification(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await rig.uploaded(body=EICAR)

    async def crash(*_: object, **__: object) -> bool:
        raise BucketUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(rig.records, "mark_rejected", crash)
        with pytest.raises(BucketUnavailable):
            await rig.verifier.verify(record)
    assert record.object_key
    assert await rig.has(quarantine_key(record.object_key))
    assert await rig.states() == {"atc_1": "pending"}
    with pytest.raises(MalwareFound):
        await rig.verifier.verify(record)
    assert await rig.objects() == [quarantine_key(record.object_key)]


async def test_a_file_that_is_deleted_during_its_scan_leaves_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await rig.uploaded(body=EICAR)
    mark_rejected = rig.records.mark_rejected

    async def deleted_before(*arguments: object, **changed: object) -> bool:
        await rig.records.tombstone("alice", "atc_1")
        await rig.later()
        await rig.sweeper.sweep_once()
        return await mark_rejected(*arguments, **changed)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.records, "mark_rejected", deleted_before)
    with pytest.raises(NotFound):
        await rig.verifier.verify(record)
    assert await rig.objects() == []


class Occupied:
    """A scanner that ends no scan until `released` is set. It counts scans that have begun."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.released = asyncio.Event()

    async def scan(self, chunks: AsyncIterator[bytes], size: int) -> None:
        self.begun.release()
        await self.released.wait()


async def test_a_user_whose_scans_take_long_does_not_stop_those_of_others(rig: Rig) -> None:
    occupied = Occupied()
    reader = ObjectReader(rig.bucket._endpoint, SessionCredentials())
    scanner = AttachmentScanner(
        cast(Clamd, occupied), reader, rig.bucket, ScannerSettings(), wait_seconds=0.05
    )
    record = await rig.reserve()

    def scan(user_id: str) -> Coroutine[Any, Any, str | None]:
        return scanner.scan(replace(record, user_id=user_id), "attachments/a", etag='"e"')

    scans = [asyncio.create_task(scan("mallory")) for _ in range(4)]
    for _ in scans:
        await occupied.begun.acquire()
    with pytest.raises(ScannerUnavailable):
        await scan("mallory")
    others = asyncio.create_task(scan("alice"))
    await occupied.begun.acquire()
    occupied.released.set()
    assert await asyncio.gather(*scans, others) == [None] * 5


async def test_an_erasure_deletes_what_is_in_quarantine(rig: Rig) -> None:
    record = await infected(rig)
    await rig.later()
    receipt = SIGNER.verify(await erased(rig))
    assert await rig.objects() == []
    assert record.object_key
    await rig.bucket.write(quarantine_key(record.object_key), EICAR, mime_type="text/plain")
    [left] = await remnants(receipt, ErasureRows(rig.database), rig.bucket)
    assert quarantine_key(record.object_key) in left, "verify-receipt looks there too"


async def test_a_verification_is_overtaken_by_one_that_rejects_the_file(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await rig.uploaded(body=EICAR)
    scanner = rig.verifier._scanner
    assert scanner is not None
    scan = scanner.scan

    async def overtaken(*arguments: Any, **given: Any) -> str | None:
        monkeypatch.setattr(scanner, "scan", scan)
        with pytest.raises(MalwareFound):
            await rig.verifier.verify(record)
        return await scan(*arguments, **given)

    monkeypatch.setattr(scanner, "scan", overtaken)
    with pytest.raises(MalwareFound):
        await rig.verifier.verify(record)


async def test_a_missing_copy_of_a_pending_file_is_an_error(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await rig.uploaded()

    async def missing(*_: object, **__: object) -> None:
        raise ObjectMissing

    monkeypatch.setattr(rig.verifier._scanner, "scan", missing)
    with pytest.raises(ObjectMissing):
        await rig.verifier.verify(record)


async def test_a_large_file_has_the_time_that_its_copy_into_the_quarantine_takes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await rig.reserve(size=LARGE_FILE_BYTES + 1)
    scanner, sizes = rig.verifier._scanner, []
    assert scanner is not None

    async def copy(*_: str, size: int = 0, **__: str) -> None:
        sizes.append(size)

    monkeypatch.setattr(rig.bucket, "copy", copy)
    await scanner.quarantine(record, "attachments/a", etag='"e"')
    assert sizes == [record.size], "Bucket.copy waits longer for a large source"
