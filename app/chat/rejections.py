"""Finds the file because of which the model's provider rejected a request.

The provider's error has the position of a part, the name of a file, or neither.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import openai
from agents import TResponseInputItem
from agents.models.chatcmpl_converter import Converter

from app.chat.failures import ProviderFailed, provider_message
from app.model_input.input_items import Item, parts_of
from app.model_input.labels import Announced, attachments_in, label_of
from app.settings.model import ModelApi

# Providers answer with these if they can't use a part. Other 4xx concern the account or model.
_STATUSES = {400, 415, 422}
_NOT_ABOUT_FILES = {"context_length_exceeded", "model_not_found", "unsupported_parameter"}
# A shorter name may be in a message by chance.
_MIN_NAME_CHARS = 5
_MAX_REASON_CHARS = 500


@dataclass(frozen=True, slots=True)
class Rejection:
    """A request that the provider rejected, perhaps because of a file.

    `reason` has the provider's words; `param` the part at fault, such as `input[2].content[1]`, if
    the provider names one.
    """

    reason: str
    param: str = ""


def rejection_of(problem: Exception) -> Rejection | None:
    """Return the rejection that an error reports, or None if it can't be about a file."""
    if not isinstance(problem, openai.APIError | ProviderFailed):
        return None
    if problem.code in _NOT_ABOUT_FILES:
        return None
    if isinstance(problem, openai.APIStatusError):
        if problem.status_code not in _STATUSES:
            return None
        return Rejection(provider_message(problem), problem.param or "")
    if isinstance(problem, openai.APIConnectionError) or not _is_about_files(problem.code):
        return None
    return Rejection(problem.message[:_MAX_REASON_CHARS], problem.param or "")


def may_lack_files(problem: Exception) -> bool:
    """Whether the provider may have rejected a request because it has lost a file that it names.

    OpenAI's Files API answers 404 for such a file; other providers answer 400 or 422.
    """
    if getattr(problem, "code", None) in _NOT_ABOUT_FILES:
        return False
    if isinstance(problem, openai.APIStatusError):
        return problem.status_code in {*_STATUSES, 404}
    return isinstance(problem, ProviderFailed) and _is_about_files(problem.code)


def _is_about_files(code: str | None) -> bool:
    return bool(code) and bool(re.search("image|file|document|invalid_value", str(code)))


def suspects(
    rejection: Rejection, items: Sequence[Item], *, model_api: ModelApi
) -> dict[str, Announced]:
    """Return the attachments that may be at fault, by id.

    `items` is the input of the rejected request. If the error names no file, the newest turn is
    suspected, because the provider accepted everything before it once. If that has no file, the
    provider may be new to the thread, and every file in it is suspected.
    """
    located = _located(rejection, items, model_api)
    if located:
        return {located.id: located}
    everywhere = attachments_in(items)
    named = {id: each for id, each in everywhere.items() if _is_named(each, rejection.reason)}
    named |= _named_by_file_id(rejection.reason, items)
    return named or attachments_in(_newest_turn(items)) or everywhere


def _is_named(attachment: Announced, reason: str) -> bool:
    has_telling_name = len(attachment.name) >= _MIN_NAME_CHARS
    return attachment.id in reason or (has_telling_name and attachment.name in reason)


def _named_by_file_id(reason: str, items: Sequence[Item]) -> dict[str, Announced]:
    labels = [
        label_of(part)
        for item in items
        for part in parts_of(item)
        if part.get("file_id") and part["file_id"] in reason
    ]
    return {label.subject.id: label.subject for label in labels if label}


def _newest_turn(items: Sequence[Item]) -> Sequence[Item]:
    answers = [i for i, item in enumerate(items) if item.get("role") == "assistant"]
    return items[answers[-1] + 1 :] if answers else items


def _located(rejection: Rejection, items: Sequence[Item], model_api: ModelApi) -> Announced | None:
    """Follow `input[2].content[1]` or `messages.[2].content.[1]` to the attachment of that part."""
    found = re.search(
        r"(?:input|messages)\.?\[(\d+)\]\.(?:content|output)\.?\[(\d+)\]",
        f"{rejection.param} {rejection.reason}",
    )
    if not found:
        return None
    item_index, part_index = int(found[1]), int(found[2])
    if model_api == "chat_completions":
        item_index = _item_of_message(item_index, items)
    parts = parts_of(items[item_index]) if 0 <= item_index < len(items) else []
    label = label_of(parts[part_index]) if part_index < len(parts) else None
    return label.subject if label and label.holds != "mention" else None


def _item_of_message(message_index: int, items: Sequence[Item]) -> int:
    """Return the index of the item that became this chat completions message, or -1.

    The instructions are the first message. Each user item becomes one message; others may merge.
    """
    messages = Converter.items_to_messages(cast(list[TResponseInputItem], items))
    before = messages[: message_index - 1]
    number = sum(message["role"] == "user" for message in before)
    users = [i for i, item in enumerate(items) if item.get("role") == "user"]
    return users[number] if number < len(users) else -1
