"""The user's turns in a model's input, with the attachments and mentions of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from agents.items import TResponseInputItem

from app.model_input.announcements import text_part
from app.model_input.input_items import Item, Part, parts_of
from app.model_input.labels import Label, label_of


@dataclass(slots=True)
class Received:
    """One attachment or mention. `content` is its image or file, if the input has that."""

    label: Label
    content: Part | None = None


@dataclass(slots=True)
class Turn:
    """What the user sent between two answers. `typed` has the texts that are not attachments."""

    typed: list[str] = field(default_factory=list)
    attachments: list[Received] = field(default_factory=list)
    mentions: list[Received] = field(default_factory=list)


def turns_of(input: str | Sequence[TResponseInputItem]) -> list[Turn]:
    """Return the user's turns, oldest first: consecutive user messages are one turn."""
    if isinstance(input, str):
        return [Turn(typed=[input])]
    turns: list[Turn] = []
    in_turn = False
    for item in cast(Sequence[Item], input):
        if item.get("role") != "user":
            in_turn = False
            continue
        if not in_turn:
            turns.append(Turn())
        in_turn = True
        _read_message(item, turns[-1])
    return turns


def _read_message(message: Item, turn: Turn) -> None:
    content = message.get("content")
    parts = [text_part(content)] if isinstance(content, str) else parts_of(message)
    for part in parts:
        label = label_of(part)
        if label is None:
            if part.get("type") == "input_text":
                turn.typed.append(str(part.get("text", "")))
        elif label.holds == "mention":
            turn.mentions.append(Received(label))
        elif label.holds == "content" and turn.attachments:
            # The announcement came before. In a trimmed request, a note has replaced the content.
            turn.attachments[-1] = Received(label, None if "text" in part else part)
        else:
            turn.attachments.append(Received(label))
