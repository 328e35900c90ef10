"""The audit log: who created, read, listed, deleted, quarantined, exported or erased what.

An entry has ids, a time and values of the enums below, and nothing that a person wrote. A statement
that reads or changes rows carries their entries (`entries_of`): there is never one without the
other, and no extra round trip. PostgreSQL rejects every change of an entry, and the
deletion of one that is younger than 30 days (the migration has the trigger).
"""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    FromClause,
    Insert,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
)

from app.database.engine import Database
from app.database.tables import audit_log
from app.telemetry.logs import AUDIT_LOGGER

logger = logging.getLogger(AUDIT_LOGGER)

_PAGE = 1000


class Action(StrEnum):
    """What was done. `READ`: a link to the bytes was issued. `LISTED`: an administrator looked."""

    CREATED = "created"
    READ = "read"
    LISTED = "listed"
    DELETED = "deleted"
    QUARANTINED = "quarantined"
    EXPORTED = "exported"
    ERASED = "erased"


class Actor(StrEnum):
    """Who did it: the owner, a request with ADMIN_TOKEN, a command, or the service by itself."""

    USER = "user"
    ADMIN = "admin"
    OPERATOR = "operator"
    SERVICE = "service"


class Kind(StrEnum):
    """The kind of the object. `USER`: all that a user has; its id is that of the user."""

    THREAD = "thread"
    ATTACHMENT = "attachment"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Act:
    """An action on objects of one kind: `Act(Actor.SERVICE, Action.DELETED, Kind.THREAD)`."""

    actor: Actor
    action: Action
    kind: Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `user_id` owns the object."""

    at: datetime
    user_id: str
    actor: Actor
    action: Action
    kind: Kind
    object_id: str


_OWNERS = bindparam("owners", type_=ARRAY(Text))
_OBJECTS = bindparam("objects", type_=ARRAY(Text))
_OWNED = func.unnest(_OWNERS, _OBJECTS).table_valued("user_id", "id", name="owned").render_derived()


def entries_of(act: Act, rows: FromClause) -> Insert:
    """Return an INSERT of one entry for each of `rows`, which have `user_id` and `id`.

    With a SELECT, UPDATE or DELETE as a CTE in `rows`, both are one statement. Call `announce` when
    it is committed.
    """
    return insert(audit_log).from_select(
        ["user_id", "actor", "action", "kind", "object_id"],
        select(
            rows.c.user_id,
            literal(act.actor, Text),
            literal(act.action, Text),
            literal(act.kind, Text),
            rows.c.id,
        ),
    )


def announce(act: Act, user_id: str, object_ids: Iterable[str]) -> None:
    """Write one line for each entry into the service's log."""
    for object_id in object_ids:
        about = {"actor": act.actor, "action": act.action, "kind": act.kind, "object": object_id}
        logger.info("audit", extra={"owner": user_id, **about})


class AuditLog:
    """Writes entries that no other statement carries, reads them, and deletes old ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, act: Act, owned: Sequence[tuple[str, str]]) -> None:
        """Write an entry for each of `owned`: the id of a user, and of an object of theirs."""
        if not owned:
            return
        given = {
            "owners": [user_id for user_id, _ in owned],
            "objects": [object_id for _, object_id in owned],
        }
        async with self._database.connect() as connection:
            await connection.execute(entries_of(act, _OWNED), given)
        for user_id, object_id in owned:
            announce(act, user_id, [object_id])

    async def entries(self, user_id: str) -> AsyncIterator[Entry]:
        """Yield the entries of what a user owns, the oldest first, in pages of 1,000."""
        after = 0
        while True:
            async with self._database.connect() as connection:
                page = await connection.execute(
                    select(audit_log)
                    .where(audit_log.c.user_id == user_id, audit_log.c.position > after)
                    .order_by(audit_log.c.position)
                    .limit(_PAGE)
                )
                rows = page.all()
            for row in rows:
                yield _entry(row)
            if len(rows) < _PAGE:
                return
            after = rows[-1].position

    async def expire(self, retention_days: int, limit: int) -> int:
        """Delete up to `limit` entries that are older than `retention_days`. Return how many."""
        key = (audit_log.c.user_id, audit_log.c.position)
        is_old = audit_log.c.at < func.now() - func.make_interval(0, 0, 0, retention_days)
        async with self._database.connect() as connection:
            found = (await connection.execute(select(*key).where(is_old).limit(limit))).all()
            if not found:
                return 0
            deleted = await connection.execute(
                delete(audit_log).where(tuple_(*key).in_([tuple(row) for row in found]))
            )
            return int(deleted.rowcount)


def _entry(row: Any) -> Entry:
    return Entry(
        row.at, row.user_id, Actor(row.actor), Action(row.action), Kind(row.kind), row.object_id
    )
