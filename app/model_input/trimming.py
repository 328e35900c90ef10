"""Trims a model request just before it is sent.

The converter plans within the budget, but the run of the agent adds to the input: tools bring
files. So the input is measured once more here, before each request, and the newest content is
kept.
"""

from collections.abc import Sequence
from typing import cast

from agents import TResponseInputItem
from agents.run_config import CallModelData, ModelInputData
from chatkit.agents import AgentContext

from app.context import RequestContext
from app.model_input.announcements import RULES, left_out, text_part
from app.model_input.budget import (
    Budget,
    Cost,
    cost_of_item,
    cost_of_items,
    cost_of_part,
    json_bytes,
)
from app.model_input.input_items import Item, Part, parts_of, with_parts
from app.model_input.labels import LabelTable, label_of
from app.model_input.references import References
from app.model_input.tool_calls import pair_tool_calls
from app.settings.model import ModelApi

# Shorter texts are kept: the note in their place would be no smaller.
_HEAVY_BYTES = 2000
_BLOCK_SHARE = 0.2
_CONTENT_LEFT_OUT = text_part(
    "(The content was left out of this request, which would get too large.)"
)
_FOLLOWS = text_part("(The file follows in the next message.)")
_EARLIER_LEFT_OUT = text_part(
    "(Earlier messages of this conversation were left out: it is too long.)"
)


class RequestTrimmer:
    """The input filter of one run. `last_input` is the input of the latest request, with labels.

    `last_tokens` is the estimate of its tokens, before the correction by `token_factor`; `requests`
    counts the requests.

    `labels` knows the parts that the converter and the tool calls of the run have written. With
    `references`, the bytes of files are replaced by the ids of files at the provider.
    """

    def __init__(
        self,
        budget: Budget,
        model_api: ModelApi,
        labels: LabelTable,
        references: References | None = None,
    ) -> None:
        self._budget = budget
        self._references = references
        self._tools_return_text = model_api == "chat_completions"
        self._labels = labels
        self.last_input: list[Item] = []
        self.last_tokens = 0
        self.requests = 0

    async def __call__(self, data: CallModelData[AgentContext[RequestContext]]) -> ModelInputData:
        self.requests += 1
        items = pair_tool_calls(cast(list[Item], data.model_data.input))
        items = [self._labels.restored(item) for item in items]
        if self._tools_return_text:
            items = _move_files_out_of_outputs(items)
        self.last_input = await with_files(
            trimmed(items, self._budget), self._budget, self._references
        )
        self.last_tokens = cost_of_items(self.last_input).tokens
        instructions = data.model_data.instructions
        return ModelInputData(
            input=cast(list[TResponseInputItem], self.last_input),
            # Every agent needs the rules, also an operator's own.
            instructions=f"{instructions}\n\n{RULES}" if instructions else RULES,
        )


async def with_files(
    items: Sequence[Item], budget: Budget, references: References | None
) -> list[Item]:
    """Return trimmed items with ids of files at the provider, if there are `references`.

    Files that can't be uploaded are sent whole. They take up more then, so content may be left out.
    """
    if references is None:
        return list(items)
    return trimmed(await references.uploaded(items), budget)


def trimmed(items: Sequence[Item], budget: Budget) -> list[Item]:
    """Return the items with content left out, the oldest first, until the budget holds them."""
    if cost_of_items(items).is_within(budget.limit):
        return list(items)
    light = [with_parts(item, [_lightened(part) for part in parts_of(item)]) for item in items]
    room = budget.limit - cost_of_items(light)
    kept: list[Item] = []
    for item, lightened in zip(reversed(items), reversed(light), strict=True):
        parts, room = _newest_parts(parts_of(item), parts_of(lightened), room)
        kept.append(with_parts(item, parts))
    return _newest_messages(kept[::-1], budget.limit)


def _newest_parts(parts: list[Part], light: list[Part], room: Cost) -> tuple[list[Part], Cost]:
    """Return the parts, from the last on, for which there is room; for the others the light ones.

    The second value is the room that is left.
    """
    chosen = list(light)
    for i, part in reversed(list(enumerate(parts))):
        added = cost_of_part(part) - cost_of_part(light[i])
        if added.is_within(room):
            chosen[i] = part
            room -= added
    return chosen, room


def _newest_messages(items: list[Item], limit: Cost) -> list[Item]:
    """Leave out whole messages from the start if the items are too long even without files.

    They are left out in blocks of a fifth of the limit, measured from the first message. So the
    next turns leave out the same messages, and begin as this one does.
    """
    left = [cost_of_item(item) + Cost(1) for item in items]
    total = sum(left, Cost(2))
    if total.is_within(limit):
        return items
    first, spent = 0, Cost()
    block = before = 0
    # The newest message is sent in any case.
    while first < len(items) - 1 and not (total.is_within(limit) and block != before):
        spent, total = spent + left[first], total - left[first]
        first, before, block = first + 1, block, int(spent.share_of(limit) / _BLOCK_SHARE)
    return [_user_message([_EARLIER_LEFT_OUT]), *pair_tool_calls(items[first:])]


def _lightened(part: Part) -> Part:
    """Return the part that replaces a part whose content is left out, or a light part itself."""
    label = label_of(part)
    if part["type"] in ("input_image", "input_file"):
        return left_out(label) if label else _CONTENT_LEFT_OUT
    if label and label.has_content and json_bytes(part) >= _HEAVY_BYTES:
        return left_out(label)
    return part


def _user_message(parts: list[Part]) -> Item:
    return {"type": "message", "role": "user", "content": parts}


def _move_files_out_of_outputs(items: Sequence[Item]) -> list[Item]:
    """Move files from tool outputs into user messages: Chat Completions takes only text there."""
    moved: list[Item] = []
    waiting: list[Part] = []
    for item in items:
        is_output = item.get("type") == "function_call_output"
        if waiting and not is_output:
            moved.append(_user_message(waiting))
            waiting = []
        parts = parts_of(item)
        files = [part for part in parts if part["type"] != "input_text"]
        if is_output and files:
            texts = [part for part in parts if part["type"] == "input_text"]
            waiting += [*texts, *files]
            item = with_parts(item, [*texts, _FOLLOWS])
        moved.append(item)
    if waiting:
        moved.append(_user_message(waiting))
    return moved
