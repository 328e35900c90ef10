"""Pages of threads and of thread items by keyset: a page costs the same wherever it lies.

The order is the database-assigned `position`, and a cursor is the id of a row in the list, so equal
timestamps lose nothing and rows that arrive meanwhile shift nothing.
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
    """`after` and `before` are ids, exclusive, and mean places in the list as ordered.

    With `before` alone the page is the one that ends just before it, still in list order, and
    `has_more` says whether more lies before that. Raises `InvalidRequest` for limits below 1;
    larger ones than MAX_PAGE_SIZE are cut.
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
    """`has_more`: whether the list goes on in the direction of travel."""

    rows: list[Row]
    has_more: bool


@dataclass(frozen=True, slots=True)
class OwnedThread:
    """A thread and its owner, for lists that span users."""

    user_id: str
    thread: ThreadMetadata


class Pages:
    """Reads pages. Unknown cursors are `NotFound`; another user's rows are not there at all."""

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
        """Items of one thread, only those of `types` where given; None if there is no thread."""
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
        """Threads of one user, or of all users with None."""
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
    backwards = request.before is not None and request.after is None
    statement = page_statement(
        kind,
        ascending=(request.order == "asc") is not backwards,
        lower="after" if request.order == "asc" else "before",
        bounds=frozenset(_cursors(request)),
        filtered="types" in filters,
    )
    # One row more than the page tells whether the list goes on.
    result = await connection.execute(
        statement, {**scope, **filters, **_cursors(request), "rows": request.size + 1}
    )
    rows = list(result.all())
    has_more = len(rows) > request.size
    rows = rows[: request.size]
    if backwards:
        rows.reverse()
    return KeysetPage(rows, has_more)


@lru_cache
def page_statement(
    kind: _List, *, ascending: bool, lower: str, bounds: frozenset[str], filtered: bool
) -> Select[Any]:
    """One page, read along the index on position.

    `bounds` are those of `after` and `before` that are given, and `lower` the one of them that
    bounds positions from below.
    """
    table = _TABLES[kind]
    statement = select(cast(table.c.payload, Text).label("payload")).where(*_in_scope(kind, table))
    if kind != "items":
        statement = statement.add_columns(table.c.user_id)
    place = _place(kind, table)
    for bound in sorted(bounds):
        cursor = table.alias(bound)
        # limit(1): over all users, code of the users' own may have chosen one id twice.
        position = (
            select(_place(kind, cursor))
            .where(*_in_scope(kind, cursor), cursor.c.id == bindparam(bound))
            .limit(1)
            .scalar_subquery()
        )
        statement = statement.where(place > position if bound == lower else place < position)
    if filtered:
        statement = statement.where(table.c.type == any_(bindparam("types", type_=ARRAY(Text))))
    order = place.asc() if ascending else place.desc()
    return statement.order_by(order).limit(bindparam("rows", type_=BigInteger))


def _place(kind: _List, table: Any) -> ColumnElement[int]:
    """What orders the list, as its index has it (tables.py)."""
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
    """An empty page is the end of the list, or the answer to a cursor that is not in it."""
    table = _TABLES[kind]
    for name, cursor in _cursors(request).items():
        found = exists().where(*_in_scope(kind, table), table.c.id == cursor)
        if not await connection.scalar(select(found), scope):
            raise NotFound(f"There is nothing with the id {cursor!r} in this list.", param=name)
