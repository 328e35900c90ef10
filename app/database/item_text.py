"""The text of a thread's item that a search finds and shows."""

from chatkit.types import AssistantMessageItem, ThreadItem, UserMessageItem


def item_text(item: ThreadItem) -> str:
    """Return what was said, and the names of its files; nothing for other items than messages."""
    if isinstance(item, UserMessageItem):
        said = "".join(part.text for part in item.content)
        return "\n".join([said, *(attachment.name for attachment in item.attachments)])
    if isinstance(item, AssistantMessageItem):
        return "\n".join(part.text for part in item.content)
    return ""
