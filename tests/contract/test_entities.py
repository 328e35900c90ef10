"""@-mention search on real PostgreSQL: what is found, in which order, whose, and by which index."""

import time
from datetime import datetime

import pytest
from chatkit.types import FileAttachment, ThreadMetadata
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from app.attachment_state import AttachmentState
from app.context import RequestContext
from app.database.engine import Database
from app.database.entity_search import SIMILAR, Entities
from app.database.search_terms import least_shared, query_terms, search_terms
from app.database.thread_store import PostgresStore
from app.errors import NotFound
from tests.rows import insert_in_state, new_attachment
from tests.stopwatch import least_async

ALICE = RequestContext(user_id="alice", request_id="r1", base_url="http://localhost")
BOB = RequestContext(user_id="bob", request_id="r2", base_url="http://localhost")


@pytest.fixture
def store(database: Database) -> PostgresStore:
    return PostgresStore(database)


@pytest.fixture
def entities(database: Database) -> Entities:
    return Entities(database)


async def add_attachment(
    database: Database,
    name: str,
    *,
    user_id: str = "alice",
    state: AttachmentState = AttachmentState.STORED,
) -> str:
    """A row as it is after an upload; its id."""
    attachment_id = f"atc_{abs(hash((name, user_id, time.monotonic_ns())))}"
    await insert_in_state(
        database, state, new_attachment(attachment_id, user_id=user_id, name=name)
    )
    return attachment_id


async def add_thread(
    store: PostgresStore, thread_id: str, title: str | None, context: RequestContext = ALICE
) -> None:
    await store.save_thread(
        ThreadMetadata(id=thread_id, created_at=datetime.now(), title=title), context
    )


async def titles(entities: Entities, query: str, user_id: str = "alice") -> list[str]:
    return [entity.title for entity in await entities.search(user_id, query)]


async def test_attachments_and_threads_are_found_by_their_beginning_and_with_typos(
    database: Database, store: PostgresStore, entities: Entities
) -> None:
    await add_attachment(database, "Quarterly report.pdf")
    await add_attachment(database, "holiday.png")
    await add_thread(store, "thr_1", "Reporting deadlines")
    await add_thread(store, "thr_2", None)
    for query in ("rep", "REPO", "report", "reprot"):
        assert set(await titles(entities, query)) == {
            "Quarterly report.pdf",
            "Reporting deadlines",
        }, query
    assert await titles(entities, "holi") == ["holiday.png"]
    assert await titles(entities, "nothing like it") == []
    assert await titles(entities, "…") == []


async def test_the_most_similar_come_first_then_the_newest(
    database: Database, entities: Entities
) -> None:
    for name in ("report on the weather in June.pdf", "report.pdf", "rebus.pdf", "report.pdf"):
        await add_attachment(database, name)
    first, second, *others = await entities.search("alice", "report")
    assert (first.title, second.title) == ("report.pdf", "report.pdf")
    assert first.created_at > second.created_at
    assert [other.title for other in others] == ["report on the weather in June.pdf"]


async def test_an_empty_query_lists_the_twenty_newest(
    database: Database, store: PostgresStore, entities: Entities
) -> None:
    for number in range(15):
        await add_attachment(database, f"file {number}.txt")
        await add_thread(store, f"thr_{number}", f"thread {number}")
    found = await titles(entities, " ")
    assert found[:4] == ["thread 14", "file 14.txt", "thread 13", "file 13.txt"]
    assert len(found) == 20
    assert len(await titles(entities, "file")) == 15
    assert len(await titles(entities, "1")) == 12


async def test_only_what_can_be_used_is_found(database: Database, entities: Entities) -> None:
    for state in AttachmentState:
        await add_attachment(database, f"report {state}.txt", state=state)
    expected = {"report stored.txt", "report attached.txt"}
    assert set(await titles(entities, "report")) == expected
    assert set(await titles(entities, "")) == expected


async def test_nobody_finds_what_is_another_users(
    database: Database, store: PostgresStore, entities: Entities
) -> None:
    attachment_id = await add_attachment(database, "report.pdf", user_id="bob")
    await add_thread(store, "thr_bob", "report", BOB)
    assert await titles(entities, "report") == []
    assert await titles(entities, "") == []
    for foreign in (attachment_id, "thr_bob", "atc_none", "\0"):
        with pytest.raises(NotFound):
            await entities.load("alice", foreign)
    assert (await entities.load("bob", attachment_id)).title == "report.pdf"
    assert (await entities.load("bob", "thr_bob")).kind == "thread"


