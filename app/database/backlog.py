"""How many deleted attachments still have bytes that should be gone, and for how long."""

from dataclasses import dataclass

from sqlalchemy import case, func, or_, select

from app.attachment_state import AttachmentState
from app.database.engine import Database
from app.database.tables import attachments
from app.database.tombstones import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS
from app.database.transitions import in_state

# A longer queue is reported as this long: counting it must not become a load of its own.
_COUNTED_AT_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """`age_seconds` is a lower bound for the oldest of them, 0 where there is none."""

    count: int
    age_seconds: float


async def purge_backlog(database: Database) -> Backlog:
    """Tombstones that are due, and those that were tried and failed. Raises `DatabaseUnavailable`.

    A failed attempt moves `purge_after` ahead, so the pauses so far (tombstones.py) are added up
    again: 5, 10, 20 … 2560 seconds are the first ten, every further one is an hour.
    """
    doubled = 10
    attempts = attachments.c.purge_attempts
    pauses = case(
        (attempts <= doubled, FIRST_RETRY_SECONDS * (func.power(2, attempts) - 1)),
        else_=FIRST_RETRY_SECONDS * (2**doubled - 1) + LONGEST_RETRY_SECONDS * (attempts - doubled),
    )
    age = func.extract("epoch", func.now() - attachments.c.purge_after) + pauses
    due = (
        select(age.label("age"))
        .where(
            in_state(AttachmentState.TOMBSTONE),
            or_(attachments.c.purge_after <= func.now(), attempts > 0),
        )
        .limit(_COUNTED_AT_MOST)
        .subquery()
    )
    async with database.connect() as connection:
        row = (await connection.execute(select(func.count(), func.max(due.c.age)))).one()
    return Backlog(int(row[0]), max(0.0, float(row[1] or 0)))
