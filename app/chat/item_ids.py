"""Gives a new id to every item that a model produces.

Chat completions models call every item `__fake_id__` (`agents.models.fake_id`), and some providers
number the items of every response from 1. Such items would overwrite each other in the store.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from agents import RunResultStreaming, StreamEvent
from agents.items import ToolCallItem
from agents.stream_events import RawResponsesStreamEvent, RunItemStreamEvent
from chatkit.store import StoreItemType
from pydantic import BaseModel

NewId = Callable[[StoreItemType], str]

# A generated image becomes an attachment with the same id.
_NEW_IDS: dict[str, StoreItemType] = {"message": "message", "image_generation_call": "attachment"}


class RenamedRun:
    """A streamed run whose items have new ids, for use in `stream_agent_response`.

    An item is identified by its old id and its place in the response. Its new id is used until
    another item with the same old id is added at that place.
    """

    def __init__(self, run: RunResultStreaming, new_id: NewId) -> None:
        self._run = run
        self._new_id = new_id
        self._renamed: dict[tuple[str, int], str] = {}

    async def stream_events(self) -> AsyncIterator[StreamEvent]:
        async for event in self._run.stream_events():
            if isinstance(event, RawResponsesStreamEvent):
                event = RawResponsesStreamEvent(data=self._rename(event.data))
            elif isinstance(event, RunItemStreamEvent) and isinstance(event.item, ToolCallItem):
                event = replace(event, item=self._renamed_call(event.item))
            yield event

    def _rename(self, event: Any) -> Any:  # a union of some fifty event types
        if event.type == "response.output_item.added":
            new_id = self._new_id(_NEW_IDS.get(event.item.type, "tool_call"))
            self._renamed[str(event.item.id), event.output_index] = new_id
            return event.model_copy(update={"item": self._item(event)})
        if event.type == "response.output_item.done":
            return event.model_copy(update={"item": self._item(event)})
        changed: dict[str, object] = {}
        place = (getattr(event, "item_id", None) or "", getattr(event, "output_index", -1))
        if renamed := self._renamed.get(place):
            changed["item_id"] = renamed
        if isinstance(annotation := getattr(event, "annotation", None), BaseModel):
            # openai has a class of its own for annotations in this event. ChatKit accepts only the
            # classes of annotations in finished texts, but it parses plain fields.
            changed["annotation"] = annotation.model_dump()
        return event.model_copy(update=changed) if changed else event

    def _item(self, event: Any) -> Any:
        renamed = self._renamed.get((str(event.item.id), event.output_index))
        return event.item.model_copy(update={"id": renamed}) if renamed else event.item

    def _renamed_call(self, item: ToolCallItem) -> ToolCallItem:
        """Return a copy with a new id, which ChatKit gives to the item of a client tool call.

        The run's own item keeps the provider's id, because it is sent back to the provider.
        """
        raw = item.raw_item
        if getattr(raw, "type", None) != "function_call" or isinstance(raw, dict):
            return item
        return replace(item, raw_item=raw.model_copy(update={"id": self._new_id("tool_call")}))
