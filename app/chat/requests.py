"""Parses ChatKit requests, and checks the limits of a message."""

import json
from collections.abc import Sequence

from chatkit.types import ActiveStatus, ChatKitReq, ThreadMetadata, UserMessageInput
from pydantic import TypeAdapter, ValidationError

from app.errors import InvalidRequest, ThreadNotOpen

# Limits of one message. Each attachment and mention costs queries, in every later turn too.
MAX_ATTACHMENTS = 100
MAX_MENTIONS = 100
# The text of a message is in every later request to the model; a longer text should be a file.
MAX_TEXT_CHARACTERS = 512 * 1024
# A title is in every list of threads.
MAX_TITLE_CHARACTERS = 1000

_REQUEST: TypeAdapter[ChatKitReq] = TypeAdapter(ChatKitReq)


def check_counts(attachment_ids: Sequence[str], message: UserMessageInput) -> None:
    """Raise `InvalidRequest` for a message with too many files, mentions or characters."""
    if len(attachment_ids) > MAX_ATTACHMENTS:
        raise InvalidRequest(
            f"A message takes {MAX_ATTACHMENTS} files at most. Send the others in another message.",
            param="attachments",
        )
    if len({part.id for part in message.content if part.type == "input_tag"}) > MAX_MENTIONS:
        raise InvalidRequest(f"A message takes {MAX_MENTIONS} mentions at most.", param="content")
    written = sum(len(part.text) for part in message.content) + len(message.quoted_text or "")
    if written > MAX_TEXT_CHARACTERS:
        raise InvalidRequest(
            f"The message has {written:,} characters; {MAX_TEXT_CHARACTERS:,} are allowed. Attach a"
            " longer text as a file.",
            param="content",
        )


def check_title(title: str) -> None:
    """Raise `InvalidRequest` for a title that is too long."""
    if len(title) > MAX_TITLE_CHARACTERS:
        raise InvalidRequest(
            f"A title has {MAX_TITLE_CHARACTERS:,} characters at most.", param="title"
        )


def check_is_open(thread: ThreadMetadata) -> None:
    """Raise `ThreadNotOpen` for a thread that is locked or closed."""
    if isinstance(thread.status, ActiveStatus):
        return
    why = f" ({thread.status.reason})" if thread.status.reason else ""
    raise ThreadNotOpen(
        f"This thread is {thread.status.type}{why} and takes no messages. Start a new thread."
    )


def parse_request(request: str | bytes | bytearray) -> ChatKitReq:
    """Return the request. Raises `InvalidRequest`, which names the field that is not valid."""
    try:
        return _REQUEST.validate_json(request)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise InvalidRequest("The request is not valid JSON.") from exc
        if not first["loc"] and first["type"] != "union_tag_invalid":
            raise InvalidRequest("The request names no operation.", param="type") from exc
        if first["type"] == "union_tag_invalid":
            operation = json.dumps(first.get("ctx", {}).get("tag"))
            raise InvalidRequest(f"There is no operation {operation}.", param="type") from exc
        # The first location is the operation, which the caller knows.
        param = ".".join(str(part) for part in first["loc"][1:])
        raise InvalidRequest(f"`{param}`: {first['msg']}.", param=param) from exc
