"""The search for what a user can mention with @: earlier attachments and threads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CompoundSelect,
    Float,
    Integer,
    Row,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal,
    null,
    select,
    union_all,
)

from app.attachment_state import USABLE
from app.database.engine import Database
from app.database.references import preview_reference
from app.database.search_terms import least_shared, query_terms
from app.database.tables import attachments, threads
from app.database.transitions import in_state
from app.errors import NotFound
from app.storable import storable

MAX_ENTITIES = 20

_OWNER = bindparam("owner", type_=Text)
_TERMS = bindparam("terms", type_=ARRAY(Text))


@dataclass(frozen=True, slots=True)
class Entity:
    """An attachment or a thread. `size` is in bytes; `created_at` has a time zone.

    `reference` (references.py) names the object with the bytes or, with `has_thumbnail`, the one
    with a small image of them. It is None if the bytes are not in the bucket. `thread_title` is the
    title of the thread with `thread_id`.
    """

    kind: Literal["attachment", "thread"]
    id: str
    title: str
    mime_type: str | None
    size: int | None
    reference: str | None
    has_thumbnail: bool
    thread_id: str | None
    thread_title: str | None
    created_at: datetime


class Entities:
    """Finds the entities of a given user. Those of other users count as missing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, user_id: str, query: str) -> Sequence[Entity]:
        """Return the 20 entities with names most similar to the query; without one, the 20 newest.

        A name is similar if it has enough of the query's trigrams (search_terms.py): the query may
        be the beginning of a word, and may have a typo. Threads without a title are never found.
        """
        if not query.strip():
            return await self._rows(_NEWEST, {"owner": user_id})
        terms = query_terms(user_id, query)
        if not terms:
            return []
        return await self._rows(
            SIMILAR, {"owner": user_id, "terms": terms, "least": least_shared(len(terms))}
        )

    async def load(self, user_id: str, entity_id: str) -> Entity:
        """Return the attachment or thread with this id. Raises `NotFound`."""
        found = await self._rows(_BY_ID, {"owner": user_id, "entity": storable(entity_id)})
        if not found:
            raise NotFound(f"There is no file or thread {entity_id!r}.", param="entity_id")
        return found[0]

    async def _rows(
        self, statement: CompoundSelect[Any] | Select[Any], given: dict[str, object]
    ) -> Sequence[Entity]:
        async with self._database.connect() as connection:
            return [_entity(row) for row in await connection.execute(statement, given)]


def _entity(row: Row[Any]) -> Entity:
    fields = dict(row._mapping)
    return Entity(**{name: fields[name] for name in Entity.__slots__})


# The owner is named for each table, which shows Citus that all rows are on one shard.
_attachment_thread = and_(threads.c.user_id == _OWNER, threads.c.id == attachments.c.thread_id)
_ATTACHMENTS = select(
    literal("attachment").label("kind"),
    attachments.c.id,
    attachments.c.name.label("title"),
    attachments.c.mime_type,
    attachments.c.size,
    preview_reference().label("reference"),
    attachments.c.preview_key.is_not(None).label("has_thumbnail"),
    attachments.c.thread_id,
    select(threads.c.title).where(_attachment_thread).scalar_subquery().label("thread_title"),
    attachments.c.created_at,
).where(
    attachments.c.user_id == _OWNER,
    in_state(*USABLE),
)
_THREADS = select(
    literal("thread").label("kind"),
    threads.c.id,
    threads.c.title,
    null().cast(Text).label("mime_type"),
    null().cast(BigInteger).label("size"),
    null().cast(Text).label("reference"),
    false().label("has_thumbnail"),
    threads.c.id.label("thread_id"),
    threads.c.title.label("thread_title"),
    threads.c.created_at,
).where(threads.c.user_id == _OWNER, threads.c.title.is_not(None))

_ENTITY = bindparam("entity", type_=Text)
_BY_ID = union_all(
    _ATTACHMENTS.where(attachments.c.id == _ENTITY),
    _THREADS.where(threads.c.id == _ENTITY),
)


def _newest(entities: Select[Any], table: Table) -> Select[Any]:
    return entities.order_by(table.c.created_at.desc(), table.c.id).limit(MAX_ENTITIES)


_both = union_all(_newest(_ATTACHMENTS, attachments), _newest(_THREADS, threads)).subquery()
_NEWEST = select(_both).order_by(_both.c.created_at.desc(), _both.c.id).limit(MAX_ENTITIES)


def _sharing_terms(entities: Select[Any], table: Table) -> Select[Any]:
    """Select the rows that share a term with the query, and count their shared and own terms."""
    term = func.unnest(table.c.search_terms).column_valued("term")
    shared = select(func.count()).where(term == any_(_TERMS)).correlate(table)
    return entities.add_columns(
        shared.scalar_subquery().label("shared"),
        func.cardinality(table.c.search_terms).label("own"),
    ).where(table.c.search_terms.overlap(_TERMS))


_sharing = union_all(
    _sharing_terms(_ATTACHMENTS, attachments), _sharing_terms(_THREADS, threads)
).subquery()
# Rows with equally many of the query's terms are ordered by the Jaccard index, as pg_trgm's
# `similarity` orders them.
_similarity = _sharing.c.shared / (
    func.cardinality(_TERMS) + _sharing.c.own - _sharing.c.shared
).cast(Float)
SIMILAR = (
    select(_sharing)
    .where(_sharing.c.shared >= bindparam("least", type_=Integer))
    .order_by(
        _sharing.c.shared.desc(), _similarity.desc(), _sharing.c.created_at.desc(), _sharing.c.id
    )
    .limit(MAX_ENTITIES)
)
