"""The rows that the sweep expires, purges and deletes.

A claim looks for due rows of all users first, and locks none. Then one statement for each user
changes those of them that are still due, so it runs on one shard if the tables are sharded by user.
With SKIP LOCKED, the workers of all replicas take separate rows, and do not wait for a message that
is being saved. A claim is a lease: it postpones the row's next attempt, and if the worker dies,
another one claims the row at that time.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    Interval,
    Text,
    Update,
    and_,
    any_,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from app.attachment_state import SETTLED, UNUSED, AttachmentState
from app.database.attachment_records import (
    ATTACHMENT_EXPIRED,
    RECORD_COLUMNS,
    AttachmentRecord,
    to_record,
    to_tombstone,
    tombstone_where,
)
from app.database.audit import Act, Action, Actor, AuditLog, Kind, announce, entries_of
from app.database.engine import Database
from app.database.provider_files import mark_files_of
from app.database.tables import attachments, threads
from app.database.transitions import in_state
from app.telemetry import metrics

# A retry waits 5 seconds, then 10, 20, … and an hour at most.
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600

THREAD_EXPIRED = Act(Actor.SERVICE, Action.DELETED, Kind.THREAD)

_KEY = (attachments.c.user_id, attachments.c.id)


class Tombstones:
    """Changes rows of every user, for the sweep alone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._audit = AuditLog(database)

    async def claim(self, limit: int) -> list[AttachmentRecord]:
        """Claim up to `limit` tombstones that are due, the oldest first.

        Their files at the model's provider are marked for deletion.
        """

        def claimed(attempts: int) -> Update:
            # Computed here, because Citus does not compute times from columns in an UPDATE.
            seconds = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempts, 20))
            return (
                update(attachments)
                .where(attachments.c.purge_attempts == attempts)
                .values(purge_after=func.now() + _interval(seconds), purge_attempts=attempts + 1)
            )

        due = and_(in_state(AttachmentState.TOMBSTONE), attachments.c.purge_after <= func.now())
        tombstones = await self._change_due(due, attachments.c.purge_after, limit, claimed)
        if tombstones:
            async with self._database.connect() as connection:
                await mark_files_of(connection, [(row.user_id, row.id) for row in tombstones])
        return tombstones

    async def remove(self, purged: Sequence[AttachmentRecord]) -> int:
        """Delete the rows of tombstones whose objects are deleted. Return how many were deleted.

        A row stays while uploads can arrive by its link, and is due again after that. What the user
        wrote is removed from it.
        """
        ours = and_(_is_one_of(purged), in_state(AttachmentState.TOMBSTONE))
        is_alive = attachments.c.upload_ends_at > func.now()
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(ours, is_alive)
                .values(
                    purge_after=attachments.c.upload_ends_at,
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
        """Return those of the object keys whose upload is in use or is left to the sweep."""
        return await awaited_uploads(self._database, object_keys)

    async def expire_unused(self, ttl_seconds: float, limit: int) -> int:
        """Tombstone up to `limit` attachments that no message used in time. Return how many."""
        unused = and_(
            in_state(*UNUSED),
            attachments.c.created_at < func.now() - _interval(ttl_seconds),
            # The row of a rejected attachment stays in its thread, which shows the reason.
            attachments.c.thread_id.is_(None),
            attachments.c.quarantine_ends_at.is_(None),
        )
        expired = await self._change_due(
            unused, attachments.c.created_at, limit, lambda _: to_tombstone(), ATTACHMENT_EXPIRED
        )
        for each in expired:
            announce(ATTACHMENT_EXPIRED, each.user_id, [each.id])
        metrics.tombstoned.inc(len(expired))
        return len(expired)

    async def claim_dead_uploads(self, limit: int) -> list[AttachmentRecord]:
        """Claim up to `limit` settled attachments whose upload link has expired and is not cleared.

        The lease is a later `upload_ends_at`; `clear_uploads` ends it.
        """
        dead = and_(in_state(*SETTLED), attachments.c.upload_ends_at < func.now())
        lease = func.now() + _interval(FIRST_RETRY_SECONDS)
        claimed = update(attachments).values(upload_ends_at=lease)
        return await self._change_due(dead, attachments.c.upload_ends_at, limit, lambda _: claimed)

    async def claim_ended_quarantines(self, limit: int) -> list[AttachmentRecord]:
        """Claim up to `limit` rejected attachments whose quarantine has ended.

        The lease is a later `quarantine_ends_at`; `clear_quarantines` ends it.
        """
        ended = and_(
            in_state(AttachmentState.REJECTED), attachments.c.quarantine_ends_at < func.now()
        )
        lease = func.now() + _interval(FIRST_RETRY_SECONDS)
        claimed = update(attachments).values(quarantine_ends_at=lease)
        return await self._change_due(
            ended, attachments.c.quarantine_ends_at, limit, lambda _: claimed
        )

    async def _change_due(
        self,
        due: ColumnElement[bool],
        since: ColumnElement[datetime],
        limit: int,
        change: Callable[[int], Update],
        act: Act | None = None,
    ) -> list[AttachmentRecord]:
        """Change up to `limit` rows that are `due`, those with the oldest `since` first.

        `change` returns the UPDATE for rows with a `purge_attempts`. Rows that another worker takes
        at the same time are left to it. With `act`, each gets an audit entry. Return the changed
        rows.
        """
        changed: list[AttachmentRecord] = []
        tried: set[tuple[str, str]] = set()
        async with self._database.connect() as connection:
            while len(changed) < limit:
                # Those that were tried and not changed may still be due, and come first again.
                wanted = limit - len(changed) + len(tried)
                columns = (*_KEY, attachments.c.purge_attempts)
                found = await connection.execute(
                    select(*columns).where(due).order_by(since).limit(wanted)
                )
                fresh = [row for row in found if (row.user_id, row.id) not in tried]
                if not fresh:
                    break
                groups = defaultdict(list)
                for user_id, attachment_id, attempts in fresh[: limit - len(changed)]:
                    tried.add((user_id, attachment_id))
                    groups[user_id, attempts].append(attachment_id)
                for (user_id, attempts), ids in groups.items():
                    statement = _of_user(change(attempts), user_id, ids, due)
                    rows = await connection.execute(_entered(statement, act))
                    changed += map(to_record, rows)
        return changed

    async def clear_uploads(self, cleared: Sequence[AttachmentRecord]) -> None:
        """Record that what the upload links of these rows wrote is deleted."""
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(_is_one_of(cleared), in_state(*SETTLED))
                .values(upload_ends_at=None)
            )

    async def clear_quarantines(self, cleared: Sequence[AttachmentRecord]) -> None:
        """Record that the bytes of these rows are deleted from the quarantine."""
        async with self._database.begin() as connection:
            await connection.execute(
                update(attachments)
                .where(_is_one_of(cleared), in_state(AttachmentState.REJECTED))
                .values(quarantine_ends_at=None)
            )

    async def expire_threads(self, retention_days: int, limit: int) -> list[tuple[str, str, int]]:
        """Delete up to `limit` threads in which nothing was saved for `retention_days`.

        The attachments of each are tombstoned in the same transaction. Return user, thread and
        number of attachments of each.
        """
        age = func.make_interval(0, 0, 0, retention_days)
        old = threads.c.updated_at < func.now() - age
        async with self._database.connect() as connection:
            found = await connection.execute(
                select(threads.c.user_id, threads.c.id).where(old).limit(limit)
            )
            keys = found.all()
        deleted = []
        for user_id, thread_id in keys:
            thread = and_(threads.c.user_id == user_id, threads.c.id == thread_id)
            locked = select(threads.c.id).where(thread, old).with_for_update(skip_locked=True)
            async with self._database.begin() as connection:
                if await connection.scalar(locked) is None:
                    continue
                tombstoned = await tombstone_where(
                    connection,
                    ATTACHMENT_EXPIRED,
                    and_(attachments.c.user_id == user_id, attachments.c.thread_id == thread_id),
                )
                row = delete(threads).where(thread).returning(threads.c.user_id, threads.c.id)
                await connection.execute(entries_of(THREAD_EXPIRED, row.cte("deleted")))
            announce(THREAD_EXPIRED, user_id, [thread_id])
            announce(ATTACHMENT_EXPIRED, user_id, tombstoned)
            deleted.append((user_id, thread_id, len(tombstoned)))
        return deleted

    async def expire_audit_entries(self, retention_days: int, limit: int) -> int:
        """Delete up to `limit` audit entries that are older. Return how many."""
        return await self._audit.expire(retention_days, limit)


