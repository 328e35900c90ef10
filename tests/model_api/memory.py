"""What the API remembers of its responses: which items it made, and which of them it kept."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Memory:
    """Items by id. With `store: false` a response and its items are not kept."""

    responses: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    reasoned: dict[str, str] = field(default_factory=dict)
    """The reasoning item that a made item followed, by that item's id."""

    def keep(self, request: Json, response_id: str, output: list[Json]) -> None:
        """Remember a response; `store` is true by default (`CreateResponse.store`)."""
        reasoning = None
        for item in output:
            if item["type"] == "reasoning":
                reasoning = item["id"]
            elif reasoning:
                self.reasoned[item["id"]] = reasoning
            else:
                self.reasoned.pop(item["id"], None)
        if request.get("store") is not False:
            self.responses.add(response_id)
            self.items.update(item["id"] for item in output)
