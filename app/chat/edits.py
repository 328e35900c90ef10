"""Edits the last message of a user; its answer is then asked for anew (`threads.retry_after_item`).

ChatKit's protocol has no such operation, so it is a route of `/v1/chatkit/threads`.
"""

from chatkit.types import UserMessageContent, UserMessageInput, UserMessageItem
from pydantic import BaseModel, ValidationError

from app.chat.requests import check_counts, check_is_open
from app.context import RequestContext
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest


class MessageEdit(BaseModel):
    """The new content of a message, as `threads.add_user_message` takes it."""

    content: list[UserMessageContent]


def parse_edit(body: bytes) -> MessageEdit:
    """Return the edit. Raises `InvalidRequest`, which names the field that is not valid."""
    try:
        return MessageEdit.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise InvalidRequest("The request is not valid JSON.") from exc
        param = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"`{param}`: {first['msg']}.", param=param or None) from exc


async def edit_last_message(
    store: PostgresStore, thread_id: str, item_id: str, edit: MessageEdit, context: RequestContext
) -> UserMessageItem:
    """Replace the content of the user's last message, and return the message.

    Its files, its quotation and the answer to it stay. Raises `NotFound`, `ThreadNotOpen`, and
    `InvalidRequest` for an earlier message, or for content that no message may have.
    """
    check_is_open(await store.load_thread(thread_id, context))

    def changed(stored: UserMessageItem) -> UserMessageItem:
        check_counts(
            [],
            UserMessageInput(
                content=edit.content,
                attachments=[],
                quoted_text=stored.quoted_text,
                inference_options=stored.inference_options,
            ),
        )
        if not stored.attachments and not "".join(part.text for part in edit.content).strip():
            raise InvalidRequest("A message without files needs a text.", param="content")
        return stored.model_copy(update={"content": edit.content})

    return await store.change_last_message(thread_id, item_id, changed, context)
