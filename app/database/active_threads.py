"""A user's threads, the one first in which something was said last: all, or those with some words.

The order changes while it is read, because a thread that goes on moves to its front. So a page
ends at a *place*, a time with a position, which stays where it is: a list that goes on from there
repeats no thread. A cursor is a place, or the id of a thread, which means its place at that moment.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from chatkit.types import ThreadItem, ThreadMetadata
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    Text,
    bindparam,
    cast,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.engine import Database
from app.database.excerpts import Piece, excerpt
from app.database.item_text import item_text
from app.database.pages import KeysetPage, PageRequest
from app.database.payloads import decode_items, decode_thread
from app.database.tables import thread_items, threads
from app.database.word_index import query_words, words_condition
from app.errors import NotFound
from app.storable import storable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"at:(\d{1,17}):(\d{1,18})")
_OWNER = bindparam("owner", type_=Text)


@dataclass(frozen=True, slots=True)
class ActiveThread:
    """A thread, the time when something was last said in it, and its place in the list."""

    thread: ThreadMetadata
    active_at: datetime
    place: str


@dataclass(frozen=True, slots=True)
class FoundThread:
    """A thread with the words of a query: in its title, in messages, or in both.

    `title` is the title if it has them, and `excerpt` is of `item`, the newest message with them.
    """

    active: ActiveThread
    title: Sequence[Piece] | None
    item: ThreadItem | None
    excerpt: Sequence[Piece] | None


class ActiveThreads:
    """Lists and searches the threads of a given user. Those of other users count as missing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, user_id: str, request: PageRequest) -> KeysetPage[ActiveThread]:
        """Return a page of all threads. Raises `NotFound` for the id of an unknown thread."""
        page = await self._rows({"owner": user_id}, request)
        return KeysetPage([_active(row) for row in page.rows], page.has_more)

    async def search(
        self, user_id: str, query: str, request: PageRequest
    ) -> KeysetPage[FoundThread]:
        """Return a page of the threads whose title, or one of whose messages, has all words.

        The words of the query may be beginnings of words. Of messages, the text and the names of
        files are searched. Raises `InvalidRequest` for a query without words and `NotFound` for the
        id of an unknown thread.
        """
        words = query_words(query)
        given = {"owner": user_id, "words": words_condition(user_id, words)}
        page = await self._rows(given, request)
        with_items = [row for row in page.rows if row.item is not None]
        decoded = await decode_items([row.item for row in with_items], None)
        items = {row.id: item for row, item in zip(with_items, decoded, strict=True)}
        return KeysetPage(
            [_found(row, items.get(row.id), words) for row in page.rows], page.has_more
        )

    async def _rows(self, given: Mapping[str, Any], request: PageRequest) -> KeysetPage[Any]:
        cursors = {"after": request.after, "before": request.before}
        bounds = {name: storable(cursor) for name, cursor in cursors.items() if cursor is not None}
        statement = active_statement(
            ascending=request.order == "asc", bounds=frozenset(bounds), searched="words" in given
        )
        values = dict(given)
        async with self._database.connect() as connection:
            for name, cursor in bounds.items():
                active_at, position = await _place(connection, given["owner"], name, cursor)
                values |= {f"{name}_active_at": active_at, f"{name}_position": position}
            # One more row is read than the page has: it shows whether more rows follow.
            result = await connection.execute(statement, {**values, "rows": request.size + 1})
            rows = list(result.all())
        return KeysetPage(rows[: request.size], has_more=len(rows) > request.size)


@lru_cache
def active_statement(*, ascending: bool, bounds: frozenset[str], searched: bool) -> Select[Any]:
    """Return the SELECT of one page, which reads along the index on the time and the position.

    `bounds`: the cursors that the request has. The owner is named for each table, which shows Citus
    that all rows are on one shard.
    """
    place = tuple_(threads.c.active_at, threads.c.position)
    page = select(
        threads.c.id,
        cast(threads.c.payload, Text).label("payload"),
        threads.c.active_at,
        threads.c.position,
    ).where(threads.c.user_id == _OWNER)
    if searched:
        page = page.add_columns(_has_words(threads.c.words).label("in_title"))
        page = page.where(threads.c.id.in_(_matching()))
    for name in sorted(bounds):
        bound = tuple_(
            bindparam(f"{name}_active_at", type_=DateTime(timezone=True)),
            bindparam(f"{name}_position", type_=BigInteger),
        )
        is_lower = name == ("after" if ascending else "before")
        page = page.where(place > bound if is_lower else place < bound)
    columns = (threads.c.active_at, threads.c.position)
    page = page.order_by(*(each.asc() if ascending else each.desc() for each in columns))
    page = page.limit(bindparam("rows", type_=BigInteger))
    return _with_newest_item(page, ascending=ascending) if searched else page


def _matching() -> Any:
    """Return the ids of the threads with the words, each side found by its own index."""
    return union(
        select(threads.c.id).where(threads.c.user_id == _OWNER, _has_words(threads.c.words)),
        select(thread_items.c.thread_id).where(
            thread_items.c.user_id == _OWNER, _has_words(thread_items.c.words)
        ),
    )


def _with_newest_item(page: Select[Any], *, ascending: bool) -> Select[Any]:
    """Add the newest message with the words to each thread of the page, and to no other."""
    found = page.subquery("found")
    newest = (
        select(cast(thread_items.c.payload, Text).label("item"))
        .where(
            thread_items.c.user_id == _OWNER,
            thread_items.c.thread_id == found.c.id,
            _has_words(thread_items.c.words),
        )
        .order_by(thread_items.c.position.desc())
        .limit(1)
        .lateral("newest")
    )
    columns = (found.c.active_at, found.c.position)
    return (
        select(found, newest.c.item)
        .select_from(found.outerjoin(newest, true()))
        .order_by(*(each.asc() if ascending else each.desc() for each in columns))
    )


def _has_words(words: ColumnElement[Any]) -> ColumnElement[bool]:
    return words.bool_op("@@")(cast(bindparam("words", type_=Text), TSQUERY))


async def _place(
    connection: AsyncConnection, user_id: str, name: str, cursor: str
) -> tuple[datetime, int]:
    if given := _PLACE.fullmatch(cursor):
        return _EPOCH + timedelta(microseconds=int(given[1])), int(given[2])
    found = await connection.execute(
        select(threads.c.active_at, threads.c.position).where(
            threads.c.user_id == user_id, threads.c.id == cursor
        )
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound(f"This list has no entry with the id {cursor!r}.", param=name)
    return row.active_at, row.position


def _active(row: Any) -> ActiveThread:
    microseconds = (row.active_at - _EPOCH) // timedelta(microseconds=1)
    return ActiveThread(
        decode_thread(row.payload), row.active_at, f"at:{microseconds}:{row.position}"
    )


def _found(row: Any, item: ThreadItem | None, words: Sequence[str]) -> FoundThread:
    active = _active(row)
    return FoundThread(
        active,
        title=excerpt(active.thread.title or "", words) if row.in_title else None,
        item=item,
        excerpt=None if item is None else excerpt(item_text(item), words),
    )
