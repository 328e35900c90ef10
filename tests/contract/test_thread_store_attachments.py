"""The store's part in the life of an attachment: bound, hydrated, no signed URL ever stored."""

import asyncio
from datetime import datetime

import pytest
from chatkit.store import NotFoundError
from chatkit.types import (
    Attachment,
    AttachmentUploadDescriptor,
    FileAttachment,
    ImageAttachment,
    InferenceOptions,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
)
from pydantic import AnyUrl
from sqlalchemy import text

from app.attachment_state import AttachmentState
from app.context import RequestContext
from app.database.attachment_records import AttachmentRecords
from app.database.engine import Database
from app.database.thread_store import PostgresStore
from app.errors import (
    AttachmentInUse,
    AttachmentNotUploaded,
    InvalidRequest,
    NotFound,
)
from tests.rows import insert_in_state, new_attachment

MINE = RequestContext(user_id="me", request_id="r1", base_url="http://localhost")
THEIRS = RequestContext(user_id="you", request_id="r2", base_url="http://localhost")
NOW = datetime(2026, 11, 21, 3, 4, 5)
SIGNED = "https://bucket.example/key?X-Amz-Signature=0123456789abcdef"


class StubHydrator:
    """Mints a URL that says what it was minted from, another one each time."""

    def __init__(self) -> None:
        self.minted = 0

    def preview_url(self, attachment_id: str, reference: str) -> str:
        self.minted += 1
        key = reference.removeprefix("bucket:")
        return f"https://bucket.example/{key}?X-Amz-Signature={self.minted}"


@pytest.fixture
def hydrator() -> StubHydrator:
    return StubHydrator()


@pytest.fixture
def store(database: Database, hydrator: StubHydrator) -> PostgresStore:
    return PostgresStore(database, hydrator)


@pytest.fixture
def plain_store(database: Database) -> PostgresStore:
    return PostgresStore(database)


def image(attachment_id: str = "atc_1", preview_url: str = SIGNED) -> ImageAttachment:
    return ImageAttachment(
        id=attachment_id, name="a.png", mime_type="image/png", preview_url=AnyUrl(preview_url)
    )


def with_descriptor(attachment: Attachment) -> Attachment:
    descriptor = AttachmentUploadDescriptor(
        url=AnyUrl(SIGNED), method="PUT", headers={"X-Amz-Signature": "0123"}
    )
    return attachment.model_copy(update={"upload_descriptor": descriptor})


async def reserve(
    database: Database,
    attachment_id: str = "atc_1",
    *,
    context: RequestContext = MINE,
    state: AttachmentState = AttachmentState.STORED,
) -> str:
    """Insert the row of an image whose bytes are in the bucket. Return its object key."""
    new = new_attachment(
        attachment_id, user_id=context.user_id, name="a.png", mime_type="image/png"
    )
    await insert_in_state(database, state, new)
    return new.object_key


async def row(database: Database, attachment_id: str = "atc_1") -> dict[str, object]:
    async with database.connect() as connection:
        found = await connection.execute(
            text("SELECT * FROM attachments WHERE user_id = 'me' AND id = :id"),
            {"id": attachment_id},
        )
        return dict(found.one()._mapping)


async def everything_stored(database: Database) -> str:
    """Every column of every row, as one text."""
    tables = ("threads", "thread_items", "attachments", "feedback")
    async with database.connect() as connection:
        found = [
            await connection.scalar(text(f"SELECT json_agg({name})::text FROM {name}"))  # noqa: S608
            for name in tables
        ]
    return "".join(one or "" for one in found)


async def assert_nothing_signed(database: Database) -> None:
    stored = await everything_stored(database)
    assert "X-Amz-" not in stored
    assert "Signature" not in stored


def message(
    attachments: list[Attachment], item_id: str = "msg_1", thread_id: str = "thr_1"
) -> UserMessageItem:
    return UserMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOW,
        content=[UserMessageTextContent(text="look")],
        attachments=attachments,
        inference_options=InferenceOptions(),
    )


def thread(thread_id: str = "thr_1") -> ThreadMetadata:
    return ThreadMetadata(id=thread_id, created_at=NOW)


async def send(
    store: PostgresStore, *attachment_ids: str, thread_id: str = "thr_1", create: bool = True
) -> UserMessageItem:
    """What the server does: load the attachments, put them into a message, save all at once."""
    loaded = [await store.load_attachment(one, MINE) for one in attachment_ids]
    item = message(
        [one.model_copy(update={"thread_id": thread_id}) for one in loaded],
        f"msg_{thread_id}_{'_'.join(attachment_ids)}",
        thread_id,
    )
    await store.add_user_message(thread(thread_id), item, MINE, create_thread=create)
    return item


# Not the bucket's: what someone's own code saves


