"""The rows of erasures: what a user had is deleted in batches, and its ids are collected.

A batch deletes rows and collects their ids in one transaction. So an erasure that was interrupted
goes on where it was, and its counts stay exact. Every statement names the user.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Select,
    Text,
    any_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.attachment_state import AttachmentState
from app.database.attachment_records import to_tombstone
from app.database.audit import Act, Action, Actor, Kind, announce, entries_of
from app.database.engine import Database
from app.database.identifiers import new_erasure_id
from app.database.tables import (
    attachments,
    erased,
    erasures,
    feedback,
    provider_files,
    thread_items,
    threads,
)
from app.database.transitions import in_state

KINDS: Final = ("threads", "items", "feedback", "attachments")

_THREADS_A_BATCH = 20
_ITEMS_A_BATCH = 5000
# A replica that sweeps less often than this keeps renditions of erased files in its memory.
_RECENTLY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure of all that a user has. `receipt` is signed; None until it is finished."""

    user_id: str
    id: str
    actor: Actor
    requested_at: datetime
    finished_at: datetime | None
    receipt: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Collected:
    """The objects of one kind that an erasure deleted: their number, and a digest of their ids.

    It is the SHA-256, in hexadecimal, of the sorted ids, each followed by a line feed.
    """

    count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Finishing:
    """What a receipt is about."""

    erasure: Erasure
    finished_at: datetime
    collected: Mapping[str, Collected]
    object_keys: list[str]


class ErasureRows:
    """Starts, continues and finishes erasures. All methods raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, user_id: str, actor: Actor) -> Erasure:
        """Start an erasure and return it, or return the one that is under way.

        If the last one is finished, and the user has nothing since, return that. From the commit
        on, the user can create neither threads nor attachments until it is finished.
        """
        async with self._database.begin() as connection:
            await _take_turns(connection, user_id)
            known = await _load(connection, user_id)
            if known is not None and (
                known.finished_at is None or not await connection.scalar(_has_rows(user_id))
            ):
                return known
            # A new row in place of the old one has a new time too.
            await connection.execute(delete(erasures).where(erasures.c.user_id == user_id))
            await connection.execute(
                insert(erasures).values(user_id=user_id, id=new_erasure_id(), actor=actor)
            )
            started = await _load(connection, user_id)
            assert started is not None  # noqa: S101 - inserted above
            return started

    async def load(self, user_id: str) -> Erasure | None:
        """Return the last erasure of a user."""
        async with self._database.connect() as connection:
            return await _load(connection, user_id)

    async def recent(self) -> list[Erasure]:
        """Return the erasures of all users that are under way or were finished within a day."""
        async with self._database.connect() as connection:
            found = await connection.execute(
                select(erasures).where(
                    or_(
                        erasures.c.finished_at.is_(None),
                        erasures.c.finished_at > func.now() - _RECENTLY,
                    )
                )
            )
            return [_erasure(row) for row in found]

    async def delete_threads(self, user_id: str) -> bool:
        """Delete a batch of threads or of their items. Return whether there may be more."""
        oldest = (
            select(threads.c.id)
            .where(threads.c.user_id == user_id)
            .order_by(threads.c.position)
            .limit(_THREADS_A_BATCH)
            .with_for_update()
        )
        async with self._database.begin() as connection:
            ids = list((await connection.execute(oldest)).scalars())
            if not ids:
                return False
            wanted = any_(literal(ids, ARRAY(Text)))
            items = thread_items.alias()
            some = (
                select(items.c.thread_id, items.c.id)
                .where(items.c.user_id == user_id, items.c.thread_id == wanted)
                .limit(_ITEMS_A_BATCH)
            )
            key = tuple_(thread_items.c.thread_id, thread_items.c.id)
            deleted = delete(thread_items).where(thread_items.c.user_id == user_id, key.in_(some))
            item_id = thread_items.c.thread_id.concat("/").concat(thread_items.c.id)
            if await _collect(connection, user_id, "items", deleted, item_id) == _ITEMS_A_BATCH:
                return True
            rated = delete(feedback).where(
                feedback.c.user_id == user_id, feedback.c.thread_id == wanted
            )
            rated_id = feedback.c.thread_id.concat("/").concat(feedback.c.item_id)
            await _collect(connection, user_id, "feedback", rated, rated_id)
            emptied = delete(threads).where(threads.c.user_id == user_id, threads.c.id == wanted)
            await _collect(connection, user_id, "threads", emptied, threads.c.id)
        return True

    async def tombstone_attachments(self, user_id: str) -> None:
        """Make tombstones of all attachments, and remove what the user wrote from their rows."""
        own = attachments.c.user_id == user_id
        blank: dict[str, Any] = {"name": "", "payload": {}, "problem": None, "search_terms": []}
        # Those that were collected are blank. Sweeps repeat this until the last link has expired.
        is_new = attachments.c.id.not_in(_ids(user_id, "attachments").order_by(None))
        before = update(attachments).where(own, in_state(AttachmentState.TOMBSTONE), is_new)
        async with self._database.begin() as connection:
            for change in (before.values(blank), to_tombstone().where(own).values(blank)):
                await _collect(connection, user_id, "attachments", change, attachments.c.id)

    async def waits_until(self, user_id: str) -> datetime | None:
        """Return when the last upload link of the user's rows ends; None if there is none."""
        async with self._database.connect() as connection:
            ends: datetime | None = await connection.scalar(
                select(func.max(attachments.c.upload_ends_at)).where(
                    attachments.c.user_id == user_id
                )
            )
            return ends

    async def finish(
        self, user_id: str, receipt_of: Callable[[Finishing], Mapping[str, Any]]
    ) -> Erasure | None:
        """Finish the erasure with a receipt if the user has no row left, and return it.

        Return None if rows are left. The audit log gets the fact of the erasure.
        """
        async with self._database.begin() as connection:
            await _take_turns(connection, user_id)
            known = await _load(connection, user_id)
            if known is None or known.finished_at is not None:
                return known
            if await connection.scalar(_has_rows(user_id)):
                return None
            now = (await connection.execute(select(func.now()))).scalar_one()
            collected = {kind: await _digest(connection, user_id, kind) for kind in KINDS}
            keys = await _object_keys(connection, user_id)
            receipt = receipt_of(Finishing(known, now, collected, keys))
            act = Act(known.actor, Action.ERASED, Kind.USER)
            row = (
                update(erasures)
                .where(erasures.c.user_id == user_id)
                .values(finished_at=now, receipt=receipt)
                .returning(erasures.c.user_id, erasures.c.user_id.label("id"))
                .cte("finished")
            )
            await connection.execute(entries_of(act, row))
            await connection.execute(delete(erased).where(erased.c.user_id == user_id))
            finished = await _load(connection, user_id)
        announce(act, user_id, [user_id])
        return finished

    async def rows_of(self, user_id: str, until: datetime) -> dict[str, int]:
        """Return how many rows of each kind a user has that were created before `until`."""
        counts = {}
        async with self._database.connect() as connection:
            for kind, table in zip(
                KINDS, (threads, thread_items, feedback, attachments), strict=True
            ):
                count = select(func.count()).where(
                    table.c.user_id == user_id, table.c.created_at <= until
                )
                counts[kind] = int(await connection.scalar(count) or 0)
        return counts