def _interval(seconds: float) -> ColumnElement[timedelta]:
    return literal(timedelta(seconds=seconds), Interval)


def _of_user(
    change: Update, user_id: str, ids: Sequence[str], due: ColumnElement[bool]
) -> ReturningUpdate[Any]:
    """Return `change` for those of the user's rows that are still due and not locked."""
    of_user = attachments.c.user_id == user_id
    free = (
        select(attachments.c.id)
        .where(of_user, attachments.c.id == any_(literal(ids, ARRAY(Text))), due)
        .with_for_update(skip_locked=True)
    )
    return change.where(of_user, attachments.c.id.in_(free)).returning(*RECORD_COLUMNS)


def _entered(changed: ReturningUpdate[Any], act: Act | None) -> Executable:
    """Return the statement, together with the audit entries of the rows that it changes."""
    if act is None:
        return changed
    rows = changed.cte("changed")
    return select(rows).add_cte(entries_of(act, rows).cte("entered"))


async def awaited_uploads(database: Database, object_keys: Collection[str]) -> set[str]:
    """Return those of the object keys whose upload is in use or is left to the sweep."""
    is_awaited = or_(
        in_state(AttachmentState.PENDING, AttachmentState.TOMBSTONE),
        attachments.c.upload_ends_at.is_not(None),
    )
    async with database.connect() as connection:
        found = await connection.execute(
            select(attachments.c.object_key).where(
                attachments.c.object_key.in_(list(object_keys)), is_awaited
            )
        )
        return set(found.scalars())


async def awaited_quarantines(database: Database, object_keys: Collection[str]) -> set[str]:
    """Return those of the object keys whose bytes in quarantine are kept or left to the sweep."""
    is_awaited = or_(
        # Verification copies the bytes before it changes the state.
        in_state(AttachmentState.PENDING, AttachmentState.TOMBSTONE),
        attachments.c.quarantine_ends_at.is_not(None),
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