FOREIGN: list[Attachment] = [
    with_descriptor(image(preview_url="https://elsewhere.example/a.png?token=1")).model_copy(
        update={"metadata": {"k": [1, {"v": None}]}, "thread_id": "thr_9"}
    ),
    image(preview_url="data:image/png;base64,aGVsbG8="),
    FileAttachment(id="atc_1", name='q"uo\nte\u202e../\U0001f642' * 300, mime_type="text/plain"),
    with_descriptor(FileAttachment(id="atc_1", name="", mime_type="", metadata={})),
]


@pytest.mark.parametrize("attachment", FOREIGN)
@pytest.mark.parametrize("hydrated", [True, False])
async def test_a_foreign_attachment_round_trips_whole(
    store: PostgresStore, plain_store: PostgresStore, attachment: Attachment, hydrated: bool
) -> None:
    one = store if hydrated else plain_store
    await one.save_attachment(attachment, MINE)
    assert await one.load_attachment("atc_1", MINE) == attachment
    changed = attachment.model_copy(update={"name": "changed"})
    await one.save_attachment(changed, MINE)
    assert await one.load_attachment("atc_1", MINE) == changed


@pytest.mark.parametrize("attachment", FOREIGN)
async def test_a_message_may_embed_an_attachment_that_was_never_saved(
    store: PostgresStore, attachment: Attachment
) -> None:
    await store.save_thread(thread(), MINE)
    await store.add_thread_item("thr_1", message([attachment]), MINE)
    assert await store.load_item("thr_1", "msg_1", MINE) == message([attachment])


async def test_a_foreign_attachment_is_bound_and_deleted_like_any_other(
    store: PostgresStore,
) -> None:
    await store.save_attachment(image(), MINE)
    item = await send(store, "atc_1")
    assert await store.load_attachment("atc_1", MINE) == item.attachments[0]
    await store.delete_thread("thr_1", MINE)
    with pytest.raises(NotFoundError):
        await store.load_attachment("atc_1", MINE)


async def test_a_foreign_attachment_deleted_and_saved_again_is_back(store: PostgresStore) -> None:
    await store.save_attachment(image(), MINE)
    await store.delete_attachment("atc_1", MINE)
    await store.delete_attachment("atc_1", MINE)
    with pytest.raises(NotFoundError):
        await store.load_attachment("atc_1", MINE)
    await store.save_attachment(image(), MINE)
    assert await store.load_attachment("atc_1", MINE) == image()


async def test_nobody_gets_a_url_for_an_object_by_naming_its_key(
    store: PostgresStore, database: Database, hydrator: StubHydrator
) -> None:
    """A reference that comes from outside would be hydrated into a URL for anyone's object."""
    key = await reserve(database, "atc_theirs", context=THEIRS)
    stolen = image("atc_2", f"bucket:{key}")
    with pytest.raises(InvalidRequest):
        await store.save_attachment(stolen, MINE)
    await store.save_thread(thread(), MINE)
    with pytest.raises(InvalidRequest):
        await store.add_thread_item("thr_1", message([stolen]), MINE)
    with pytest.raises(NotFound):
        await store.add_user_message(thread(), message([stolen]), MINE, create_thread=False)
    # Anywhere else it is only text, even where it looks like an attachment.
    item = message([]).model_copy(
        update={
            "content": [
                UserMessageTagContent(
                    id="t",
                    text='"preview_url": "bucket:' + key + '"',
                    data={
                        "preview_url": f"bucket:{key}",
                        "attachments": [{"type": "image", "preview_url": f"bucket:{key}"}],
                    },
                )
            ]
        }
    )
    await store.add_thread_item("thr_1", item, MINE)
    assert await store.load_item("thr_1", "msg_1", MINE) == item
    assert hydrator.minted == 0


# The bucket's


async def test_a_preview_is_minted_at_every_load_and_never_stored(
    store: PostgresStore, database: Database
) -> None:
    key = await reserve(database)
    first = await store.load_attachment("atc_1", MINE)
    assert isinstance(first, ImageAttachment)
    assert str(first.preview_url) == f"https://bucket.example/{key}?X-Amz-Signature=1"
    await store.save_attachment(with_descriptor(first), MINE)
    item = await send(store, "atc_1")
    await store.save_attachment(with_descriptor(item.attachments[0]), MINE)
    await store.save_item("thr_1", message([with_descriptor(item.attachments[0])]), MINE)
    await assert_nothing_signed(database)

    urls = set()
    for _ in range(2):
        loaded = await store.load_attachment("atc_1", MINE)
        assert loaded.upload_descriptor is None
        again = await store.load_item("thr_1", "msg_1", MINE)
        page = await store.load_thread_items("thr_1", None, 10, "asc", MINE)
        items: list[ThreadItem] = [again, *page.data]
        for one in items:
            assert isinstance(one, UserMessageItem)
            assert one.attachments[0].upload_descriptor is None
        embedded = [one.attachments[0] for one in items if isinstance(one, UserMessageItem)]
        for attachment in [loaded, *embedded]:
            assert isinstance(attachment, ImageAttachment)
            assert str(attachment.preview_url).startswith(f"https://bucket.example/{key}?X-Amz-")
            urls.add(str(attachment.preview_url))
    assert len(urls) == 8


