"""The list of threads by activity, and the search in it: order, pages, whose, which index."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    FileAttachment,
    HiddenContextItem,
    InferenceOptions,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from app.context import RequestContext
from app.database.active_threads import ActiveThreads, FoundThread, active_statement
from app.database.engine import Database
from app.database.excerpts import Piece
from app.database.pages import PageRequest
from app.database.thread_store import PostgresStore
from app.database.word_index import index_words, query_words, words_condition
from app.errors import InvalidRequest, NotFound

ALICE = RequestContext(user_id="alice", request_id="r1", base_url="http://localhost")
BOB = RequestContext(user_id="bob", request_id="r2", base_url="http://localhost")
NOW = datetime(2026, 11, 21, 3, 4, 5)


@pytest.fixture
def store(database: Database) -> PostgresStore:
    return PostgresStore(database)


@pytest.fixture
def active(database: Database) -> ActiveThreads:
    return ActiveThreads(database)


async def add_thread(
    store: PostgresStore,
    thread_id: str,
    title: str | None = None,
    *said: str,
    context: RequestContext = ALICE,
) -> None:
    await store.save_thread(ThreadMetadata(id=thread_id, created_at=NOW, title=title), context)
    for number, each in enumerate(said):
        await say(store, thread_id, f"msg_{number}", each, context)


async def say(
    store: PostgresStore,
    thread_id: str,
    item_id: str,
    said: str,
    context: RequestContext = ALICE,
    files: Sequence[str] = (),
) -> None:
    item = UserMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOW,
        content=[UserMessageTextContent(text=said)],
        attachments=[
            FileAttachment(id=f"atc_{name}", name=name, mime_type="text/plain") for name in files
        ],
        inference_options=InferenceOptions(),
    )
    await store.add_thread_item(thread_id, item, context)


def answer(text: str) -> AssistantMessageItem:
    content = [AssistantMessageContent(text=text)]
    return AssistantMessageItem(id="msg_a", thread_id="thr_1", created_at=NOW, content=content)


async def listed(active: ActiveThreads, user_id: str = "alice", order: str = "desc") -> list[str]:
    page = await active.list(user_id, PageRequest(100, order))
    return [row.thread.id for row in page.rows]


async def found(active: ActiveThreads, query: str, user_id: str = "alice") -> list[FoundThread]:
    return (await active.search(user_id, query, PageRequest(100))).rows


async def ids(active: ActiveThreads, query: str, user_id: str = "alice") -> list[str]:
    return [each.active.thread.id for each in await found(active, query, user_id)]


def shown(each: FoundThread) -> tuple[str | None, str | None]:
    """The title and the excerpt, with what was found in brackets."""
    return marked(each.title), marked(each.excerpt)


def marked(pieces: Sequence[Piece] | None) -> str | None:
    if pieces is None:
        return None
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in pieces)


# The order


async def test_a_thread_in_which_something_is_said_comes_first(
    store: PostgresStore, active: ActiveThreads
) -> None:
    for number in range(3):
        await add_thread(store, f"thr_{number}", "A title", "hello")
    assert await listed(active) == ["thr_2", "thr_1", "thr_0"]
    await say(store, "thr_0", "msg_more", "more")
    assert await listed(active) == ["thr_0", "thr_2", "thr_1"]
    assert await listed(active, order="asc") == ["thr_1", "thr_2", "thr_0"]
    page = await store.load_threads(10, None, "desc", ALICE)
    assert [thread.id for thread in page.data] == ["thr_0", "thr_2", "thr_1"]


async def test_a_new_title_and_a_deleted_item_do_not_move_a_thread(
    store: PostgresStore, active: ActiveThreads
) -> None:
    await add_thread(store, "thr_0", "A title", "hello")
    await add_thread(store, "thr_1")
    await add_thread(store, "thr_0", "Another title")
    await store.delete_thread_item("thr_0", "msg_0", ALICE)
    assert await listed(active) == ["thr_1", "thr_0"]


async def test_threads_that_go_on_between_two_pages_are_not_repeated(
    store: PostgresStore, active: ActiveThreads
) -> None:
    for number in range(6):
        await add_thread(store, f"thr_{number}")
    first = await store.load_threads(2, None, "desc", ALICE)
    assert [thread.id for thread in first.data] == ["thr_5", "thr_4"]
    await say(store, "thr_4", "msg_1", "the last one of the page goes on")
    second = await store.load_threads(2, first.after, "desc", ALICE)
    assert [thread.id for thread in second.data] == ["thr_3", "thr_2"]
    await store.delete_thread("thr_2", ALICE)
    third = await store.load_threads(2, second.after, "desc", ALICE)
    assert [thread.id for thread in third.data] == ["thr_1", "thr_0"]
    assert third.after is None


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_threads_active_in_the_same_moment_page_completely(
    store: PostgresStore, active: ActiveThreads, database: Database, order: str
) -> None:
    expected = [f"thr_{number}" for number in range(7)]
    for thread_id in expected:
        await add_thread(store, thread_id, "hello")
    async with database.connect() as connection:
        await connection.execute(text("UPDATE threads SET active_at = '2026-11-21'"))
    if order == "desc":
        expected.reverse()
    seen: list[str] = []
    cursor: str | None = None
    while len(page := (await active.list("alice", PageRequest(2, order, cursor))).rows) == 2:
        seen += [row.thread.id for row in page]
        cursor = page[-1].place if len(seen) % 4 else page[-1].thread.id  # both are cursors
    assert [*seen, *(row.thread.id for row in page)] == expected
    ended = await active.list("alice", PageRequest(100, order, before=expected[3]))
    assert [row.thread.id for row in ended.rows] == expected[:3]
    hits = await active.search("alice", "hello", PageRequest(3, order, after=expected[2]))
    assert [row.active.thread.id for row in hits.rows] == expected[3:6]
    assert hits.has_more


@pytest.mark.parametrize("cursor", ["thr_bob", "thr_none", "\0", "at:1", "at:x:y", "at:1:2:3"])
async def test_a_cursor_that_is_not_in_the_list_is_not_found(
    store: PostgresStore, active: ActiveThreads, cursor: str
) -> None:
    await add_thread(store, "thr_bob", context=BOB)
    with pytest.raises(NotFound):
        await active.list("alice", PageRequest(2, after=cursor))
    with pytest.raises(NotFound):
        await active.search("alice", "hello", PageRequest(2, before=cursor))


async def test_a_place_far_away_is_the_end_of_the_list(active: ActiveThreads) -> None:
    place = f"at:{'9' * 17}:{'9' * 18}"
    assert (await active.list("alice", PageRequest(2, "asc", after=place))).rows == []


# The search


async def test_titles_and_messages_are_found_and_say_where(
    store: PostgresStore, active: ActiveThreads
) -> None:
    await add_thread(store, "thr_1", "Invoices", "How much was the harbour tour?")
    await store.add_thread_item("thr_1", answer("The Harbour tour cost **90 €**."), ALICE)
    await add_thread(store, "thr_2", "A tour of the harbour", "When?")
    await add_thread(store, "thr_3", "Harbour", "The tour", "which harbour tour")
    await add_thread(store, "thr_4", "The weather", "Rain?")
    assert [shown(each) for each in await found(active, "harb tour")] == [
        (None, "which [harb]our [tour]"),
        ("A [tour] of the [harb]our", None),
        (None, "The [Harb]our [tour] cost **90 €**."),
    ]
    both = (await found(active, "harbour"))[0]
    assert shown(both) == ("[Harbour]", "which [harbour] tour")
    assert both.item is not None
    assert both.item.id == "msg_1"
    assert await ids(active, "zebra") == []


async def test_names_of_files_are_found(store: PostgresStore, active: ActiveThreads) -> None:
    await add_thread(store, "thr_1")
    await say(store, "thr_1", "msg_1", "Look", files=["Quarterly report.pdf"])
    [each] = await found(active, "quarterly")
    assert shown(each) == (None, "Look [Quarterly] report.pdf")


async def test_what_is_hidden_is_not_found(store: PostgresStore, active: ActiveThreads) -> None:
    await add_thread(store, "thr_1")
    hidden: ThreadItem = HiddenContextItem(
        id="hcx_1", thread_id="thr_1", created_at=NOW, content="secret"
    )
    await store.add_thread_item("thr_1", hidden, ALICE)
    assert await ids(active, "secret") == []


async def test_what_was_changed_or_deleted_is_not_found(
    store: PostgresStore, active: ActiveThreads
) -> None:
    await add_thread(store, "thr_1", "Apples", "pears", "plums")
    await say(store, "thr_1", "msg_0", "peaches")
    await store.delete_thread_item("thr_1", "msg_1", ALICE)
    await add_thread(store, "thr_1", "Bananas")
    for gone in ("apples", "pears", "plums"):
        assert await ids(active, gone) == [], gone
    for there in ("bananas", "peaches"):
        assert await ids(active, there) == ["thr_1"], there
    await add_thread(store, "thr_1", None)
    assert await ids(active, "bananas") == []
    await store.delete_thread("thr_1", ALICE)
    assert await ids(active, "peaches") == []


async def test_nobody_finds_what_another_has_said(
    store: PostgresStore, active: ActiveThreads
) -> None:
    await add_thread(store, "thr_1", "Apples", "pears", context=BOB)
    for query in ("apples", "pears", "a", "p"):
        assert await ids(active, query) == []
        assert await ids(active, query, "bob") == ["thr_1"]


@pytest.mark.parametrize("query", ["%lums", "p_ums", "plu\\ms", "'pears' | 'plums'", "!pears"])
async def test_no_character_of_a_query_is_an_operator(
    store: PostgresStore, active: ActiveThreads, query: str
) -> None:
    await add_thread(store, "thr_1", None, "plums")
    await add_thread(store, "thr_2", None, "pears")
    assert "thr_1" not in await ids(active, query)


async def test_a_query_without_words_is_rejected(active: ActiveThreads) -> None:
    with pytest.raises(InvalidRequest):
        await active.search("alice", "%", PageRequest(2))


async def test_a_long_message_is_found_by_its_beginning(
    store: PostgresStore, active: ActiveThreads
) -> None:
    await add_thread(store, "thr_1", None, "harbour " + "lorem ipsum " * 40_000 + "zebra")
    assert await ids(active, "harbour") == ["thr_1"]
    assert await ids(active, "zebra") == []  # docs/threads-api.md says so


# The plans


@pytest.mark.single_node
@pytest.mark.slow
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_among_100_000_messages_of_others_the_indexes_lead_to_ones_own(
    database: Database, store: PostgresStore, active: ActiveThreads, mode: str
) -> None:
    for number in range(20):
        await fill(database, f"user {number}", threads=1000, items=5)
    await fill(database, "alice", threads=2000, items=10)
    await add_thread(store, "thr_z", "Apples", "a zebra")
    async with database.connect() as connection:
        await connection.execute(text("VACUUM ANALYZE threads, thread_items"))
    plan = await explain(database, "alice", "zebra", mode)
    assert "Bitmap Index Scan on ix_thread_items_words" in plan, plan
    assert "Seq Scan" not in plan, plan
    plan = await explain(database, "alice", None, mode)
    assert "ix_threads_user_id_active_at_position" in plan, plan
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
    assert await ids(active, "zebra") == ["thr_z"]


async def fill(database: Database, owner: str, *, threads: int, items: int) -> None:
    given = {"owner": owner, "threads": threads, "items": items}
    async with database.connect() as connection:
        await connection.execute(
            text(
                "INSERT INTO threads (user_id, id, payload, search_terms, title, words)"
                " SELECT :owner, 'thr_' || n, '{}', '{}', 'Report',"
                " array_to_tsvector(CAST(:words AS text[])) FROM generate_series(1, :threads) n"
            ),
            {**given, "words": index_words(owner, "Report")},
        )
        await connection.execute(
            text(
                "INSERT INTO thread_items (user_id, thread_id, id, type, payload, words)"
                " SELECT :owner, 'thr_' || n, 'msg_' || i, 'user_message', '{}',"
                " array_to_tsvector(CAST(:words AS text[]))"
                " FROM generate_series(1, :threads) n, generate_series(1, :items) i"
            ),
            {**given, "words": index_words(owner, "the report of the third quarter")},
        )


async def explain(database: Database, user_id: str, query: str | None, mode: str) -> str:
    """The plan of a page: for its values, or for any, as after its first few runs."""
    given: dict[str, object] = {"owner": user_id, "rows": 21}
    if query is not None:
        given["words"] = words_condition(user_id, query_words(query))
    statement = active_statement(ascending=False, bounds=frozenset(), searched=query is not None)
    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type for it
    compiled = statement.params(**given).compile(dialect=dialect)
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        async with driver.transaction():
            await driver.execute(f"SET LOCAL plan_cache_mode = {mode}")
            prepared = await driver.prepare(f"EXPLAIN ANALYZE {compiled.string}")
            return "\n".join(row[0] for row in await prepared.fetch(*values))
