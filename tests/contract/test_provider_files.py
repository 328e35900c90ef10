"""The rows of files at the model's provider, and their deletion there, on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.attachments.deletion import Sweeper
from app.database import provider_files as rows_module
from app.database.provider_files import ProviderFile, ProviderFileRows
from app.database.reconcile_rows import ReconcileRows
from app.provider_files.deletion import ProviderFilePurger
from app.provider_files.files_api import FilesApi
from app.settings.retention import RetentionSettings
from tests.model_api import Error, ModelApi, model_api
from tests.rig import Rig

HOUR = timedelta(hours=1)
RENDITION = {"kind": "file", "mime_type": "application/pdf", "outline": "Chapter 1"}


@pytest.fixture
def rig(seaweedfs_rig: Rig) -> Rig:
    return seaweedfs_rig


@pytest.fixture
def rows(rig: Rig) -> ProviderFileRows:
    return ProviderFileRows(rig.database)


@pytest.fixture
def provider() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture
async def sweeper(rig: Rig, rows: ProviderFileRows, provider: ModelApi) -> AsyncIterator[Sweeper]:
    api = FilesApi("sk-test", provider.base_url)
    purger = ProviderFilePurger(rows, api)
    yield Sweeper(rig.tombstones, rig.bucket, RetentionSettings(), purger)
    await api.close()


@pytest.fixture
async def attachment_id(rig: Rig) -> str:
    record = await rig.verifier.verify(await rig.uploaded())
    return record.id


def file_of(
    attachment_id: str, file_id: str = "file-1", *, expires_in: timedelta | None = 24 * HOUR
) -> ProviderFile:
    expires_at = None if expires_in is None else datetime.now(UTC) + expires_in
    return ProviderFile("alice", file_id, attachment_id, "key", RENDITION, 5, expires_at)


def uploaded(provider: ModelApi) -> str:
    """Return the id of a file that the provider has."""
    return str(provider.uploads.create("a.pdf", b"hello", {"purpose": "user_data"})["id"])


async def states(rig: Rig) -> dict[str, bool]:
    """Return for each file whether it is marked."""
    return dict(await rig.sql("SELECT file_id, purge_after IS NOT NULL FROM provider_files"))


async def test_a_file_is_found_by_its_user_and_attachment_alone(
    rows: ProviderFileRows, attachment_id: str
) -> None:
    new = file_of(attachment_id)
    assert await rows.add(new) == "file-1"
    assert await rows.load("alice", [attachment_id]) == [new]
    assert await rows.load("bob", [attachment_id]) == []
    assert await rows.load("alice", ["atc_other"]) == []


async def test_of_two_uploads_at_once_one_is_used_and_the_other_deleted(
    rig: Rig, rows: ProviderFileRows, attachment_id: str
) -> None:
    assert await rows.add(file_of(attachment_id, "file-1")) == "file-1"
    assert await rows.add(file_of(attachment_id, "file-2")) == "file-1"
    assert await states(rig) == {"file-1": False, "file-2": True}


async def test_a_file_uploaded_during_the_deletion_of_its_attachment_is_deleted(
    rig: Rig, rows: ProviderFileRows, attachment_id: str
) -> None:
    await rig.records.tombstone("alice", attachment_id)
    assert await rows.add(file_of(attachment_id)) is None
    assert await states(rig) == {"file-1": True}
    [[rendition]] = await rig.sql("SELECT rendition::text FROM provider_files")
    assert rendition == "{}"


async def test_a_file_that_expires_soon_is_replaced(
    rig: Rig, rows: ProviderFileRows, attachment_id: str
) -> None:
    await rows.add(file_of(attachment_id, "file-1", expires_in=HOUR / 2))
    assert await rows.load("alice", [attachment_id]) == []
    assert await rows.add(file_of(attachment_id, "file-2")) == "file-2"
    assert await states(rig) == {"file-1": True, "file-2": False}


async def test_what_has_expired_is_forgotten_also_without_a_key(
    rig: Rig, rows: ProviderFileRows, attachment_id: str
) -> None:
    await rows.add(file_of(attachment_id, "file-1", expires_in=-HOUR))
    await rows.add(file_of(attachment_id, "file-2", expires_in=None))
    assert await ProviderFilePurger(rows, None).purge() == (0, 0)
    assert await states(rig) == {"file-2": False}


async def test_all_files_of_a_user_are_deleted_by_deleting_the_attachments(
    rig: Rig, rows: ProviderFileRows, attachment_id: str, provider: ModelApi, sweeper: Sweeper
) -> None:
    await rows.add(file_of(attachment_id, uploaded(provider)))
    await rig.records.tombstone("alice", attachment_id)
    swept = await sweeper.sweep_once()
    assert (swept.provider_files, swept.failed) == (1, 0)
    assert provider.uploads.held == {} and await states(rig) == {}


async def test_files_of_rejected_and_lost_attachments_are_deleted(
    rig: Rig, rows: ProviderFileRows, provider: ModelApi, sweeper: Sweeper
) -> None:
    for attachment_id in ("atc_1", "atc_2"):
        await rig.verifier.verify(await rig.uploaded(attachment_id))
        await rows.add(file_of(attachment_id, uploaded(provider)))
    await rig.records.mark_rejected_by_provider("alice", "atc_1", "It can't be read.")
    reconciled = ReconcileRows(rig.database)
    [lost] = [row async for row in reconciled.walk() if row.id == "atc_2"]
    await reconciled.mark_lost(lost, "Its bytes are missing.")
    assert (await sweeper.sweep_once()).provider_files == 2
    assert provider.uploads.held == {} and await states(rig) == {}


async def test_a_deletion_that_fails_is_tried_again(
    rig: Rig,
    rows: ProviderFileRows,
    attachment_id: str,
    provider: ModelApi,
    sweeper: Sweeper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows_module, "_FIRST_RETRY_SECONDS", 3600)
    await rows.add(file_of(attachment_id, uploaded(provider)))
    await rig.records.tombstone("alice", attachment_id)
    provider.delete_errors.append(Error(403, "Missing scopes: api.files.write"))
    swept = await sweeper.sweep_once()
    assert (swept.provider_files, swept.failed) == (0, 1)
    assert (await sweeper.sweep_once()).provider_files == 0  # it is not due yet
    assert len(provider.uploads.held) == 1
    await rig.sql("UPDATE provider_files SET purge_after = now() WHERE user_id = 'alice'")
    assert (await sweeper.sweep_once()).provider_files == 1
    assert provider.uploads.held == {} and await states(rig) == {}


async def test_a_file_that_the_provider_has_lost_counts_as_deleted(
    rig: Rig, rows: ProviderFileRows, attachment_id: str, provider: ModelApi, sweeper: Sweeper
) -> None:
    file_id = uploaded(provider)
    await rows.add(file_of(attachment_id, file_id))
    provider.uploads.lose(file_id)
    await rig.records.tombstone("alice", attachment_id)
    assert (await sweeper.sweep_once()).provider_files == 1
    assert await states(rig) == {}
    provider.received.clear()


async def test_no_claim_takes_what_another_has_taken(
    rig: Rig, rows: ProviderFileRows, attachment_id: str
) -> None:
    await rig.records.tombstone("alice", attachment_id)
    for number in range(3):
        await rows.add(file_of(attachment_id, f"file-{number}"))
    assert len(await rows.claim(2)) == 2
    assert len(await rows.claim(2)) == 1
    assert await rows.claim(2) == []
