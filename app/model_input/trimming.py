"""The last look at a model request before it leaves, whatever the run has added to it meanwhile.

The converter plans within the budget, but tools bring more in. So what counts is measured here,
before every call of the model, and the newest content wins again.
"""

from collections.abc import Sequence
from typing import Any, cast

from agents import TResponseInputItem
from agents.run_config import CallModelData, ModelInputData
from chatkit.agents import AgentContext

from app.context import RequestContext
from app.model_input.announcements import RULES, announced_fields, text_part
from app.model_input.budget import RESERVE_BYTES, json_bytes
from app.model_input.tool_calls import repair
from app.settings.model import ChatModelSettings

# Shorter texts are left alone: the note in their place would be no smaller.
_HEAVY_BYTES = 2000
_LEFT_OUT = "(The content was left out of this request, which would get too large.)"
_FOLLOWS = "(The file follows in the next message.)"
_EARLIER_LEFT_OUT = "(Earlier messages of this conversation were left out: it is too long.)"

Part = dict[str, Any]  # a content part as the API takes it: an open set of TypedDicts
Item = dict[str, Any]


class RequestTrimmer:
    """The input filter of one run. `last_input` is what the model was sent last."""

    def __init__(self, settings: ChatModelSettings) -> None:
        self._settings = settings
        self._tools_return_text = settings.api == "chat_completions"
        self.last_input: list[TResponseInputItem] = []

    def __call__(self, data: CallModelData[AgentContext[RequestContext]]) -> ModelInputData:
        items = cast(list[Item], repair(data.model_data.input))
        if self._tools_return_text:
            items = _move_files_out_of_outputs(items)
        items = fitted(items, self._settings)
        self.last_input = cast(list[TResponseInputItem], items)
        instructions = data.model_data.instructions
        return ModelInputData(
            input=self.last_input,
            # Every agent, anyone's own too, is told how files stand in its input.
            instructions=f"{instructions}\n\n{RULES}" if instructions else RULES,
        )


def fitted(items: Sequence[Item], settings: ChatModelSettings) -> list[Item]:
    """The items with content left out, the oldest first, until they are within the budget."""
    limit_bytes = settings.max_request_bytes - RESERVE_BYTES
    images = sum(part["type"] == "input_image" for item in items for part in _parts(item))
    if json_bytes(items) <= limit_bytes and images <= settings.max_images:
        return list(items)
    light = [_with_parts(item, [_lightened(part) for part in _parts(item)]) for item in items]
    left_bytes = limit_bytes - json_bytes(light)
    left_images = settings.max_images
    kept: list[Item] = []
    for item, item_light in zip(reversed(items), reversed(light), strict=True):
        chosen = _parts(item_light)
        for i, part in reversed(list(enumerate(_parts(item)))):
            added_bytes = json_bytes(part) - json_bytes(chosen[i])
            is_image = part["type"] == "input_image"
            if added_bytes <= left_bytes and (left_images or not is_image):
                left_bytes -= added_bytes
                left_images -= is_image
                chosen[i] = part
        kept.append(_with_parts(item, chosen))
    return _newest(kept[::-1], limit_bytes)


def _newest(items: list[Item], limit_bytes: int) -> list[Item]:
    """Without files still too long: leave out whole messages from the start."""
    total = json_bytes(items)
    if total <= limit_bytes:
        return items
    start = 0
    while start < len(items) - 1 and total > limit_bytes:
        total -= json_bytes(items[start])
        start += 1
    told: Item = {
        "type": "message",
        "role": "user",
        "content": [text_part(_EARLIER_LEFT_OUT)],
    }
    rest = repair(cast(list[TResponseInputItem], items[start:]))
    return [told, *cast(list[Item], rest)]


def _lightened(part: Part) -> Part:
    if json_bytes(part) < _HEAVY_BYTES and part["type"] == "input_text":
        return part
    text = str(part.get("text", ""))
    if part["type"] == "input_text" and announced_fields(text) is None:
        return part
    head = text.split("\n", 1)[0]
    return dict(text_part(f"{head}\n{_LEFT_OUT}" if head else _LEFT_OUT))


def _parts(item: Item) -> list[Part]:
    """The content parts of a message or a tool's output; none if it is plain text."""
    content = item.get("output" if item.get("type") == "function_call_output" else "content")
    return list(content) if isinstance(content, list) else []


def _with_parts(item: Item, parts: list[Part]) -> Item:
    if not parts:
        return item
    key = "output" if item.get("type") == "function_call_output" else "content"
    return {**item, key: parts}


def _move_files_out_of_outputs(items: Sequence[Item]) -> list[Item]:
    """Chat completions take text from tools only: files go into a user message after them."""
    moved: list[Item] = []
    waiting: list[Part] = []
    for item in items:
        is_output = item.get("type") == "function_call_output"
        if waiting and not is_output:
            moved.append({"type": "message", "role": "user", "content": waiting})
            waiting = []
        files = [part for part in _parts(item) if part["type"] != "input_text"]
        if is_output and files:
            texts = [part for part in _parts(item) if part["type"] == "input_text"]
            waiting += [*texts, *files]
            item = _with_parts(item, [*texts, dict(text_part(_FOLLOWS))])
        moved.append(item)
    if waiting:
        moved.append({"type": "message", "role": "user", "content": waiting})
    return moved
