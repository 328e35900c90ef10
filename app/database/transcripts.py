"""Keeps the transcripts of recordings in their attachments' rows, and who is transcribing one.

A transcription is paid for, so processes claim it: a claim is a lease in the row, which ends by
itself if the process dies. A transcript is deleted when its attachment becomes a tombstone.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    Interval,
    Update,
    and_,
    func,
    literal,
    or_,
    select,
    update,
)

from app.attachment_state import USABLE
from app.database.engine import Database
from app.database.missing import no_attachment
from app.database.tables import attachments
from app.database.transitions import in_state
from app.storable import storable


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a recording, by the transcription model called `model`.

    `seconds` is the length of the recording, if it is known.
    """

    text: str
    model: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TranscriptClaim:
    """A transcript, or whether the caller has to make it: another process does if it has not."""

    transcript: Transcript | None
    is_ours: bool = False


class TranscriptRecords:
    """Reads and writes the transcripts of a given user's attachments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, user_id: str, attachment_id: str, *, lease_seconds: float
    ) -> TranscriptClaim:
        """Return the transcript, or claim the transcription for `lease_seconds`.

        Raises `NotFound` if there is no such attachment, or if it is deleted or rejected.
        """
        row = _usable(user_id, attachment_id)
        is_free = or_(
            attachments.c.transcribing_until.is_(None),
            attachments.c.transcribing_until < func.now(),
        )
        lease = func.now() + literal(timedelta(seconds=lease_seconds), Interval)
        async with self._database.connect() as connection:
            found = await connection.execute(select(attachments.c.transcript).where(row))
            kept = found.one_or_none()
            if kept is None:
                raise no_attachment(attachment_id)
            if kept.transcript is not None:
                return TranscriptClaim(Transcript(**kept.transcript))
            claimed = await connection.execute(
                update(attachments)
                .where(row, attachments.c.transcript.is_(None), is_free)
                .values(transcribing_until=lease)
            )
            return TranscriptClaim(None, is_ours=bool(claimed.rowcount))

    async def save(self, user_id: str, attachment_id: str, transcript: Transcript) -> None:
        """Keep a transcript and end the claim, unless the attachment was deleted."""
        kept = asdict(transcript) | {"text": storable(transcript.text)}
        await self._update(user_id, attachment_id, transcript=kept)

    async def release(self, user_id: str, attachment_id: str) -> None:
        """End the claim without a transcript, so that the next process can try."""
        await self._update(user_id, attachment_id)

    async def _update(self, user_id: str, attachment_id: str, **values: object) -> None:
        change: Update = update(attachments).where(_usable(user_id, attachment_id))
        async with self._database.connect() as connection:
            await connection.execute(change.values(transcribing_until=None, **values))


def _usable(user_id: str, attachment_id: str) -> ColumnElement[bool]:
    return and_(
        attachments.c.user_id == user_id,
        attachments.c.id == storable(attachment_id),
        in_state(*USABLE),
    )
