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

from app.chat.rejections import Rejection, rejection_in_stream

NewId = Callable[[StoreItemType], str]

# A generated image becomes an attachment, and its id that of the attachment.
_NEW_IDS: dict[str, StoreItemType] = {"message": "message", "image_generation_call": "attachment"}


class RenamedRun:
    """A streamed run whose items have new ids, for use in `stream_agent_response`.

    A new id is used for an item until another item with the same old id is added. `rejection` is
    set if the stream ended because the provider rejected a file.
    """

    def __init__(self, run: RunResultStreaming, new_id: NewId) -> None:
        self._run = run
        self._new_id = new_id
        self._renamed: dict[str, str] = {}
        self.rejection: Rejection | None = None

    async def stream_events(self) -> AsyncIterator[StreamEvent]:
        async for event in self._run.stream_events():
            if isinstance(event, RawResponsesStreamEvent):
                self.rejection = rejection_in_stream(event.data) or self.rejection
                event = RawResponsesStreamEvent(data=self._rename(event.data))
            elif isinstance(event, RunItemStreamEvent) and isinstance(event.item, ToolCallItem):
                event = replace(event, item=self._renamed_call(event.item))
            yield event

    def _rename(self, event: Any) -> Any:  # a union of some fifty event types
        if event.type == "response.output_item.added":
            item_id = str(event.item.id)
            self._renamed[item_id] = self._new_id(_NEW_IDS.get(event.item.type, "tool_call"))
            return event.model_copy(update={"item": self._item(event.item)})
        if event.type == "response.output_item.done":
            return event.model_copy(update={"item": self._item(event.item)})
        changed: dict[str, object] = {}
        if renamed := self._renamed.get(getattr(event, "item_id", None) or ""):
            changed["item_id"] = renamed
        if isinstance(annotation := getattr(event, "annotation", None), BaseModel):
            # openai has a class of its own for annotations in this event. ChatKit accepts only the
            # classes of annotations in finished texts, but it parses plain fields.
            changed["annotation"] = annotation.model_dump()
        return event.model_copy(update=changed) if changed else event

    def _item(self, item: Any) -> Any:
        renamed = self._renamed.get(str(item.id))
        return item.model_copy(update={"id": renamed}) if renamed else item

    def _renamed_call(self, item: ToolCallItem) -> ToolCallItem:
        """Return a copy: `stream_agent_response` takes the id of a client tool call's item from it.

        The run's own item keeps its id. It is sent back to the provider, which expects its own id.
        """
        raw = item.raw_item
        if getattr(raw, "type", None) != "function_call" or isinstance(raw, dict):
            return item
        return replace(item, raw_item=raw.model_copy(update={"id": self._new_id("tool_call")}))
