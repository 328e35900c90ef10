"""What a page costs, by PostgreSQL's own account: an index range of its own rows, no more."""

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.engine import Database
from app.database.pages import page_statement
from tests.databases import Databases

# The plans are those of one PostgreSQL: test_citus.py has the ones of a cluster.
pytestmark = pytest.mark.single_node

BIG = 20_000
LIMIT = 20
FILL = """
INSERT INTO threads (user_id, id, payload, search_terms)
  SELECT 'me', 'thr_' || n, '{}', '{}' FROM generate_series(1, 2000) n;
INSERT INTO threads (user_id, id, payload, search_terms)
  SELECT 'user_' || n % 50, 'thr_of_' || n, '{}', '{}' FROM generate_series(1, 5000) n;
INSERT INTO thread_items (user_id, thread_id, id, type, payload)
  SELECT 'me', 'thr_1', 'msg_' || n, 'assistant_message', '{"text": "hello"}'
    FROM generate_series(1, :big) n;
INSERT INTO thread_items (user_id, thread_id, id, type, payload)
  SELECT 'me', 'thr_' || 2 + n % 500, 'msg_' || n, 'assistant_message', '{"text": "hello"}'
    FROM generate_series(1, 20000) n;
"""


@pytest.fixture(scope="module")
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A database with many threads and items, which the tests only read."""
    with databases.clone() as url:
        async with Database(url) as database:
            async with database.begin() as connection:
                for statement in FILL.strip().split(";\n"):
                    parameters = {"big": BIG} if ":big" in statement else {}
                    await connection.execute(text(statement.rstrip(";\n")), parameters)
            async with database.connect() as connection:
                await connection.execute(text("ANALYZE"))
        yield url


SCOPES: dict[str, dict[str, str]] = {
    "items": {"user_id": "me", "thread_id": "thr_1"},
    "threads": {"user_id": "me"},
    "all_threads": {},
}
TYPES = "{assistant_message,user_message}"
CURSORS: dict[str, dict[str, dict[str, str]]] = {
    "items": {"first": {}, "middle": {"after": "msg_10000"}, "end": {"before": "msg_10000"}},
    "threads": {"first": {}, "middle": {"after": "thr_1000"}, "end": {"before": "thr_1000"}},
    "all_threads": {
        "first": {},
        "middle": {"after": "thr_of_2500"},
        "end": {"before": "thr_of_2500"},
    },
}
INDEXES = {
    "items": "ix_thread_items_user_id_thread_id_position",
    "threads": "ix_threads_user_id_position",
    "all_threads": "ix_threads_position",
}


@pytest.mark.parametrize("kind", ["items", "threads", "all_threads"])
@pytest.mark.parametrize("plan", ["force_custom_plan", "force_generic_plan"])
async def test_a_page_reads_its_own_rows_from_the_index(
    database: Database, kind: Any, plan: str
) -> None:
    """Planned for its parameters, or, as for a statement that was run often, for any."""
    # In one transaction, because a pooler may give each its own connection to the server.
    async with database.begin() as connection:
        await connection.execute(text(f"SET LOCAL plan_cache_mode = {plan}"))
        shapes = itertools.product(("asc", "desc"), CURSORS[kind], (False, True))
        for number, (order, place, filtered) in enumerate(shapes):
            if filtered and kind != "items":
                continue  # only items have a type
            cursors = CURSORS[kind][place]
            statement = page_statement(
                kind,
                ascending=order == "asc",
                lower="after" if order == "asc" else "before",
                bounds=frozenset(cursors),
                filtered=filtered,
            )
            parameters = {**SCOPES[kind], **cursors, "rows": LIMIT + 1, "types": TYPES}
            explained = await _explain(connection, f"page_{number}", statement, parameters)
            _check(explained, INDEXES[kind], bounded=bool(cursors))


async def _explain(
    connection: AsyncConnection, name: str, statement: Select[Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    compiled = statement.compile(dialect=PGDialect_asyncpg())  # type: ignore[no-untyped-call] # SQLAlchemy's
    values = ", ".join(
        str(value) if isinstance(value, int) else f"'{value}'"
        for value in ({**compiled.params, **parameters}[key] for key in compiled.positiontup or ())
    )
    await connection.exec_driver_sql(f"PREPARE {name} AS {compiled}")
    explained = await connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name}({values})"
    )
    (document,) = explained.scalar_one()
    await connection.exec_driver_sql(f"DEALLOCATE {name}")
    plan: dict[str, Any] = document["Plan"]
    return plan


def _check(plan: dict[str, Any], index: str, *, bounded: bool) -> None:
    nodes = list(_nodes(plan))
    assert {node["Node Type"] for node in nodes} <= {"Limit", "Index Scan", "Index Only Scan"}
    (page,) = (node for node in nodes if node.get("Index Name") == index)
    assert not bounded or "position" in page["Index Cond"]
    assert page["Actual Rows"] == LIMIT + 1
    assert not page.get("Rows Removed by Filter")
    # Index descents and the page's rows: the whole list has hundreds of blocks.
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 40


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
