"""Which file was it that the provider refused? Read from its error, as far as it says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import openai
from agents import TResponseInputItem
from agents.models.chatcmpl_converter import Converter

from app.chat.failures import provider_message
from app.model_input.announcements import announced_fields
from app.settings.model import ModelApi

# What providers answer to a part they can't use. Other 4xx are about the account or the model.
_STATUSES = {400, 415, 422}
_TELLING_NAME_CHARS = 5
_NOT_ABOUT_FILES = {"context_length_exceeded", "model_not_found", "unsupported_parameter"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A provider's refusal of a request. `param` names the part at fault, where it says so."""

    reason: str
    param: str = ""


def refusal_of(problem: Exception) -> Refusal | None:
    """The refusal that an error of the OpenAI client stands for, if it may be about a file."""
    if not isinstance(problem, openai.APIError) or problem.code in _NOT_ABOUT_FILES:
        return None
    if isinstance(problem, openai.APIStatusError):
        if problem.status_code not in _STATUSES:
            return None
        return Refusal(provider_message(problem), problem.param or "")
    if isinstance(problem, openai.APIConnectionError) or not _about_files(problem.code):
        return None
    return Refusal(problem.message[:500], problem.param or "")


def refusal_in_stream(event: Any) -> Refusal | None:
    """The same for a stream that ends in `response.failed` or `error`."""
    if event.type == "response.failed" and event.response.error is not None:
        code, message = event.response.error.code, event.response.error.message
        return Refusal(message[:500]) if _about_files(code) else None
    if event.type == "error" and _about_files(event.code):
        return Refusal(event.message[:500], event.param or "")
    return None


def _about_files(code: str | None) -> bool:
    return bool(code) and bool(re.search("image|file|document|invalid_value", str(code)))


def refused_ids(
    refusal: Refusal, model_input: Sequence[TResponseInputItem], *, model_api: ModelApi
) -> list[str]:
    """Ids of the attachments at fault: the one that is named, or all that may have been it.

    May have been: what came with the newest turn, as everything before was accepted once; or,
    with a provider that is new to the thread, any file in it.
    """
    items = [cast(dict[str, Any], item) for item in model_input]
    located = _located(f"{refusal.param} {refusal.reason}", items, model_api)
    if located:
        return [located]
    everywhere = [attached for item in items for attached in _attached(item)]
    named = [
        id
        for id, name in everywhere
        if id in refusal.reason or (len(name) >= _TELLING_NAME_CHARS and name in refusal.reason)
    ]
    if named:
        return list(dict.fromkeys(named))
    answers = [i for i, item in enumerate(items) if item.get("role") == "assistant"]
    newest = items[answers[-1] + 1 :] if answers else items
    suspects = [attached for item in newest for attached in _attached(item)] or everywhere
    return list(dict.fromkeys(id for id, _ in suspects))


def announced_names(model_input: Sequence[TResponseInputItem]) -> dict[str, str]:
    """The name of every attachment in the input, by id."""
    items = [cast(dict[str, Any], item) for item in model_input]
    return dict(attached for item in items for attached in _attached(item))


def _located(where: str, items: list[dict[str, Any]], model_api: ModelApi) -> str | None:
    """Follow `input[2].content[1]` or `messages.[2].content.[1]` to an announcement."""
    found = re.search(r"(?:input|messages)\.?\[(\d+)\]\.(?:content|output)\.?\[(\d+)\]", where)
    if not found:
        return None
    item_index, part_index = int(found[1]), int(found[2])
    if model_api == "chat_completions":
        item_index = _item_of_message(item_index, items)
    if not 0 <= item_index < len(items):
        return None
    for part in reversed(_parts(items[item_index])[: part_index + 1]):
        fields = announced_fields(str(part.get("text", "")))
        if fields:
            return str(fields["id"])
    return None


def _item_of_message(message_index: int, items: list[dict[str, Any]]) -> int:
    """Every user item becomes one user message, after the instructions; the rest may merge."""
    messages = Converter.items_to_messages(cast(list[TResponseInputItem], items))
    before = messages[: message_index - 1]
    number = sum(message["role"] == "user" for message in before)
    users = [i for i, item in enumerate(items) if item.get("role") == "user"]
    return users[number] if number < len(users) else -1


def _attached(item: dict[str, Any]) -> list[tuple[str, str]]:
    """Id and name of each attachment in the item that came with content, not with a note."""
    found: list[tuple[str, str]] = []
    announced: tuple[str, str] | None = None
    for part in _parts(item):
        text = str(part.get("text", ""))
        fields = announced_fields(text)
        if fields:
            announced = (str(fields["id"]), str(fields.get("name", "")))
            if "\n----- begin text" in text:
                found.append(announced)
        elif part.get("type") in ("input_image", "input_file") and announced:
            found.append(announced)
    return found


def _parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    content = item.get("output") or item.get("content")
    return content if isinstance(content, list) else []
