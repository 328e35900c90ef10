"""Gives every item a model produces an id of ours.

Chat-completions models call every item `__fake_id__` (`agents.models.fake_id`), and some providers
number theirs from 1 in every response: such items would overwrite each other in the store.
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


class RenamedRun:
    """A streamed run whose items carry new ids; takes the run's place in `stream_agent_response`.

    An id counts from the event that adds an item until the one that adds the next under that id.
    `rejection` is set if the stream ended with the provider's rejection of a file.
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
            is_message = event.item.type == "message"
            self._renamed[item_id] = self._new_id("message" if is_message else "tool_call")
            return event.model_copy(update={"item": self._item(event.item)})
        if event.type == "response.output_item.done":
            return event.model_copy(update={"item": self._item(event.item)})
        changed: dict[str, object] = {}
        if renamed := self._renamed.get(getattr(event, "item_id", None) or ""):
            changed["item_id"] = renamed
        if isinstance(annotation := getattr(event, "annotation", None), BaseModel):
            # openai types it as a class of this event alone, and ChatKit rejects instances of any
            # class but those of a finished text's annotations. It parses the plain fields.
            changed["annotation"] = annotation.model_dump()
        return event.model_copy(update=changed) if changed else event

    def _item(self, item: Any) -> Any:
        renamed = self._renamed.get(str(item.id))
        return item.model_copy(update={"id": renamed}) if renamed else item

    def _renamed_call(self, item: ToolCallItem) -> ToolCallItem:
        """A copy for `stream_agent_response`, which takes a client tool call's item id from it.

        The run's own item is left alone: its id goes back to the provider, who expects its own.
        """
        raw = item.raw_item
        if getattr(raw, "type", None) != "function_call" or isinstance(raw, dict):
            return item
        return replace(item, raw_item=raw.model_copy(update={"id": self._new_id("tool_call")}))