async def _take_turns(connection: AsyncConnection, user_id: str) -> None:
    """Wait for this user's creates that are under way (quota.py and statements.py lock the same).

    Later ones see what this transaction commits.
    """
    for number in (1, 2):
        key = func.hashtextextended(literal(user_id, Text), literal(number, BigInteger))
        await connection.execute(select(func.pg_advisory_xact_lock(key)))


async def _load(connection: AsyncConnection, user_id: str) -> Erasure | None:
    found = await connection.execute(select(erasures).where(erasures.c.user_id == user_id))
    row = found.one_or_none()
    return None if row is None else _erasure(row)


def _erasure(row: Any) -> Erasure:
    return Erasure(
        row.user_id, row.id, Actor(row.actor), row.requested_at, row.finished_at, row.receipt
    )


def _has_rows(user_id: str) -> Select[tuple[bool]]:
    return select(
        or_(
            exists().where(threads.c.user_id == user_id),
            exists().where(attachments.c.user_id == user_id),
            exists().where(provider_files.c.user_id == user_id),
        )
    )


async def _collect(
    connection: AsyncConnection, user_id: str, kind: str, change: Any, object_id: Any
) -> int:
    """Execute `change`, collect the ids of the rows that it changed, and return how many."""
    of_attachments = kind == "attachments"
    key = attachments.c.object_key if of_attachments else literal(None, Text)
    rows = change.returning(object_id.label("id"), key.label("object_key")).cte("changed")
    statement = insert(erased).from_select(
        ["user_id", "kind", "id", "object_key"],
        select(literal(user_id, Text), literal(kind, Text), rows.c.id, rows.c.object_key),
    )
    result = await connection.execute(statement.on_conflict_do_nothing())
    return int(result.rowcount)


def _ids(user_id: str, kind: str) -> Select[tuple[str]]:
    own = (erased.c.user_id == user_id, erased.c.kind == kind)
    return select(erased.c.id).where(*own).order_by(erased.c.id)


async def _digest(connection: AsyncConnection, user_id: str, kind: str) -> Collected:
    count, digest = 0, hashlib.sha256()
    async with connection.stream(_ids(user_id, kind)) as rows:
        async for row in rows:
            count += 1
            digest.update(row.id.encode() + b"\n")
    return Collected(count, digest.hexdigest())


async def _object_keys(connection: AsyncConnection, user_id: str) -> list[str]:
    keys = await connection.execute(
        select(erased.c.object_key)
        .where(erased.c.user_id == user_id, erased.c.object_key.is_not(None))
        .order_by(erased.c.object_key)
    )
    return list(keys.scalars())
