"""The statements of ChatKit's store, each built once.

Every statement names the owner. A payload goes in and comes out as JSON text, so that only pydantic
parses it. No parameter has the name of a column: SQLAlchemy would also assign it to that column in
an UPDATE that is part of the statement.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from app.attachment_state import AttachmentState
from app.database.audit import Act, Action, Actor, Kind, entries_of
from app.database.references import preview_reference
from app.database.tables import attachments, erasures, feedback, thread_items, threads
from app.database.transitions import in_state

_OWNER = bindparam("owner", type_=Text)
_THREAD = bindparam("thread", type_=Text)
_ITEM = bindparam("item", type_=Text)
_ATTACHMENT = bindparam("attachment", type_=Text)
_PAYLOAD = cast(bindparam("json", type_=Text), JSONB)
# The search terms of the title or name in the same statement.
_TERMS = bindparam("terms", type_=ARRAY(Text))
# The words of the title or message (word_index.py); None if it has none.
_WORDS = func.array_to_tsvector(bindparam("indexed_words", type_=ARRAY(Text)))

_THREAD_ROW = (threads.c.user_id == _OWNER, threads.c.id == _THREAD)
_ITEM_ROW = (
    thread_items.c.user_id == _OWNER,
    thread_items.c.thread_id == _THREAD,
    thread_items.c.id == _ITEM,
)
_ATTACHMENT_ROW = (attachments.c.user_id == _OWNER, attachments.c.id == _ATTACHMENT)

LOAD_THREAD = select(cast(threads.c.payload, Text)).where(*_THREAD_ROW)

# FOR NO KEY UPDATE does not block inserts of items, which take a key share lock on the thread.
LOCK_THREAD = select(literal(1)).where(*_THREAD_ROW).with_for_update(key_share=True)

THREAD_CREATED = Act(Actor.USER, Action.CREATED, Kind.THREAD)
THREAD_DELETED = Act(Actor.USER, Action.DELETED, Kind.THREAD)

DELETE_THREAD = entries_of(
    THREAD_DELETED,
    delete(threads).where(*_THREAD_ROW).returning(threads.c.user_id, threads.c.id).cte("deleted"),
)

# Inserts of one user's threads take turns from here to their commit. So positions become visible in
# their order: a reader that pages forward can't miss a smaller one that is committed later.
# As text, because Citus keeps what a CTE returns in a file, which can't have a void column.
_turn = select(
    cast(func.pg_advisory_xact_lock(func.hashtextextended(_OWNER, literal(2, BigInteger))), Text)
).cte("turn")
_is_being_erased = exists().where(erasures.c.user_id == _OWNER, erasures.c.finished_at.is_(None))
_new_thread = insert(threads).from_select(
    ["user_id", "id", "title", "search_terms", "words", "payload"],
    select(_OWNER, _THREAD, bindparam("thread_title", type_=Text), _TERMS, _WORDS, _PAYLOAD)
    .select_from(_turn)
    .where(~_is_being_erased),
)
UPSERT_THREAD = _new_thread.on_conflict_do_update(
    index_elements=["user_id", "id"],
    set_={
        "title": _new_thread.excluded.title,
        "search_terms": _new_thread.excluded.search_terms,
        "words": _new_thread.excluded.words,
        "payload": _new_thread.excluded.payload,
        "updated_at": _new_thread.excluded.updated_at,
    },
).returning(threads.c.user_id, threads.c.id)

# The thread of a first message.
CREATE_THREAD = entries_of(THREAD_CREATED, UPSERT_THREAD.cte("created"))

UPDATE_THREAD = (
    update(threads)
    .where(*_THREAD_ROW)
    .values(
        title=bindparam("thread_title", type_=Text),
        search_terms=_TERMS,
        words=_WORDS,
        payload=_PAYLOAD,
        updated_at=func.now(),
    )
    .returning(threads.c.id)
)

LOAD_ITEM = select(cast(thread_items.c.payload, Text)).where(*_ITEM_ROW)

# The user's last message in the thread.
LAST_MESSAGE = (
    select(thread_items.c.id)
    .where(
        thread_items.c.user_id == _OWNER,
        thread_items.c.thread_id == _THREAD,
        thread_items.c.type == "user_message",
    )
    .order_by(thread_items.c.position.desc())
    .limit(1)
)

# The UPDATE locks the thread until the commit, and the position is drawn after it: positions within
# a thread become visible in their order, too. It returns no row if the owner has no such thread.
_locked_thread = (
    update(threads)
    .where(*_THREAD_ROW)
    .values(updated_at=func.now(), active_at=func.now())
    .returning(threads.c.user_id, threads.c.id)
    .cte("locked_thread")
)
_new_item = insert(thread_items).from_select(
    ["user_id", "thread_id", "id", "type", "payload", "words"],
    select(
        _locked_thread.c.user_id,
        _locked_thread.c.id,
        _ITEM,
        bindparam("item_type", type_=Text),
        _PAYLOAD,
        _WORDS,
    ),
)
UPSERT_ITEM = _new_item.on_conflict_do_update(
    index_elements=["user_id", "thread_id", "id"],
    set_={name: _new_item.excluded[name] for name in ("type", "payload", "words")},
).returning(thread_items.c.id)

# Returns whether the owner has the thread.
DELETE_ITEM = select(exists().where(*_THREAD_ROW)).add_cte(
    delete(thread_items).where(*_ITEM_ROW).cte("deleted_item"),
    delete(feedback)
    .where(
        feedback.c.user_id == _OWNER,
        feedback.c.thread_id == _THREAD,
        feedback.c.item_id == _ITEM,
    )
    .cte("deleted_feedback"),
)

_new_feedback = insert(feedback).from_select(
    ["user_id", "thread_id", "item_id", "kind"],
    select(
        thread_items.c.user_id,
        thread_items.c.thread_id,
        thread_items.c.id,
        bindparam("feedback_kind", type_=Text),
    ).where(
        thread_items.c.user_id == _OWNER,
        thread_items.c.thread_id == _THREAD,
        thread_items.c.id == any_(bindparam("items", type_=ARRAY(Text))),
    ),
)
UPSERT_FEEDBACK = _new_feedback.on_conflict_do_update(
    index_elements=["user_id", "thread_id", "item_id"],
    set_={
        "kind": _new_feedback.excluded.kind,
        "created_at": _new_feedback.excluded.created_at,
    },
).returning(feedback.c.item_id)

LOAD_ATTACHMENT = select(
    cast(attachments.c.payload, Text).label("payload"),
    attachments.c.thread_id,
    preview_reference().label("reference"),
).where(*_ATTACHMENT_ROW, ~in_state(AttachmentState.TOMBSTONE))

LOCK_ATTACHMENT = (
    select(attachments.c.state, preview_reference().label("reference"))
    .where(*_ATTACHMENT_ROW)
    .with_for_update()
)

UPDATE_ATTACHMENT = update(attachments).where(*_ATTACHMENT_ROW).values(payload=_PAYLOAD)

# A foreign attachment is one that this service did not create. Its bytes are not in the bucket, so
# there is nothing to upload, verify or expire.
_new_attachment = insert(attachments).values(
    user_id=_OWNER,
    id=_ATTACHMENT,
    thread_id=_THREAD,
    state=AttachmentState.ATTACHED,
    name=bindparam("file_name", type_=Text),
    mime_type=bindparam("file_type", type_=Text),
    search_terms=_TERMS,
    payload=_PAYLOAD,
)
UPSERT_FOREIGN_ATTACHMENT = _new_attachment.on_conflict_do_update(
    index_elements=["user_id", "id"],
    set_={
        name: _new_attachment.excluded[name]
        for name in ("thread_id", "name", "mime_type", "search_terms", "payload")
    },
    where=and_(attachments.c.object_key.is_(None), in_state(AttachmentState.ATTACHED)),
)

# A foreign attachment has no bytes in the bucket, so its tombstone needs no purge.
DELETE_FOREIGN_TOMBSTONE = delete(attachments).where(
    *_ATTACHMENT_ROW, attachments.c.object_key.is_(None), in_state(AttachmentState.TOMBSTONE)
)
