"""The one table of file types, and the rule that finds the row of a file.

What may be attached, how content is checked, what has a preview, what the model gets, what the
page's file picker offers and docs/model-input.md are all derived from these rows. To support a
type, add a row; `python -m tools.file_types_reference` then renews the documentation.
"""

from dataclasses import replace

from app.file_types.archives import ARCHIVES
from app.file_types.code import CODE
from app.file_types.file_type import Delivery, Family, FileType, Signature
from app.file_types.images import IMAGES
from app.file_types.office import DOCUMENTS, MAIL, PRESENTATIONS, SPREADSHEETS
from app.file_types.recordings import RECORDINGS
from app.file_types.text import TEXTS
from app.file_types.unread import UNREAD

FILE_TYPES = (
    *IMAGES,
    *DOCUMENTS,
    *SPREADSHEETS,
    *PRESENTATIONS,
    *TEXTS,
    *CODE,
    *MAIL,
    *ARCHIVES,
    *RECORDINGS,
    *UNREAD,
)

# The only types that browsers are allowed to show; all others are downloaded.
INLINE_MIME_TYPES = frozenset(each.mime_type for each in FILE_TYPES if each.is_inline)

UNKNOWN = FileType("application/octet-stream", (), Family.OTHER, Delivery.NOTHING)
# A type that is text by RFC 2046 (text/*) or by its structured syntax (RFC 6839).
UNKNOWN_TEXT = FileType("text/plain", (), Family.TEXT, Delivery.TEXT, (Signature.TEXT,))

TEXT_SYNTAXES = ("+xml", "+json", "+yaml")
# Types that only name a syntax or a container. A suffix may name the format that uses it.
_SYNTAXES = {"application/xml": "+xml", "application/json": "+json"}
_CONTAINERS = {"text/plain": Signature.TEXT, "application/zip": Signature.ZIP}

_BY_MIME_TYPE = {name: each for each in FILE_TYPES for name in (each.mime_type, *each.aliases)}
_BY_SUFFIX = {suffix: each for each in FILE_TYPES for suffix in each.suffixes}


def plain_type(mime_type: str) -> str:
    """Return a MIME type in lower case and without its parameters (RFC 9110, 8.3.1)."""
    return mime_type.partition(";")[0].strip().lower()


def resolve(name: str, declared: str) -> FileType:
    """Return the row of a file called `name` that is declared as the MIME type `declared`.

    The suffix decides if the declared type
    - is often declared for this suffix by mistake (`mistaken_for`),
    - names only the container or the syntax of the suffix's type, or
    - does not reach the model, is not of `Family.OTHER`, and the suffix's type reaches the model.

    Otherwise the declared type decides if the table has it or if it is text: `UNKNOWN_TEXT` with
    that type. For any other declared type the suffix decides, because browsers declare no type or a
    wrong one for suffixes that the system does not know. If the suffix is unknown too, the row is
    `UNKNOWN` with the declared type.
    """
    mime_type = plain_type(declared)
    by_type = of_type(mime_type)
    by_name = of_name(name)
    if by_name is not None and _is_mistaken(mime_type, by_type, by_name):
        return by_name
    if by_type is not None:
        return by_type
    if mime_type.startswith("text/") or mime_type.endswith(TEXT_SYNTAXES):
        return replace(UNKNOWN_TEXT, mime_type=mime_type)
    if by_name is not None:
        return by_name
    return replace(UNKNOWN, mime_type=mime_type or UNKNOWN.mime_type)


def of_type(mime_type: str) -> FileType | None:
    """Return the row that has this MIME type, in lower case, as its own or as an alias."""
    return _BY_MIME_TYPE.get(mime_type)


def container(found: str | None) -> str | None:
    """Return the type of a zip archive if files of the type `found` are such archives.

    Return `found` itself if they are not.
    """
    row = of_type(found or "")
    return Signature.ZIP if row is not None and Signature.ZIP in row.signatures else found


def of_name(name: str) -> FileType | None:
    """Return the row for a file's name alone: for the whole name, or else for its suffix."""
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    _, *parts = base.split(".")
    suffixes = [f".{'.'.join(parts[-count:])}" for count in (2, 1) if len(parts) >= count]
    return next((_BY_SUFFIX[each] for each in (base, *suffixes) if each in _BY_SUFFIX), None)


def _is_mistaken(mime_type: str, by_type: FileType | None, by_name: FileType) -> bool:
    """Return whether the suffix decides and not the declared type: see `resolve`."""
    if mime_type in by_name.mistaken_for:
        return True
    if by_type is None:
        return False
    if by_type.family is Family.OTHER:
        return False  # programs and databases are not declared by mistake
    if by_name.reaches_model and not by_type.reaches_model:
        return True
    syntax = _SYNTAXES.get(by_type.mime_type)
    return (
        by_type.mime_type in by_name.mistaken_for
        or _CONTAINERS.get(by_type.mime_type) in by_name.signatures
        or (syntax is not None and by_name.mime_type.endswith(syntax))
    )
