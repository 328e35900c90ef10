"""The states of an attachment on PostgreSQL: every legal transition happens, no other one can.

A trigger of the test records what PostgreSQL saw, so nothing here trusts the code under test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count, product

import pytest
from chatkit.types import FileAttachment, InferenceOptions, ThreadMetadata, UserMessageItem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.attachment_state import INITIAL, AttachmentState, is_legal
from app.context import RequestContext
from app.database.attachment_records import AttachmentRecords
from app.database.engine import Database
from app.database.reconcile_rows import ReconcileRows
from app.database.thread_store import PostgresStore
from app.database.tombstones import Tombstones
from app.database.transitions import transition
from app.errors import AppError
from tests.rows import UNLIMITED, insert_in_state, new_attachment

OBSERVER = """
CREATE TABLE observed (id text, origin text, target text);
CREATE FUNCTION observe() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO observed VALUES (coalesce(NEW.id, OLD.id), OLD.state, NEW.state);
  RETURN NULL;
END $$;
CREATE TRIGGER observe AFTER INSERT OR UPDATE OR DELETE ON attachments
  FOR EACH ROW EXECUTE FUNCTION observe();
"""
_numbers = count(1)

# From one state to another. None: there is no row.
Change = tuple[AttachmentState | None, AttachmentState | None]
_PAIRS = [(a, b) for a in AttachmentState for b in AttachmentState if a is not b]
ILLEGAL = {(origin, target) for origin, target in _PAIRS if not is_legal(origin, target)}
LEGAL: set[Change] = {
    *((None, state) for state in INITIAL),
    *(set(_PAIRS) - ILLEGAL),
    (AttachmentState.TOMBSTONE, None),
}


# The transitions are observed by a trigger, which Citus does not allow on distributed tables.
pytestmark = pytest.mark.single_node


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        async with database.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.execute(OBSERVER)
        yield database


@dataclass(frozen=True)
class Subject:
    """One attachment of a user of its own, and everything that can happen to its row."""

    database: Database
    context: RequestContext
    id: str = "atc_1"

    @classmethod
    def new(cls, database: Database) -> "Subject":
        user_id = f"user-{next(_numbers)}"
        return cls(database, RequestContext(user_id, request_id="r", base_url="http://localhost"))

    @property
    def records(self) -> AttachmentRecords:
        return AttachmentRecords(self.database)

    @property
    def store(self) -> PostgresStore:
        return PostgresStore(self.database)

    async def reserve(self) -> None:
        await self.records.reserve(new_attachment(self.id, user_id=self.user), UNLIMITED)

    async def save_foreign(self) -> None:
        attachment = FileAttachment(id=self.id, name="a", mime_type="text/plain")
        await self.store.save_attachment(attachment, self.context)

    async def pin(self) -> None:
        await self.records.pin_upload(self.user, self.id, "uploaded")

    async def settle_size(self) -> None:
        await self.records.settle_size(self.user, self.id, 3)

    async def store_bytes(self) -> None:
        await self.records.mark_stored(self.user, self.id, etag="e", preview_key=None)

    async def reject(self) -> None:
        await self.records.mark_rejected(self.user, self.id, "It is no PNG.")

    async def reject_by_provider(self) -> None:
        await self.records.mark_rejected_by_provider(
            self.user, self.id, "The provider rejected it."
        )

    async def send(self, thread_id: str = "thr_1") -> None:
        message = UserMessageItem(
            id=f"msg_{next(_numbers)}",
            thread_id=thread_id,
            created_at=datetime.now(),
            content=[],
            attachments=[FileAttachment(id=self.id, name="a", mime_type="text/plain")],
            inference_options=InferenceOptions(),
        )
        thread = ThreadMetadata(id=thread_id, created_at=datetime.now())
        await self.store.add_user_message(thread, message, self.context, create_thread=True)

    async def send_elsewhere(self) -> None:
        await self.send("thr_2")

    async def lose_bytes(self) -> None:
        async for row in ReconcileRows(self.database).walk():
            if row.user_id == self.user:
                await ReconcileRows(self.database).mark_lost(row, "Its bytes are missing.")

    async def forget_preview(self) -> None:
        async for row in ReconcileRows(self.database).walk():
            if row.user_id == self.user:
                await ReconcileRows(self.database).forget_preview(row)

    async def delete(self) -> None:
        await self.records.tombstone(self.user, self.id)

    async def delete_thread(self) -> None:
        await self.store.delete_thread("thr_1", self.context)

    async def expire(self) -> None:
        await Tombstones(self.database).expire_unused(-1, 1000)

    async def expire_threads(self) -> None:
        await Tombstones(self.database).expire_threads(-1, 1000)

    async def clear_uploads(self) -> None:
        await self._sql("UPDATE attachments SET upload_ends_at = now() - interval '1 hour'")
        tombstones = Tombstones(self.database)
        await tombstones.clear_uploads(await tombstones.claim_dead_uploads(1000))

    async def purge(self) -> None:
        await self._sql("UPDATE attachments SET purge_after = now() WHERE purge_after IS NOT NULL")
        tombstones = Tombstones(self.database)
        await tombstones.remove(await tombstones.claim(1000))

    @property
    def user(self) -> str:
        return self.context.user_id

    async def _sql(self, statement: str) -> None:
        async with self.database.begin() as connection:
            await connection.execute(text(statement))


Operation = Callable[[Subject], Awaitable[None]]

OPERATIONS: list[Operation] = [
    Subject.reserve,
    Subject.save_foreign,
    Subject.pin,
    Subject.settle_size,
    Subject.store_bytes,
    Subject.reject,
    Subject.reject_by_provider,
    Subject.send,
    Subject.send_elsewhere,
    Subject.lose_bytes,
    Subject.forget_preview,
    Subject.delete,
    Subject.delete_thread,
    Subject.expire,
    Subject.expire_threads,
    Subject.clear_uploads,
    Subject.purge,
]


# The ways into each state. An attachment that this service did not create has two states.
PATHS: list[list[Operation]] = [
    [],
    [Subject.reserve],
    [Subject.reserve, Subject.store_bytes],
    [Subject.reserve, Subject.store_bytes, Subject.send],
    [Subject.reserve, Subject.reject],
    [Subject.reserve, Subject.store_bytes, Subject.send, Subject.lose_bytes],
    [Subject.reserve, Subject.delete],
    [Subject.save_foreign],
    [Subject.save_foreign, Subject.delete],
]


async def perform(subject: Subject, operations: Iterable[Operation]) -> None:
    """Perform each; one that is not possible in the current state raises an error of ours."""
    for operation in operations:
        try:
            await operation(subject)
        except AppError:
            continue
        except IntegrityError:
            assert operation is Subject.reserve, "only that one writes a new row: the id is taken"


async def observed(database: Database) -> set[Change]:
    """Return the changes of state that PostgreSQL saw since the last call."""
    async with database.begin() as connection:
        rows = await connection.execute(text("DELETE FROM observed RETURNING origin, target"))
        changes = {(_state(row.origin), _state(row.target)) for row in rows}
    return {(origin, target) for origin, target in changes if origin is not target}


def _state(value: str | None) -> AttachmentState | None:
    return None if value is None else AttachmentState(value)


@pytest.mark.slow
async def test_every_operation_in_every_state_makes_all_legal_transitions_and_no_other(
    database: Database,
) -> None:
    for path, operation in product(PATHS, OPERATIONS):
        await perform(Subject.new(database), [*path, operation])
    assert await observed(database) == LEGAL


@pytest.mark.slow
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=st.lists(st.sampled_from(OPERATIONS), min_size=3, max_size=12))
async def test_no_order_of_operations_makes_an_illegal_transition(
    database: Database, operations: list[Operation]
) -> None:
    await perform(Subject.new(database), operations)
    assert await observed(database) <= LEGAL


@pytest.mark.parametrize(("origin", "target"), sorted(ILLEGAL))
async def test_postgresql_rejects_an_illegal_transition(
    database: Database, origin: AttachmentState, target: AttachmentState
) -> None:
    await insert_in_state(database, origin, new_attachment("atc_1"))
    with pytest.raises(IntegrityError, match="ck_attachments_state"):
        async with database.begin() as connection:
            await connection.execute(text("UPDATE attachments SET state = :s"), {"s": target})


@pytest.mark.parametrize(("origin", "target"), sorted(ILLEGAL))
def test_a_statement_for_an_illegal_transition_can_not_be_made(
    origin: AttachmentState, target: AttachmentState
) -> None:
    with pytest.raises(ValueError, match=f"from {origin} to {target}"):
        transition(target, origin)
