"""The way out: which rows are due, claimed so that no two workers take the same one.

Every method is one short transaction. Claims use SKIP LOCKED, so workers in every replica take
separate rows, and a claim is a lease: it moves the row's next attempt ahead, so that a worker which
dies leaves its rows to the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_, update

from app.attachment_state import SETTLED, UNUSED, AttachmentState
from app.database.attachment_records import tombstone_where, upload_ends_at
from app.database.engine import Database
from app.database.tables import attachments, threads
from app.database.transitions import in_state

# What is tried again waits 5 seconds, then 10, 20, … and at most an hour.
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600

_KEY = (attachments.c.user_id, attachments.c.id)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row whose objects are to be deleted. `attempts` counts this one."""

    user_id: str
    id: str
    object_key: str | None
    state: AttachmentState
    attempts: int


class Tombstones:
    """Rows of every user: only the sweep uses it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, limit: int) -> list[Claimed]:
        """Up to `limit` tombstones that are due, the oldest first, leased to the caller."""
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
                .returning(*_CLAIMED)
            )
            return [Claimed(*row) for row in rows]

    async def remove(self, claimed: Sequence[Claimed]) -> int:
        """Delete the rows of tombstones whose objects are gone; how many there still were."""
        async with self._database.begin() as connection:
            result = await connection.execute(
                delete(attachments).where(_are(claimed), in_state(AttachmentState.TOMBSTONE))
            )
            return int(result.rowcount)

    async def expire_unused(self, ttl_seconds: float, limit: int) -> int:
        """Tombstone up to `limit` attachments that no message used in time; how many it were."""
        age = func.make_interval(0, 0, 0, 0, 0, 0, ttl_seconds)
        unused = (
            select(*_KEY)
            .where(
                in_state(*UNUSED),
                attachments.c.created_at < func.now() - age,
                # A thread still shows those that lost their bytes, and why.
                attachments.c.thread_id.is_(None),
            )
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as connection:
            found = [tuple(row) for row in await connection.execute(unused)]
            # Bound to a message between two statements is impossible: the rows are locked.
            return await tombstone_where(connection, tuple_(*_KEY).in_(found)) if found else 0

    async def claim_dead_uploads(self, limit: int) -> list[Claimed]:
        """Rows by whose upload link nothing can arrive any more, and has not been cleared yet.

        Their link's expiry moves ahead as a lease; `clear_uploads` ends it.
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
                .returning(*_CLAIMED)
            )
            return [Claimed(*row) for row in rows]

    async def clear_uploads(self, claimed: Sequence[Claimed]) -> None:
        """Note that what the upload links of these rows brought is deleted."""
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(_are(claimed), in_state(*SETTLED))
                .values(upload_expires_at=None)
            )

    async def expire_threads(self, retention_days: int, limit: int) -> list[tuple[str, str, int]]:
        """Delete up to `limit` threads that nothing was saved in for `retention_days`, whole.

        Their attachments are tombstoned in the same transaction. Answers user, thread and the
        number of attachments of each.
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
            answer = []
            for user_id, thread_id in expired:
                count = await tombstone_where(
                    connection,
                    and_(attachments.c.user_id == user_id, attachments.c.thread_id == thread_id),
                )
                await connection.execute(
                    delete(threads).where(threads.c.user_id == user_id, threads.c.id == thread_id)
                )
                answer.append((user_id, thread_id, count))
            return answer


_CLAIMED = (
    attachments.c.user_id,
    attachments.c.id,
    attachments.c.object_key,
    attachments.c.state,
    attachments.c.purge_attempts,
)


def _are(claimed: Sequence[Claimed]) -> ColumnElement[bool]:
    return tuple_(*_KEY).in_([(row.user_id, row.id) for row in claimed])
