"""The contract of ChatKit's store, on real PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from chatkit.store import NotFoundError
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ClosedStatus,
    LockedStatus,
    Page,
    Thread,
    ThreadItem,
    ThreadMetadata,
    Workflow,
    WorkflowItem,
)
from sqlalchemy import text

from app.context import RequestContext
from app.database.engine import Database
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest

MINE = RequestContext(user_id="me", request_id="r1", base_url="http://localhost")
THEIRS = RequestContext(user_id="you", request_id="r2", base_url="http://localhost")

# ChatKit's timestamps are naive and may be equal.
NOW = datetime(2026, 11, 21, 3, 4, 5, 678901)


@pytest.fixture
def store(database: Database) -> PostgresStore:
    return PostgresStore(database)


def thread(thread_id: str = "thr_1", title: str | None = None) -> ThreadMetadata:
    return ThreadMetadata(id=thread_id, created_at=NOW, title=title)


def message(item_id: str, text: str = "hello", thread_id: str = "thr_1") -> AssistantMessageItem:
    return AssistantMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOW,
        content=[AssistantMessageContent(text=text)],
    )


async def filled(store: PostgresStore, count: int, thread_id: str = "thr_1") -> list[str]:
    """A thread of `count` items, all with the same timestamp."""
    await store.save_thread(thread(thread_id), MINE)
    ids = [f"msg_{number}" for number in range(count)]
    for item_id in ids:
        await store.add_thread_item(thread_id, message(item_id, thread_id=thread_id), MINE)
    return ids


async def every_item(
    store: PostgresStore, order: str, limit: int, thread_id: str = "thr_1"
) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = await store.load_thread_items(thread_id, after, limit, order, MINE)
        found += [item.id for item in page.data]
        assert page.after == (page.data[-1].id if page.has_more else None)
        if not page.has_more:
            return found
        after = page.after


# Threads


async def test_a_thread_comes_back_as_it_was_saved(store: PostgresStore) -> None:
    saved = ThreadMetadata(
        id="thr_1",
        title="Ünïcode \U0001f642 'quotes' \\ and\nlines",
        created_at=NOW,
        status=LockedStatus(reason="why"),
        allowed_image_domains=["images.example"],
        metadata={"previous_response_id": "resp_1", "nested": {"list": [1, 2.5, None, True]}},
    )
    await store.save_thread(saved, MINE)
    assert await store.load_thread("thr_1", MINE) == saved


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        NOW.replace(microsecond=0),
        NOW.replace(tzinfo=UTC),
        NOW.replace(tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
async def test_timestamps_round_trip_equal(store: PostgresStore, moment: datetime) -> None:
    await store.save_thread(ThreadMetadata(id="thr_1", created_at=moment), MINE)
    loaded = await store.load_thread("thr_1", MINE)
    assert loaded.created_at == moment
    assert (loaded.created_at.tzinfo is None) == (moment.tzinfo is None)


async def test_saving_a_thread_again_changes_it_and_keeps_its_place(store: PostgresStore) -> None:
    for thread_id in ("thr_1", "thr_2"):
        await store.save_thread(thread(thread_id), MINE)
    changed = thread("thr_1", "New title").model_copy(update={"status": ClosedStatus()})
    await store.save_thread(changed, MINE)
    assert await store.load_thread("thr_1", MINE) == changed
    page = await store.load_threads(10, None, "asc", MINE)
    assert [found.id for found in page.data] == ["thr_1", "thr_2"]


async def test_of_a_full_thread_only_the_metadata_is_saved(store: PostgresStore) -> None:
    ids = await filled(store, 2)
    full = Thread(
        id="thr_1", created_at=NOW, title="t", items=Page[ThreadItem](data=[message("msg_9")])
    )
    await store.save_thread(full, MINE)
    loaded = await store.load_thread("thr_1", MINE)
    assert type(loaded) is ThreadMetadata
    assert loaded == thread(title="t")
    assert await every_item(store, "asc", 10) == ids


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 5, 6, 100])
async def test_threads_page_completely_with_equal_timestamps(
    store: PostgresStore, order: str, limit: int
) -> None:
    ids = [f"thr_{number}" for number in range(5)]
    for thread_id in ids:
        await store.save_thread(thread(thread_id), MINE)
    await store.save_thread(thread("thr_theirs"), THEIRS)
    found: list[str] = []
    after: str | None = None
    while True:
        page = await store.load_threads(limit, after, order, MINE)
        found += [one.id for one in page.data]
        if not page.has_more:
            break
        after = page.after
    assert found == (ids if order == "asc" else ids[::-1])


async def test_no_threads_are_an_empty_page(store: PostgresStore) -> None:
    assert await store.load_threads(20, None, "desc", MINE) == Page[ThreadMetadata]()


async def test_deleting_a_thread_deletes_its_items_and_no_other(store: PostgresStore) -> None:
    await filled(store, 3)
    kept = await filled(store, 2, "thr_2")
    await store.delete_thread("thr_1", MINE)
    with pytest.raises(NotFoundError):
        await store.load_thread("thr_1", MINE)
    with pytest.raises(NotFoundError):
        await store.load_item("thr_1", "msg_0", MINE)
    assert (await store.load_thread_items("thr_1", None, 20, "asc", MINE)).data == []
    assert await every_item(store, "asc", 10, "thr_2") == kept


async def test_a_thread_saved_again_after_its_deletion_is_empty(store: PostgresStore) -> None:
    await filled(store, 3)
    await store.delete_thread("thr_1", MINE)
    await store.save_thread(thread(), MINE)
    assert await every_item(store, "asc", 10) == []


async def test_a_title_does_not_bring_a_deleted_thread_back(
    store: PostgresStore, database: Database
) -> None:
    """Where only messages create threads: an answer may still be under way, and name its thread."""
    serving = PostgresStore(database, messages_create_threads=True)
    await filled(store, 1)
    await serving.save_thread(thread(title="named"), MINE)
    assert (await serving.load_thread("thr_1", MINE)).title == "named"
    await serving.delete_thread("thr_1", MINE)
    with pytest.raises(NotFoundError):
        await serving.save_thread(thread(title="too late"), MINE)
    assert (await serving.load_threads(10, None, "asc", MINE)).data == []


# Items


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 6, 7, 8, 100])
async def test_items_page_completely_with_equal_timestamps(
    store: PostgresStore, order: str, limit: int
) -> None:
    ids = await filled(store, 7)
    assert await every_item(store, order, limit) == (ids if order == "asc" else ids[::-1])


async def test_an_item_saved_again_keeps_its_place(store: PostgresStore) -> None:
    """The SDK adds a workflow again, under the same id, each time it goes on."""
    await filled(store, 1)
    workflow = WorkflowItem(
        id="wf_1", thread_id="thr_1", created_at=NOW, workflow=Workflow(type="custom", tasks=[])
    )
    await store.add_thread_item("thr_1", workflow, MINE)
    await store.add_thread_item("thr_1", message("msg_last"), MINE)
    again = workflow.model_copy(deep=True)
    again.workflow.expanded = True
    await store.add_thread_item("thr_1", again, MINE)
    await store.save_item("thr_1", message("msg_0", "changed"), MINE)
    assert await every_item(store, "asc", 10) == ["msg_0", "wf_1", "msg_last"]
    assert await store.load_item("thr_1", "wf_1", MINE) == again
    assert await store.load_item("thr_1", "msg_0", MINE) == message("msg_0", "changed")


async def test_save_item_adds_what_is_new(store: PostgresStore) -> None:
    await store.save_thread(thread(), MINE)
    await store.save_item("thr_1", message("msg_new"), MINE)
    assert await store.load_item("thr_1", "msg_new", MINE) == message("msg_new")


async def test_two_threads_may_use_the_same_item_id(store: PostgresStore) -> None:
    for thread_id in ("thr_1", "thr_2"):
        await filled(store, 1, thread_id)
    await store.save_item("thr_2", message("msg_0", "other", "thr_2"), MINE)
    assert await store.load_item("thr_1", "msg_0", MINE) == message("msg_0")


async def test_deleting_an_item_twice_is_quiet(store: PostgresStore) -> None:
    await filled(store, 3)
    await store.delete_thread_item("thr_1", "msg_1", MINE)
    await store.delete_thread_item("thr_1", "msg_1", MINE)
    assert await every_item(store, "asc", 10) == ["msg_0", "msg_2"]


async def test_a_limit_is_bounded_and_has_to_be_positive(store: PostgresStore) -> None:
    ids = await filled(store, 3)
    page = await store.load_thread_items("thr_1", None, 10**12, "asc", MINE)
    assert [item.id for item in page.data] == ids
    for limit in (0, -1):
        with pytest.raises(InvalidRequest):
            await store.load_thread_items("thr_1", None, limit, "asc", MINE)
        with pytest.raises(InvalidRequest):
            await store.load_threads(limit, None, "asc", MINE)
    with pytest.raises(InvalidRequest):
        await store.load_thread_items("thr_1", None, 5, "sideways", MINE)


async def test_an_unknown_cursor_is_not_found(store: PostgresStore) -> None:
    ids = await filled(store, 3)
    with pytest.raises(NotFoundError):
        await store.load_thread_items("thr_1", "msg_none", 10, "asc", MINE)
    with pytest.raises(NotFoundError):
        await store.load_threads(10, "thr_none", "asc", MINE)
    # At the end of the list a cursor is known, and the page empty.
    assert (await store.load_thread_items("thr_1", ids[-1], 10, "asc", MINE)).data == []
    assert (await store.load_threads(10, "thr_1", "asc", MINE)).data == []


# Feedback


async def test_the_latest_feedback_on_an_item_counts(
    store: PostgresStore, database: Database
) -> None:
    await filled(store, 3)
    await store.add_feedback("thr_1", ["msg_0", "msg_1", "msg_0"], "positive", MINE)
    await store.add_feedback("thr_1", ["msg_1"], "negative", MINE)
    assert await feedback(database) == {"msg_0": "positive", "msg_1": "negative"}
    await store.delete_thread_item("thr_1", "msg_0", MINE)
    assert await feedback(database) == {"msg_1": "negative"}
    await store.delete_thread("thr_1", MINE)
    assert await feedback(database) == {}


async def test_feedback_on_an_unknown_item_keeps_none(
    store: PostgresStore, database: Database
) -> None:
    await filled(store, 1)
    with pytest.raises(NotFoundError):
        await store.add_feedback("thr_1", ["msg_0", "msg_none"], "positive", MINE)
    with pytest.raises(NotFoundError):
        await store.add_feedback("thr_none", [], "positive", MINE)
    assert await feedback(database) == {}


async def feedback(database: Database) -> dict[str, str]:
    async with database.connect() as connection:
        rows = await connection.execute(text("SELECT item_id, kind FROM feedback"))
        return {row.item_id: row.kind for row in rows}


# Nobody else's


async def test_another_users_thread_is_not_there(store: PostgresStore) -> None:
    await filled(store, 2)
    for attempt in (
        store.load_thread("thr_1", THEIRS),
        store.load_item("thr_1", "msg_0", THEIRS),
        store.add_thread_item("thr_1", message("msg_theirs"), THEIRS),
        store.save_item("thr_1", message("msg_0", "overwritten"), THEIRS),
        store.delete_thread_item("thr_1", "msg_0", THEIRS),
        store.delete_thread("thr_1", THEIRS),
        store.add_feedback("thr_1", ["msg_0"], "negative", THEIRS),
        store.load_threads(10, "thr_1", "asc", THEIRS),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    for after in (None, "msg_0", "msg_none"):
        page = await store.load_thread_items("thr_1", after, 10, "asc", THEIRS)
        assert page == Page[ThreadItem]()
    assert (await store.load_threads(10, None, "asc", THEIRS)).data == []
    assert await every_item(store, "asc", 10) == ["msg_0", "msg_1"]
    assert await store.load_item("thr_1", "msg_0", MINE) == message("msg_0")


async def test_an_unknown_thread_takes_no_items(store: PostgresStore) -> None:
    with pytest.raises(NotFoundError):
        await store.add_thread_item("thr_none", message("msg_0"), MINE)
    with pytest.raises(NotFoundError):
        await store.delete_thread("thr_none", MINE)


async def test_saving_a_thread_under_anothers_id_leaves_theirs_alone(store: PostgresStore) -> None:
    ids = await filled(store, 2)
    await store.save_thread(thread("thr_1", "mine now"), THEIRS)
    assert await store.load_thread("thr_1", MINE) == thread()
    assert (await store.load_thread_items("thr_1", None, 10, "asc", THEIRS)).data == []
    await store.delete_thread("thr_1", THEIRS)
    assert await every_item(store, "asc", 10) == ids


# Ids


async def test_ids_have_the_sdks_prefixes_and_128_random_bits(store: PostgresStore) -> None:
    made = {
        store.generate_thread_id(MINE).partition("_")[0]: store.generate_thread_id(MINE),
        **{
            kind: store.generate_item_id(kind, thread(), MINE)
            for kind in ("message", "tool_call", "task", "workflow", "sdk_hidden_context")
        },
    }
    prefixes = [made_id.partition("_")[0] for made_id in made.values()]
    assert prefixes == ["thr", "msg", "tc", "tsk", "wf", "shcx"]
    assert {len(bytes.fromhex(made_id.partition("_")[2])) for made_id in made.values()} == {16}
    assert len({store.generate_thread_id(MINE) for _ in range(1000)}) == 1000
