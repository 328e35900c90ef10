"""Entities: what a person can mention with @ besides files and chats."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that can be mentioned (chatkit-js: `Entity`).

    `id` must differ from the ids of files and chats: give it a prefix of its own, like `station_`.
    `icon` is one of ChatKit's. The client sends `data` back with each message and click, and may
    have changed it. With `interactive`, the page asks for a preview when the mouse is over it.
    """

    id: str
    title: str
    group: str
    icon: str = "compass"
    interactive: bool = True
    data: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> dict[str, object]:
        """Return the entity as JSON."""
        return {
            "id": self.id,
            "title": self.title,
            "icon": self.icon,
            "group": self.group,
            "interactive": self.interactive,
            "data": dict(self.data),
        }
