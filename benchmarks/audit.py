"""Statements with their audit entries against the same statements without."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import select, text

from app.attachment_state import USABLE
from app.database import quota
from app.database.attachment_records import RECORD_COLUMNS, AttachmentRecords
from app.database.engine import Database
from app.database.tables import attachments
from app.database.transitions import in_state
from benchmarks._servers import report, servers
from tests.rows import UNLIMITED, new_attachment

ROUNDS = 300


def main() -> None:
    with servers() as running:
        asyncio.run(_measure(running.database_url))


async def _measure(database_url: str) -> None:
    async with Database(database_url) as database:
        records = AttachmentRecords(database)
        numbers = iter(range(10**9))
        with_entry = quota._INSERT

        async def create(statement: object) -> None:
            quota._INSERT = statement  # type: ignore[assignment]
            number = next(numbers)
            # Users of their own: the quota's sum would grow with the rounds.
            await records.reserve(new_attachment("atc_1", user_id=f"user-{number}"), UNLIMITED)

        async def read_alone() -> None:
            row = select(*RECORD_COLUMNS).where(
                attachments.c.user_id == "user-0",
                attachments.c.id == "atc_1",
                in_state(*USABLE),
                attachments.c.object_key.is_not(None),
            )
            async with database.connect() as connection:
                (await connection.execute(row)).one()

        await _pairs(
            "attachments.create",
            lambda: create(with_entry),
            lambda: create(quota._INSERT_ROW),
        )
        await _pairs("a link", lambda: records.load_to_read("user-0", "atc_1"), read_alone)
        async with database.connect() as connection:
            size = await connection.execute(
                text("SELECT pg_total_relation_size('audit_log') / count(*) FROM audit_log")
            )
            print(f"bytes an entry, with its indexes: {size.scalar_one()}")


async def _pairs(
    what: str, ours: Callable[[], Awaitable[object]], bare: Callable[[], Awaitable[object]]
) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 20):
        for taken, call in zip(times, (ours, bare), strict=True):
            start = time.perf_counter()
            await call()
            if number >= 20:  # the first rounds warm up
                taken.append(time.perf_counter() - start)
    report(what, *times)
