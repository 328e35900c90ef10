"""Pages of threads and of thread items by keyset: every page of a list costs the same.

A list is ordered by `position`, which the database assigns, and a cursor is the id of a row in the
list. So rows with equal timestamps are not lost, and new rows do not shift a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

from chatkit.types import ThreadItem, ThreadMetadata
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    literal_column,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.engine import Database
from app.database.payloads import Hydrator, decode_items, decode_thread
from app.database.tables import thread_items, threads
from app.errors import InvalidRequest, NotFound
from app.storable import storable

MAX_PAGE_SIZE = 100

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The rows wanted: the first `limit` ones after the id `after` and before the id `before`.

    "After" and "before" refer to the given order. So `before` ends the list, and a client that goes
    on with `after`, as the official one does, reads all of it. A limit above MAX_PAGE_SIZE counts
    as MAX_PAGE_SIZE.
    Raises `InvalidRequest` for a limit below 1 or an unknown order.
    """

    limit: int
    order: str = "desc"
    after: str | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise InvalidRequest("`limit` has to be at least 1.", param="limit")
        if self.order not in ("asc", "desc"):
            raise InvalidRequest("`order` has to be asc or desc.", param="order")

    @property
    def size(self) -> int:
        return min(self.limit, MAX_PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """`rows` are in list order. `has_more`: more rows follow."""

    rows: list[Row]
    has_more: bool


@dataclass(frozen=True, slots=True)
class OwnedThread:
    """A thread and its owner, for lists that span users."""

    user_id: str
    thread: ThreadMetadata


class Pages:
    """Reads pages. Raises `NotFound` for a cursor that the user's list does not contain."""

    def __init__(self, database: Database, hydrator: Hydrator | None = None) -> None:
        self._database = database
        self._hydrator = hydrator

    async def items(
        self,
        user_id: str,
        thread_id: str,
        request: PageRequest,
        *,
        types: Sequence[str] | None = None,
    ) -> KeysetPage[ThreadItem] | None:
        """Return items of one thread, of `types` if given; None if the user has no such thread."""
        scope = {"user_id": user_id, "thread_id": storable(thread_id)}
        filters = {} if types is None else {"types": list(types)}
        async with self._database.connect() as connection:
            page = await _read(connection, "items", scope, request, filters)
            if not page.rows:
                if not await _thread_exists(connection, scope):
                    return None
                await _check_cursors(connection, "items", scope, request)
        items = await decode_items([row.payload for row in page.rows], self._hydrator)
        return KeysetPage(items, page.has_more)

    async def threads(self, user_id: str | None, request: PageRequest) -> KeysetPage[OwnedThread]:
        """Return threads of one user; of all users, if `user_id` is None."""
        kind: _List = "threads" if user_id is not None else "all_threads"
        scope = {} if user_id is None else {"user_id": user_id}
        async with self._database.connect() as connection:
            page = await _read(connection, kind, scope, request, {})
            if not page.rows:
                await _check_cursors(connection, kind, scope, request)
        return KeysetPage(
            [OwnedThread(row.user_id, decode_thread(row.payload)) for row in page.rows],
            page.has_more,
        )


_List = Literal["items", "threads", "all_threads"]
_TABLES = {"items": thread_items, "threads": threads, "all_threads": threads}
_SCOPES = {"items": ("user_id", "thread_id"), "threads": ("user_id",), "all_threads": ()}


async def _read(
    connection: AsyncConnection,
    kind: _List,
    scope: dict[str, str],
    request: PageRequest,
    filters: dict[str, list[str]],
) -> KeysetPage[Any]:
    statement = page_statement(
        kind,
        ascending=request.order == "asc",
        lower="after" if request.order == "asc" else "before",
        bounds=frozenset(_cursors(request)),
        filtered="types" in filters,
    )
    # One more row is read than the page has: it shows whether more rows follow.
    result = await connection.execute(
        statement, {**scope, **filters, **_cursors(request), "rows": request.size + 1}
    )
    rows = list(result.all())
    return KeysetPage(rows[: request.size], has_more=len(rows) > request.size)


@lru_cache
def page_statement(
    kind: _List, *, ascending: bool, lower: str, bounds: frozenset[str], filtered: bool
) -> Select[Any]:
    """Return the SELECT of one page, which reads along the index on the position.

    `bounds`: the cursors that the request has. `lower`: the cursor that is the minimum position,
    which is `after` in ascending order and `before` in descending order.
    """
    table = _TABLES[kind]
    statement = select(cast(table.c.payload, Text).label("payload")).where(*_in_scope(kind, table))
    if kind != "items":
        statement = statement.add_columns(table.c.user_id)
    position = _position(kind, table)
    for bound in sorted(bounds):
        cursor = table.alias(bound)
        # limit(1): two users may have threads with the same id, from code that chooses its own ids.
        bound_position = (
            select(_position(kind, cursor))
            .where(*_in_scope(kind, cursor), cursor.c.id == bindparam(bound))
            .limit(1)
            .scalar_subquery()
        )
        statement = statement.where(
            position > bound_position if bound == lower else position < bound_position
        )
    if filtered:
        statement = statement.where(table.c.type == any_(bindparam("types", type_=ARRAY(Text))))
    order = position.asc() if ascending else position.desc()
    return statement.order_by(order).limit(bindparam("rows", type_=BigInteger))


def _position(kind: _List, table: Any) -> ColumnElement[int]:
    """Return the expression that orders the list, as its index has it (tables.py)."""
    position: ColumnElement[int] = table.c.position
    return position + literal_column("0") if kind == "all_threads" else position


def _in_scope(kind: _List, table: Any) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(name) for name in _SCOPES[kind]]


def _cursors(request: PageRequest) -> dict[str, str]:
    given = {"after": request.after, "before": request.before}
    return {name: storable(cursor) for name, cursor in given.items() if cursor is not None}


async def _thread_exists(connection: AsyncConnection, scope: dict[str, str]) -> bool:
    found = exists().where(
        threads.c.user_id == scope["user_id"], threads.c.id == scope["thread_id"]
    )
    return bool(await connection.scalar(select(found)))


async def _check_cursors(
    connection: AsyncConnection, kind: _List, scope: dict[str, str], request: PageRequest
) -> None:
    """Raise `NotFound` for a cursor that is not in the list, which makes every page empty."""
    table = _TABLES[kind]
    for name, cursor in _cursors(request).items():
        found = exists().where(*_in_scope(kind, table), table.c.id == cursor)
        if not await connection.scalar(select(found), scope):
            raise NotFound(f"This list has no entry with the id {cursor!r}.", param=name)
