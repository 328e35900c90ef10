"""What a person typed, as one text: an @-mention in it is its name."""

from chatkit.types import UserMessageItem


def typed_text(message: UserMessageItem) -> str:
    return "".join(
        part.text if part.type == "input_text" else f"@{part.text}" for part in message.content
    )
