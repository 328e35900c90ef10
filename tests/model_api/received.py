"""One request as it arrived, for tests to look into."""

from dataclasses import dataclass, field
from typing import Any

from tests.model_api.rejections import Rejection

Json = dict[str, Any]


@dataclass
class Received:
    """`body` is its JSON, or the fields of its form; `length` is the body's, in bytes."""

    path: str
    body: Json
    length: int
    headers: dict[str, str]
    rejection: Rejection | None = field(default=None)

    def parts(self) -> list[Json]:
        """Every content part but the instructions, in order, whichever API it is."""
        items = self.body.get("input") or self.body.get("messages") or []
        if isinstance(items, str):
            return [{"type": "text", "text": items}]
        found: list[Json] = []
        for item in items:
            if item.get("role") == "system":
                continue
            content = item.get("output") or item.get("content") or []
            if isinstance(content, str):
                content = [{"type": "text", "text": content}]
            found += content
        return found

    def texts(self) -> str:
        return "\n".join(part["text"] for part in self.parts() if "text" in part)
