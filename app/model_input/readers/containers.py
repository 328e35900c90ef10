"""Finds a member by its name in any file that contains others. Runs in worker processes."""

from app.model_input.readers import archives, mail, outlook
from app.model_input.readers.members import Member
from app.model_input.readers.unreadable import Unreadable

# The member of a page or notebook that is its source instead of its text as Markdown.
SOURCE = "source"
CONVERTED_TYPES = ("text/html", "application/xhtml+xml", "application/x-ipynb+json")


def member(body: bytes, mime_type: str, name: str) -> Member | Unreadable:
    """Return the member called `name` of a file of this type."""
    match mime_type:
        case "message/rfc822":
            found: Member | Unreadable | None = mail.member(body, name)
        case "application/vnd.ms-outlook":
            found = outlook.member(body, name)
        case _ if mime_type in CONVERTED_TYPES:
            found = Member(name, "text/plain", body) if name == SOURCE else None
        case _:
            found = archives.member(body, name)
    return found or Unreadable(f"there is no {name!r} in it")