async def test_a_new_title_is_found_and_the_old_one_is_not(
    store: PostgresStore, entities: Entities
) -> None:
    await add_thread(store, "thr_1", "Apples")
    await add_thread(store, "thr_1", "Bananas")
    assert await titles(entities, "apples") == []
    assert await titles(entities, "bananas") == ["Bananas"]
    await add_thread(store, "thr_1", None)
    assert await titles(entities, "bananas") == []


async def test_an_attachment_that_this_service_did_not_make_is_found_by_its_newest_name(
    store: PostgresStore, entities: Entities
) -> None:
    for name in ("apples.txt", "bananas.txt"):
        attachment = FileAttachment(id="file_1", name=name, mime_type="text/plain")
        await store.save_attachment(attachment, ALICE)
    assert await titles(entities, "apples") == []
    [found] = await entities.search("alice", "bananas")
    assert (found.reference, found.has_thumbnail) == (None, False)


async def test_the_thread_of_an_attachment_is_named(
    database: Database, store: PostgresStore, entities: Entities
) -> None:
    attachment_id = await add_attachment(database, "report.pdf", state=AttachmentState.ATTACHED)
    await add_thread(store, "thr_1", "Bananas")
    await add_thread(store, "thr_1", "Cherries", BOB)
    async with database.connect() as connection:
        await connection.execute(text("UPDATE attachments SET thread_id = 'thr_1'"))
    assert (await entities.load("alice", attachment_id)).thread_title == "Bananas"


@pytest.mark.slow
async def test_among_100_000_rows_of_others_the_index_leads_to_ones_own(
    database: Database, entities: Entities
) -> None:
    for number in range(100):
        await add_many(database, f"user {number}", 1000)
    await add_many(database, "alice", 20_000)
    for owner in ("alice", "bob"):
        for name in ("my zebra.png", "zebra.png", "report.pdf"):
            await add_attachment(database, name, user_id=owner)
    async with database.connect() as connection:
        await connection.execute(text("ANALYZE attachments"))
    for mode in ("force_custom_plan", "force_generic_plan"):
        # Someone with a few files only may as well be found by the owner alone.
        assert "Seq Scan on attachments" not in await explain(database, "bob", "zebra", mode)
        plan = await explain(database, "alice", "zebra", mode)
        assert "Bitmap Index Scan on ix_attachments_search_terms" in plan, plan
        assert "Seq Scan on attachments" not in plan, plan
    for owner in ("alice", "bob"):

        async def search(owner: str = owner) -> float:
            started = time.perf_counter()
            assert await titles(entities, "zerba", owner) == ["zebra.png", "my zebra.png"]
            return time.perf_counter() - started

        assert await least_async(search, limit=1) < 1


async def add_many(database: Database, owner: str, count: int) -> None:
    """Attachments named “report 0.pdf” to “report 99.pdf”, in turn."""
    names = [f"report {number}.pdf" for number in range(100)]
    async with database.connect() as connection:
        await connection.execute(
            text(
                "INSERT INTO attachments"
                " (user_id, id, state, name, mime_type, size, payload, search_terms)"
                " SELECT :owner, n || '-' || row, 'attached', name, 'text/plain', 5, '{}',"
                " string_to_array(terms, '|')"
                " FROM unnest(CAST(:names AS text[]), CAST(:terms AS text[]))"
                " WITH ORDINALITY AS given (name, terms, n), generate_series(1, :each) AS row"
            ),
            {
                "owner": owner,
                "names": names,
                "terms": ["|".join(search_terms(owner, name)) for name in names],
                "each": count // len(names),
            },
        )


async def explain(database: Database, user_id: str, query: str, mode: str) -> str:
    """The plan of a search: for its values, or for any, as after its first few runs."""
    terms = query_terms(user_id, query)
    statement = SIMILAR.params(owner=user_id, terms=terms, least=least_shared(len(terms)))
    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type for it
    compiled = statement.compile(dialect=dialect)
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        async with driver.transaction():
            await driver.execute(f"SET LOCAL plan_cache_mode = {mode}")
            prepared = await driver.prepare(f"EXPLAIN ANALYZE {compiled.string}")
            return "\n".join(row[0] for row in await prepared.fetch(*values))
