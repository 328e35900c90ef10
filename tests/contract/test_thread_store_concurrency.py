"""Writers and pagers at work in the same lists at the same time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from chatkit.types import SDKHiddenContextItem, ThreadMetadata
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.context import RequestContext
from app.database.engine import Database
from app.database.thread_store import PostgresStore
from app.errors import NotFound
from tests.waiting import wait_until_async

MINE = RequestContext(user_id="me", request_id="r1", base_url="http://localhost")
NOW = datetime(2026, 11, 21, 3, 4, 5)
WRITERS = 6
ITEMS_EACH = 25


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, pool_size=20) as database:
        yield database


@pytest.fixture
async def store(database: Database) -> PostgresStore:
    store = PostgresStore(database)
    await store.save_thread(ThreadMetadata(id="thr_1", created_at=NOW), MINE)
    return store


def item(item_id: str) -> SDKHiddenContextItem:
    return SDKHiddenContextItem(id=item_id, thread_id="thr_1", created_at=NOW, content="c")


async def follow_items(store: PostgresStore, done: asyncio.Event, limit: int) -> list[str]:
    """Page forwards like a reader of a growing thread, until the writers are done."""
    found: list[str] = []
    while True:
        finished = done.is_set()
        page = await store.load_thread_items(
            "thr_1", found[-1] if found else None, limit, "asc", MINE
        )
        found += [one.id for one in page.data]
        if finished and not page.has_more:
            return found


async def follow_threads(store: PostgresStore, done: asyncio.Event, limit: int) -> list[str]:
    found: list[str] = []
    while True:
        finished = done.is_set()
        page = await store.load_threads(limit, found[-1] if found else None, "asc", MINE)
        found += [one.id for one in page.data]
        if finished and not page.has_more:
            return found


async def test_pagers_through_a_growing_thread_lose_and_repeat_nothing(
    store: PostgresStore,
) -> None:
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(ITEMS_EACH):
            await store.add_thread_item("thr_1", item(f"{writer}_{number}"), MINE)

    pagers = [asyncio.create_task(follow_items(store, done, limit)) for limit in (1, 3, 50)]
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    done.set()
    expected = {f"{writer}_{number}" for writer in range(WRITERS) for number in range(ITEMS_EACH)}
    for pager in pagers:
        found = await pager
        assert len(found) == len(set(found))
        assert set(found) == expected


async def test_pagers_through_a_growing_list_of_threads_lose_and_repeat_nothing(
    store: PostgresStore,
) -> None:
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(ITEMS_EACH):
            thread = ThreadMetadata(id=f"{writer}_{number}", created_at=NOW)
            await store.save_thread(thread, MINE)

    pagers = [asyncio.create_task(follow_threads(store, done, limit)) for limit in (1, 50)]
    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    done.set()
    for pager in pagers:
        found = await pager
        assert len(found) == len(set(found)) == WRITERS * ITEMS_EACH + 1


async def test_a_reader_going_back_is_not_disturbed_by_what_arrives(store: PostgresStore) -> None:
    for number in range(6):
        await store.add_thread_item("thr_1", item(str(number)), MINE)
    first = await store.load_thread_items("thr_1", None, 3, "desc", MINE)
    await store.add_thread_item("thr_1", item("new"), MINE)
    await store.delete_thread_item("thr_1", "5", MINE)
    second = await store.load_thread_items("thr_1", first.after, 3, "desc", MINE)
    assert [one.id for one in first.data + second.data] == ["5", "4", "3", "2", "1", "0"]
    assert not second.has_more


@pytest.mark.parametrize("list_of", ["items", "threads"])
async def test_positions_become_visible_in_their_order(
    store: PostgresStore, database: Database, list_of: str
) -> None:
    """A writer that has its position and has not committed holds up the next one.

    Without that, a pager could see the second item, move past the first, and never come back.
    """

    async def write(name: str) -> None:
        if list_of == "items":
            await store.add_thread_item("thr_1", item(name), MINE)
        else:
            await store.save_thread(ThreadMetadata(id=name, created_at=NOW), MINE)

    async with database.begin() as connection:
        held = PostgresStore(_OneConnection(connection))
        if list_of == "items":
            await held.add_thread_item("thr_1", item("first"), MINE)
        else:
            await held.save_thread(ThreadMetadata(id="first", created_at=NOW), MINE)
        second = asyncio.create_task(write("second"))
        await _until_somebody_waits_for_a_lock(database)
        assert not second.done()
    await second
    page = (
        (await store.load_thread_items("thr_1", None, 2, "desc", MINE)).data
        if list_of == "items"
        else (await store.load_threads(2, None, "desc", MINE)).data
    )
    assert [one.id for one in page] == ["second", "first"]


async def test_another_users_and_another_threads_writers_do_not_wait(
    store: PostgresStore, database: Database
) -> None:
    other = RequestContext(user_id="other", request_id="r", base_url="http://localhost")
    await store.save_thread(ThreadMetadata(id="thr_2", created_at=NOW), MINE)
    async with database.begin() as connection:
        held = PostgresStore(_OneConnection(connection))
        await held.save_thread(ThreadMetadata(id="thr_held", created_at=NOW), MINE)
        await held.add_thread_item("thr_1", item("first"), MINE)
        async with asyncio.timeout(20):
            await store.save_thread(ThreadMetadata(id="thr_1", created_at=NOW), other)
            await store.add_thread_item("thr_1", item("theirs"), other)
            await store.add_thread_item("thr_2", item("mine"), MINE)
            await store.load_thread_items("thr_1", None, 10, "asc", MINE)


class _OneConnection(Database):
    """Runs everything on one connection, in the transaction that it is in."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        yield self._connection


async def _until_somebody_waits_for_a_lock(database: Database) -> None:
    async with database.connect() as connection:
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND (database IS NULL OR database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        if await connection.scalar(text("SELECT to_regclass('citus_locks') IS NOT NULL")):
            # A row is locked on the worker that has its shard.
            waiting = "SELECT count(*) FROM citus_locks WHERE NOT granted"
        await wait_until_async(lambda: connection.scalar(text(waiting)))


async def test_changes_of_a_thread_at_the_same_time_are_all_kept(store: PostgresStore) -> None:
    def add(number: int) -> Callable[[ThreadMetadata], ThreadMetadata]:
        return lambda stored: stored.model_copy(
            update={"metadata": stored.metadata | {str(number): number}}
        )

    changes = [store.change_thread("thr_1", add(number), MINE) for number in range(10)]
    await asyncio.gather(*changes)
    stored = await store.load_thread("thr_1", MINE)
    assert stored.metadata == {str(number): number for number in range(10)}


async def test_a_thread_of_another_user_can_not_be_changed(store: PostgresStore) -> None:
    theirs = RequestContext(user_id="they", request_id="r2", base_url="http://localhost")
    with pytest.raises(NotFound):
        await store.change_thread("thr_1", lambda stored: stored, theirs)
