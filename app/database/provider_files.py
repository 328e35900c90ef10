"""The rows of files that the model's provider keeps: MODEL_INPUT=files.

A file belongs to one rendition of one attachment of one user, and is never used for another. Files
of deleted attachments are marked when their tombstones are claimed (tombstones.py), those of
attachments that are rejected or lost later in the same transaction. Marked rows are the outbox of
`app/provider_files/deletion.py`, which deletes the files at the provider.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, and_, delete, func, literal, select, tuple_
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachment_state import USABLE
from app.database.engine import Database
from app.database.tables import attachments, provider_files
from app.database.transitions import in_state

# A retry waits 5 seconds, then 10, 20, … and an hour at most.
_FIRST_RETRY_SECONDS = 5
_LONGEST_RETRY_SECONDS = 3600
# A file that expires sooner is not sent: an answer with many tool calls takes minutes.
_LEAST_LEFT_SECONDS = 3600

_MARKED = {"purge_after": func.now(), "purge_attempts": 0, "rendition": {}}


@dataclass(frozen=True, slots=True)
class ProviderFile:
    """A file at the provider. `size` is in bytes; `expires_at` is None if it never expires.

    `rendition` has the fields of a `Rendition` without its body.
    """

    user_id: str
    file_id: str
    attachment_id: str
    rendition_key: str
    rendition: Mapping[str, str | int]
    size: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class MarkedFile:
    """A file to delete at the provider. `attempts` counts the claims before this one."""

    user_id: str
    file_id: str
    attempts: int


_COLUMNS = [provider_files.c[name] for name in ProviderFile.__dataclass_fields__]
_IN_USE = provider_files.c.purge_after.is_(None)


class ProviderFileRows:
    """Reads and changes the rows. Only the last four methods concern rows of all users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, user_id: str, attachment_ids: Collection[str]) -> list[ProviderFile]:
        """Return the files of these attachments that can be used."""
        async with self._database.connect() as connection:
            found = await connection.execute(
                select(*_COLUMNS).where(
                    provider_files.c.user_id == user_id,
                    provider_files.c.attachment_id.in_(list(attachment_ids)),
                    _IN_USE,
                    ~_expires_soon(),
                )
            )
            return [ProviderFile(**row._mapping) for row in found]

    async def add(self, new: ProviderFile) -> str | None:
        """Record an uploaded file. Return the id of the file to use for this rendition.

        This is another id if another replica was faster, and None if the attachment was deleted
        during the upload. In both cases the new file is marked for deletion.
        """
        same = _has_rendition(new)
        values = {name: getattr(new, name) for name in ProviderFile.__dataclass_fields__}
        async with self._database.begin() as connection:
            # The lock makes a deletion wait, which then marks the row that is written here.
            usable = await connection.scalar(
                select(attachments.c.id)
                .where(
                    attachments.c.user_id == new.user_id,
                    attachments.c.id == new.attachment_id,
                    in_state(*USABLE),
                )
                .with_for_update(read=True)
            )
            if usable is not None:
                await connection.execute(
                    sql_update(provider_files).where(same, _IN_USE, _expires_soon()).values(_MARKED)
                )
                added = await connection.execute(
                    insert(provider_files).values(values).on_conflict_do_nothing()
                )
                if added.rowcount:
                    return new.file_id
            await connection.execute(
                insert(provider_files).values(values | _MARKED).on_conflict_do_nothing()
            )
            if usable is None:
                return None
            winner = await connection.scalar(select(provider_files.c.file_id).where(same, _IN_USE))
            return str(winner) if winner else None

    async def count(self, user_id: str) -> int:
        """Return how many files of the user the provider may have."""
        own = select(func.count()).where(provider_files.c.user_id == user_id)
        async with self._database.connect() as connection:
            return int(await connection.scalar(own) or 0)

    async def forget(self, user_id: str, file_ids: Collection[str]) -> int:
        """Delete the rows of files that the provider has lost. Return how many were deleted."""
        async with self._database.connect() as connection:
            result = await connection.execute(
                delete(provider_files).where(
                    provider_files.c.user_id == user_id,
                    provider_files.c.file_id.in_(list(file_ids)),
                )
            )
            return int(result.rowcount)

    async def forget_expired(self) -> int:
        """Delete the rows of files that the provider has deleted itself. Return how many."""
        async with self._database.connect() as connection:
            result = await connection.execute(
                delete(provider_files).where(provider_files.c.expires_at < func.now())
            )
            return int(result.rowcount)

    async def claim(self, limit: int) -> list[MarkedFile]:
        """Claim up to `limit` marked files that are due, the oldest first.

        A claim is a lease: it postpones the next attempt. What another worker claims at the same
        time is left to it.
        """
        due = provider_files.c.purge_after <= func.now()
        key = (provider_files.c.user_id, provider_files.c.file_id)
        claimed = []
        async with self._database.connect() as connection:
            found = await connection.execute(
                select(*key, provider_files.c.purge_attempts)
                .where(due)
                .order_by(provider_files.c.purge_after)
                .limit(limit)
            )
            for user_id, file_id, attempts in found.all():
                # Computed here, because Citus does not compute times from columns in an UPDATE.
                seconds = min(_LONGEST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(attempts, 20))
                changed = await connection.execute(
                    sql_update(provider_files)
                    .where(_has_id(user_id, file_id), due)
                    .values(
                        purge_after=func.now() + _interval(seconds), purge_attempts=attempts + 1
                    )
                )
                if changed.rowcount:
                    claimed.append(MarkedFile(user_id, file_id, attempts))
        return claimed

    async def remove(self, deleted: MarkedFile) -> None:
        """Delete the row of a file that the provider has deleted."""
        async with self._database.connect() as connection:
            await connection.execute(
                delete(provider_files).where(_has_id(deleted.user_id, deleted.file_id))
            )


async def mark_files_of(connection: AsyncConnection, keys: Sequence[tuple[str, str]]) -> None:
    """Mark the files of attachments, given by user and id, for deletion."""
    columns = tuple_(provider_files.c.user_id, provider_files.c.attachment_id)
    await connection.execute(
        sql_update(provider_files).where(columns.in_(list(keys)), _IN_USE).values(_MARKED)
    )


def _has_id(user_id: str, file_id: str) -> ColumnElement[bool]:
    return and_(provider_files.c.user_id == user_id, provider_files.c.file_id == file_id)


def _has_rendition(file: ProviderFile) -> ColumnElement[bool]:
    return and_(
        provider_files.c.user_id == file.user_id,
        provider_files.c.attachment_id == file.attachment_id,
        provider_files.c.rendition_key == file.rendition_key,
    )


def _expires_soon() -> ColumnElement[bool]:
    expires_at = provider_files.c.expires_at
    return and_(expires_at.is_not(None), expires_at < func.now() + _interval(_LEAST_LEFT_SECONDS))


def _interval(seconds: float) -> ColumnElement[timedelta]:
    return literal(timedelta(seconds=seconds), Interval)