async def test_what_was_loaded_may_be_saved_when_the_attachment_is_gone(
    store: PostgresStore, database: Database
) -> None:
    """Its row is purged, but the message still must not store the URL that was minted for it."""
    await reserve(database)
    item = await send(store, "atc_1")
    await store.delete_attachment("atc_1", MINE)
    await store.save_item("thr_1", await store.load_item("thr_1", item.id, MINE), MINE)
    await assert_nothing_signed(database)
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM attachments"))
    await store.save_item("thr_1", await store.load_item("thr_1", item.id, MINE), MINE)
    await assert_nothing_signed(database)


async def test_without_a_hydrator_a_reference_stays_a_reference(
    plain_store: PostgresStore, database: Database
) -> None:
    key = await reserve(database)
    loaded = await plain_store.load_attachment("atc_1", MINE)
    assert loaded == image(preview_url=f"bucket:{key}")
    await plain_store.save_attachment(loaded, MINE)
    item = await send(plain_store, "atc_1")
    assert await plain_store.load_item("thr_1", item.id, MINE) == item


async def test_the_thumbnail_is_the_preview_once_there_is_one(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database, state=AttachmentState.PENDING)
    await AttachmentRecords(database).mark_stored(
        "me", "atc_1", etag="e", preview_key="attachments/thumb"
    )
    loaded = await store.load_attachment("atc_1", MINE)
    assert isinstance(loaded, ImageAttachment)
    assert str(loaded.preview_url).startswith("https://bucket.example/attachments/thumb?")


async def test_saving_an_attachment_touches_no_state(
    store: PostgresStore, database: Database
) -> None:
    """Rails CVE-2026-33173: nothing that goes through ChatKit's types reaches state columns."""
    await reserve(database)
    before = await row(database)
    lies = ImageAttachment(
        id="atc_1",
        name="other",
        mime_type="text/html",
        thread_id="thr_elsewhere",
        preview_url=AnyUrl("bucket:attachments/anyone"),
        metadata={"note": "kept", "state": "attached", "object_key": "attachments/anyone"},
    )
    await store.save_attachment(lies, MINE)
    after = await row(database)
    assert {**after, "payload": None} == {**before, "payload": None}
    loaded = await store.load_attachment("atc_1", MINE)
    assert isinstance(loaded, ImageAttachment)
    assert "anyone" not in str(loaded.preview_url)
    assert loaded.thread_id is None
    assert loaded.metadata is not None and loaded.metadata["note"] == "kept"


async def test_another_users_attachment_is_not_there(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database)
    before = await row(database)
    for attempt in (
        store.load_attachment("atc_1", THEIRS),
        store.delete_attachment("atc_1", THEIRS),
        store.add_user_message(thread(), message([image()]), THEIRS, create_thread=True),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    # An attachment of theirs under the same id is another attachment.
    await store.save_attachment(image(preview_url="https://theirs.example/"), THEIRS)
    assert await row(database) == before
    with pytest.raises(NotFoundError):
        await store.load_thread("thr_1", THEIRS)


async def test_deleting_an_attachment_twice_is_quiet(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database)
    await store.delete_attachment("atc_1", MINE)
    await store.delete_attachment("atc_1", MINE)
    assert (await row(database))["state"] == "tombstone"
    with pytest.raises(NotFoundError):
        await store.load_attachment("atc_1", MINE)
    with pytest.raises(NotFoundError):
        await store.save_attachment(image(), MINE)
    with pytest.raises(NotFoundError):
        await store.delete_attachment("atc_none", MINE)


# Messages


async def test_a_message_binds_its_attachments(store: PostgresStore, database: Database) -> None:
    await reserve(database, "atc_1")
    await reserve(database, "atc_2")
    item = await send(store, "atc_1", "atc_2", "atc_1")
    for attachment_id in ("atc_1", "atc_2"):
        bound = await row(database, attachment_id)
        assert (bound["state"], bound["thread_id"]) == ("attached", "thr_1")
    assert [one.id for one in item.attachments] == ["atc_1", "atc_2", "atc_1"]
    assert (await store.load_attachment("atc_1", MINE)).thread_id == "thr_1"
    # The same thread may use it again.
    await send(store, "atc_2", create=False)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (AttachmentState.PENDING, AttachmentNotUploaded),
        (AttachmentState.TOMBSTONE, NotFound),
        (None, NotFound),
    ],
)
@pytest.mark.parametrize("create_thread", [True, False])
async def test_a_message_that_is_refused_leaves_nothing_behind(
    store: PostgresStore,
    database: Database,
    state: AttachmentState | None,
    error: type[Exception],
    create_thread: bool,
) -> None:
    await reserve(database, "atc_good")
    if state is not None:
        await reserve(database, "atc_1", state=state)
    if not create_thread:
        await store.save_thread(thread(), MINE)
    before = await everything_stored(database)
    with pytest.raises(error):
        await store.add_user_message(
            thread(),
            message([image("atc_good"), image("atc_1")]),
            MINE,
            create_thread=create_thread,
        )
    assert await everything_stored(database) == before


