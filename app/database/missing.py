"""The errors for ids that the user has no row for, whether or not another user has one."""

from app.errors import NotFound


def no_thread(thread_id: str) -> NotFound:
    return NotFound(f"There is no thread {thread_id!r}.", param="thread_id")


def no_item(item_id: str) -> NotFound:
    return NotFound(f"There is no item {item_id!r} in this thread.", param="item_id")


def no_attachment(attachment_id: str) -> NotFound:
    return NotFound(f"There is no attachment {attachment_id!r}.", param="attachment_id")


def no_such_file(attachment_id: str) -> NotFound:
    """Return the error for an attachment that a message names."""
    return NotFound(
        f"There is no attachment {attachment_id!r}. Attach the file again.", param="attachments"
    )
