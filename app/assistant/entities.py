"""What an @-mention can stand for beside files and chats: the entities of an assistant."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that can be mentioned (chatkit-js: `Entity`).

    `id` must not be that of a file or a chat: begin it with a word of your own, like `station_`.
    `icon` is one of ChatKit's. `data` comes back with each message and with a click, from a client
    that nobody checks. With `interactive`, the page asks for a preview when the mouse is over it.
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
