"""The purge backlog: deleted attachments whose bytes should be gone by now."""

from dataclasses import dataclass

from sqlalchemy import case, func, or_, select

from app.attachment_state import AttachmentState
from app.database.engine import Database
from app.database.tables import attachments
from app.database.tombstones import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS
from app.database.transitions import in_state

# No more rows than these are counted, so that counting stays cheap.
_MAX_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Backlog:
    """`age_seconds` is a lower bound of how long the oldest has been due; 0 if none is."""

    count: int
    age_seconds: float


async def purge_backlog(database: Database) -> Backlog:
    """Count the tombstones that are due or whose last attempt failed.

    Each claim moves `purge_after` ahead by the pause before the next attempt (tombstones.py), so
    the pauses so far are added up: the first ten are 5, 10, 20 … 2560 seconds, every further one is
    an hour. Raises `DatabaseUnavailable`.
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
        .limit(_MAX_COUNTED)
        .subquery()
    )
    async with database.connect() as connection:
        row = (await connection.execute(select(func.count(), func.max(due.c.age)))).one()
    return Backlog(int(row[0]), max(0.0, float(row[1] or 0)))
