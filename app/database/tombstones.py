"""The rows that the sweep expires, purges and deletes.

Every method is one short transaction. Claims use SKIP LOCKED, so the workers of all replicas take
separate rows. A claim is a lease: it moves the row's next attempt ahead, and when a worker dies,
another one claims its rows then.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update

from app.attachment_state import SETTLED, UNUSED, AttachmentState
from app.database.attachment_records import (
    RECORD_COLUMNS,
    AttachmentRecord,
    to_record,
    tombstone_where,
    upload_ends_at,
)
from app.database.engine import Database
from app.database.tables import attachments, threads
from app.database.transitions import in_state

# A retry waits 5 seconds, then 10, 20, … and an hour at most.
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600

_KEY = (attachments.c.user_id, attachments.c.id)


class Tombstones:
    """Changes rows of every user, for the sweep alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, limit: int) -> list[AttachmentRecord]:
        """Claim up to `limit` tombstones that are due, the oldest first."""
        exponent = func.least(attachments.c.purge_attempts, 20)
        seconds = func.least(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * func.power(2, exponent))
        due = (
            select(*_KEY)
            .where(in_state(AttachmentState.TOMBSTONE), attachments.c.purge_after <= func.now())
            .order_by(attachments.c.purge_after)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as connection:
            rows = await connection.execute(
                update(attachments)
                .where(tuple_(*_KEY).in_(due))
                .values(
                    purge_after=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
                    purge_attempts=attachments.c.purge_attempts + 1,
                )
                .returning(*RECORD_COLUMNS)
            )
            return [to_record(row) for row in rows]

    async def remove(self, purged: Sequence[AttachmentRecord]) -> int:
        """Delete the rows of tombstones whose objects are gone. Return how many there were.

        A row whose upload link is alive stays, without what the user has written into it, and is
        due again when nothing can arrive by the link any more.
        """
        ours = and_(_is_one_of(purged), in_state(AttachmentState.TOMBSTONE))
        is_alive = upload_ends_at() > func.now()
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(ours, is_alive)
                .values(
                    purge_after=upload_ends_at(),
                    purge_attempts=0,
                    name="",
                    payload={},
                    problem=None,
                    search_terms=[],
                )
            )
            result = await connection.execute(
                delete(attachments).where(ours, is_alive.is_not(True))
            )
            return int(result.rowcount)

    async def awaited_uploads(self, object_keys: Collection[str]) -> set[str]:
        """Return those of the object keys whose upload is in use or will be deleted in time."""
        return await awaited_uploads(self._database, object_keys)

    async def expire_unused(self, ttl_seconds: float, limit: int) -> int:
        """Tombstone up to `limit` attachments that no message used in time. Return how many."""
        age = func.make_interval(0, 0, 0, 0, 0, 0, ttl_seconds)
        unused = (
            select(*_KEY)
            .where(
                in_state(*UNUSED),
                attachments.c.created_at < func.now() - age,
                # A rejected one in a thread lost its bytes; the thread still shows why.
                attachments.c.thread_id.is_(None),
            )
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as connection:
            found = [tuple(row) for row in await connection.execute(unused)]
            # No message can bind one between the statements: the rows are locked.
            return await tombstone_where(connection, tuple_(*_KEY).in_(found)) if found else 0

    async def claim_dead_uploads(self, limit: int) -> list[AttachmentRecord]:
        """Claim up to `limit` verified attachments whose upload link is dead and not cleared.

        The lease is the link's expiry, which moves ahead; `clear_uploads` ends it.
        """
        dead = (
            select(*_KEY)
            .where(
                in_state(*SETTLED),
                attachments.c.upload_expires_at < func.now(),
                upload_ends_at() < func.now(),
            )
            .order_by(attachments.c.upload_expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as connection:
            rows = await connection.execute(
                update(attachments)
                .where(tuple_(*_KEY).in_(dead))
                .values(
                    upload_expires_at=func.now()
                    + func.make_interval(0, 0, 0, 0, 0, 0, FIRST_RETRY_SECONDS)
                )
                .returning(*RECORD_COLUMNS)
            )
            return [to_record(row) for row in rows]

    async def clear_uploads(self, cleared: Sequence[AttachmentRecord]) -> None:
        """Record that what the upload links of these rows wrote is deleted."""
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(_is_one_of(cleared), in_state(*SETTLED))
                .values(upload_expires_at=None)
            )

    async def expire_threads(self, retention_days: int, limit: int) -> list[tuple[str, str, int]]:
        """Delete up to `limit` threads in which nothing was saved for `retention_days`.

        Their attachments are tombstoned in the same transaction. Return user, thread and number of
        attachments of each.
        """
        age = func.make_interval(0, 0, 0, retention_days)
        old = (
            select(threads.c.user_id, threads.c.id)
            .where(threads.c.updated_at < func.now() - age)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as connection:
            expired = [(row.user_id, row.id) for row in await connection.execute(old)]
            deleted = []
            for user_id, thread_id in expired:
                count = await tombstone_where(
                    connection,
                    and_(attachments.c.user_id == user_id, attachments.c.thread_id == thread_id),
                )
                await connection.execute(
                    delete(threads).where(threads.c.user_id == user_id, threads.c.id == thread_id)
                )
                deleted.append((user_id, thread_id, count))
            return deleted


async def awaited_uploads(database: Database, object_keys: Collection[str]) -> set[str]:
    """Return those of the object keys whose upload is in use or will be deleted in time."""
    is_awaited = or_(
        in_state(AttachmentState.PENDING, AttachmentState.TOMBSTONE),
        attachments.c.upload_expires_at.is_not(None),
    )
    async with database.connect() as connection:
        found = await connection.execute(
            select(attachments.c.object_key).where(
                attachments.c.object_key.in_(list(object_keys)), is_awaited
            )
        )
        return set(found.scalars())


def _is_one_of(records: Sequence[AttachmentRecord]) -> ColumnElement[bool]:
    return tuple_(*_KEY).in_([(record.user_id, record.id) for record in records])