async def test_a_rejected_file_stays_in_its_message_and_takes_no_other_with_it(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database, "atc_good")
    await reserve(database, "atc_bad", state=AttachmentState.REJECTED)
    item = await send(store, "atc_good", "atc_bad")
    assert [one.id for one in item.attachments] == ["atc_good", "atc_bad"]
    bad, good = await row(database, "atc_bad"), await row(database, "atc_good")
    assert (bad["state"], bad["thread_id"], bad["problem"]) == ("rejected", "thr_1", "broken")
    assert (good["state"], good["thread_id"]) == ("attached", "thr_1")
    with pytest.raises(AttachmentInUse):
        await send(store, "atc_bad", thread_id="thr_2")


async def test_an_attachment_belongs_to_one_thread(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database)
    await send(store, "atc_1")
    with pytest.raises(AttachmentInUse):
        await send(store, "atc_1", thread_id="thr_2")
    with pytest.raises(NotFoundError):
        await store.load_thread("thr_2", MINE)
    assert (await row(database))["thread_id"] == "thr_1"


async def test_of_two_threads_that_want_it_at_once_one_gets_it(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database)
    await reserve(database, "atc_2")
    results = await asyncio.gather(
        *(send(store, "atc_1", "atc_2", thread_id=f"thr_{number}") for number in range(8)),
        return_exceptions=True,
    )
    winners = [result for result in results if isinstance(result, UserMessageItem)]
    losers = [result for result in results if not isinstance(result, UserMessageItem)]
    assert len(winners) == 1
    assert {type(loser) for loser in losers} == {AttachmentInUse}
    for attachment_id in ("atc_1", "atc_2"):
        assert (await row(database, attachment_id))["thread_id"] == winners[0].thread_id
    assert len((await store.load_threads(20, None, "asc", MINE)).data) == 1


async def test_a_message_to_an_unknown_thread_binds_nothing(
    store: PostgresStore, database: Database
) -> None:
    await reserve(database)
    with pytest.raises(NotFoundError):
        await send(store, "atc_1", create=False)
    assert (await row(database))["state"] == "stored"


async def test_deleting_a_thread_tombstones_its_attachments_and_no_other(
    store: PostgresStore, database: Database
) -> None:
    for attachment_id in ("atc_1", "atc_2", "atc_other", "atc_unused"):
        await reserve(database, attachment_id)
    await send(store, "atc_1")
    await send(store, "atc_2", create=False)
    await send(store, "atc_other", thread_id="thr_2")
    await store.delete_thread("thr_1", MINE)
    states = {
        attachment_id: (await row(database, attachment_id))["state"]
        for attachment_id in ("atc_1", "atc_2", "atc_other", "atc_unused")
    }
    assert states == {
        "atc_1": "tombstone",
        "atc_2": "tombstone",
        "atc_other": "attached",
        "atc_unused": "stored",
    }
    # The objects are due at once; the purge keeps the row until its upload link has expired.
    purged = await row(database, "atc_1")
    assert isinstance(purged["purge_after"], datetime)
    assert isinstance(purged["upload_ends_at"], datetime)
    assert purged["purge_after"] < purged["upload_ends_at"]


async def test_a_message_sent_while_its_thread_is_deleted_leaves_no_orphan(
    store: PostgresStore, database: Database
) -> None:
    for number in range(10):
        thread_id = f"thr_{number}"
        await reserve(database, f"atc_{number}")
        await store.save_thread(thread(thread_id), MINE)
        await asyncio.gather(
            send(store, f"atc_{number}", thread_id=thread_id, create=False),
            store.delete_thread(thread_id, MINE),
            return_exceptions=True,
        )
        left = await row(database, f"atc_{number}")
        # Either the message came first and its attachment went too, or it was refused.
        assert (left["state"], left["thread_id"]) in [("tombstone", thread_id), ("stored", None)]
