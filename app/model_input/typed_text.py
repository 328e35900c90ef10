"""The text that a person typed."""

from chatkit.types import UserMessageItem


def typed_text(message: UserMessageItem) -> str:
    """Return the text of a message; an @-mention in it is its name."""
    return "".join(
        part.text if part.type == "input_text" else f"@{part.text}" for part in message.content
    )
