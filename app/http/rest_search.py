"""The threads that a search has found, as `/v1/chatkit/threads?query=` lists them.

OpenAI's API has no search. These are its threads with two more fields, which its clients keep.
"""

from collections.abc import Sequence

from openai.types.beta.chatkit.chatkit_thread import ChatKitThread
from pydantic import BaseModel

from app.database.active_threads import FoundThread
from app.database.excerpts import Piece
from app.http.rest_types import to_rest_thread


class RestPiece(BaseModel):
    """A part of a text. `is_match`: it is what a word of the query has found."""

    text: str
    is_match: bool


class RestFoundItem(BaseModel):
    """The newest message with the words. `created_at` is in seconds since 1970."""

    id: str
    type: str
    created_at: int
    excerpt: list[RestPiece]


class RestMatch(BaseModel):
    """Where the words are: in the title, in a message, or in both."""

    title: list[RestPiece] | None
    item: RestFoundItem | None


class RestFoundThread(ChatKitThread):
    """A thread with `active_at`, when something was last said in it, in seconds since 1970."""

    active_at: int
    match: RestMatch


def to_rest_found(found: FoundThread, user_id: str) -> RestFoundThread:
    item = None
    if found.item is not None and found.excerpt is not None:
        item = RestFoundItem(
            id=found.item.id,
            type=f"chatkit.{found.item.type}",
            created_at=int(found.item.created_at.timestamp()),
            excerpt=_pieces(found.excerpt),
        )
    return RestFoundThread(
        **dict(to_rest_thread(found.active.thread, user_id)),
        active_at=int(found.active.active_at.timestamp()),
        match=RestMatch(title=None if found.title is None else _pieces(found.title), item=item),
    )


def _pieces(excerpt: Sequence[Piece]) -> list[RestPiece]:
    return [RestPiece(text=piece.text, is_match=piece.is_match) for piece in excerpt]
