"""Transcripts on PostgreSQL: one process makes each, and it goes with its attachment."""

import asyncio

import pytest
from sqlalchemy import text

from app.attachment_state import AttachmentState
from app.database.attachment_records import AttachmentRecords
from app.database.engine import Database
from app.database.transcripts import Transcript, TranscriptClaim, TranscriptRecords
from app.errors import NotFound
from tests.rows import insert_in_state, new_attachment

TRANSCRIPT = Transcript("good\0 morning", "any-model", 1.5)


@pytest.fixture
async def records(database: Database) -> TranscriptRecords:
    await insert_in_state(database, AttachmentState.ATTACHED, new_attachment("talk"))
    return TranscriptRecords(database)


async def claim(records: TranscriptRecords, lease_seconds: float = 60) -> TranscriptClaim:
    return await records.claim("alice", "talk", lease_seconds=lease_seconds)


async def test_one_of_many_at_once_transcribes(records: TranscriptRecords) -> None:
    claims = await asyncio.gather(*(claim(records) for _ in range(10)))
    assert sorted(each.is_ours for each in claims) == [False] * 9 + [True]
    await records.save("alice", "talk", TRANSCRIPT)
    kept = (await claim(records)).transcript
    assert kept == Transcript("good\N{REPLACEMENT CHARACTER} morning", "any-model", 1.5)


async def test_a_released_claim_is_free_for_the_next(records: TranscriptRecords) -> None:
    assert (await claim(records)).is_ours
    await records.release("alice", "talk")
    assert (await claim(records)).is_ours


async def test_the_claim_of_a_process_that_died_ends(records: TranscriptRecords) -> None:
    assert (await claim(records, lease_seconds=-1)).is_ours
    assert (await claim(records)).is_ours
    assert not (await claim(records)).is_ours


async def test_a_transcript_is_deleted_with_its_attachment(
    database: Database, records: TranscriptRecords
) -> None:
    await claim(records)
    await AttachmentRecords(database).tombstone("alice", "talk")
    await records.save("alice", "talk", TRANSCRIPT)
    with pytest.raises(NotFound):
        await claim(records)
    async with database.connect() as connection:
        [row] = await connection.execute(
            text("SELECT transcript IS NULL, transcribing_until IS NULL FROM attachments")
        )
    assert tuple(row) == (True, True)


async def test_a_kept_transcript_is_deleted_at_once_too(
    database: Database, records: TranscriptRecords
) -> None:
    await records.save("alice", "talk", TRANSCRIPT)
    await AttachmentRecords(database).tombstone("alice", "talk")
    async with database.connect() as connection:
        assert await connection.scalar(text("SELECT transcript IS NULL FROM attachments"))


async def test_other_users_have_no_access(records: TranscriptRecords) -> None:
    await records.save("alice", "talk", TRANSCRIPT)
    await records.save("mallory", "talk", Transcript("mine", "any-model"))
    with pytest.raises(NotFound):
        await records.claim("mallory", "talk", lease_seconds=60)
    kept = (await claim(records)).transcript
    assert kept is not None and kept.model == "any-model"
