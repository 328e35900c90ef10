"""How an upload becomes a POST form of the bucket's: what goes in front of its bytes, and behind.

The upload is never parsed. A multipart body gets the form's other fields in front of it under its
own boundary; raw bytes are wrapped in one part. Pure: no I/O.

Sources: RFC 2046 §5.1.1 (boundaries), RFC 7578 (forms),
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html (field order).
"""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import AttachmentTooLarge, InvalidRequest, LinkRefused, UploadMismatch
from app.file_types.table import plain_type

# RFC 2046: 1 to 70 of these, and no space at the end.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")

# Where the header means something else, by a quoted parameter with this text in it, its sender's
# form is refused: the bucket is told the boundary that was found, and in a header of our own.
_BOUNDARY_PARAMETER = re.compile(
    r';[ \t]*boundary=(?:"([^"]*)"|([^";]*?))[ \t]*(?:;|$)', re.IGNORECASE
)

# The least a client can say about its one part, without any optional space or line.
_SHORTEST_PART_HEAD = len("Content-Disposition:form-data;name=file\r\n\r\n")
# The most we let it say: a name of 5,000 emoji, escaped in two forms, fits.
_LONGEST_OVERHEAD_BYTES = 96 * 1024

_SIGNATURE = "x-amz-signature"


@dataclass(frozen=True, slots=True)
class Framed:
    """A form around a body: `prefix`, then the request's body, then `suffix`."""

    content_type: str
    content_length: int
    prefix: bytes
    suffix: bytes


def frame(fields: Mapping[str, str], *, content_type: str, content_length: int) -> Framed:
    """Frame a request's body, of the announced type and length, with the presigned `fields`.

    Raises `UploadMismatch` or `AttachmentTooLarge` when a body of that length can't hold a file
    of the size that the policy demands, `InvalidRequest` for an unusable boundary, `LinkRefused`
    for fields that are no presigned POST.
    """
    size = _policy_size(fields)
    boundary = multipart_boundary(content_type)
    if boundary is None:
        _check_announced(content_length, size, size, size)
        boundary = secrets.token_hex(16)
        part_head = _part_head(fields, boundary)
        suffix = f"\r\n--{boundary}--\r\n".encode()
    else:
        # "--boundary CRLF", the part's head, the file, "CRLF --boundary--".
        overhead = len(f"--{boundary}\r\n\r\n--{boundary}--") + _SHORTEST_PART_HEAD
        longest = size + _LONGEST_OVERHEAD_BYTES
        _check_announced(content_length, size + overhead, longest, size)
        part_head = suffix = b""
    prefix = _fields_prefix(fields, boundary) + part_head
    return Framed(
        content_type=f'multipart/form-data; boundary="{boundary}"',
        content_length=len(prefix) + content_length + len(suffix),
        prefix=prefix,
        suffix=suffix,
    )


def frame_opened(fields: Mapping[str, str], *, boundary: str, content_length: int) -> Framed:
    """Frame what is left of a form whose first part's head was taken off: content and closing.

    `content_length` is what is left; `boundary` is the form's own. The head that the client sent
    is replaced by one of ours: the store gets to see nothing of it. Raises `LinkRefused`.
    """
    prefix = _fields_prefix(fields, boundary) + _part_head(fields, boundary)
    return Framed(
        content_type=f'multipart/form-data; boundary="{boundary}"',
        content_length=len(prefix) + content_length,
        prefix=prefix,
        suffix=b"",
    )


def multipart_boundary(content_type: str) -> str | None:
    """The boundary, quoted or not, of a multipart form; None for any other type.

    Raises `InvalidRequest` for a form without a boundary that RFC 2046 allows.
    """
    if plain_type(content_type) != "multipart/form-data":
        return None
    found = _BOUNDARY_PARAMETER.search(content_type)
    boundary = (found[1] or found[2] or "") if found else ""
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidRequest("The upload's Content-Type has no valid boundary.")
    return boundary


def _fields_prefix(fields: Mapping[str, str], boundary: str) -> bytes:
    """All fields, each a part. No value can end its part: a CRLF in one is refused.

    The signature comes last, so that anything a client puts between the fields and its own first
    boundary becomes part of the signature and spoils it.
    """
    names = sorted(fields, key=lambda name: name == _SIGNATURE)
    if any("\r" in text or "\n" in text for pair in fields.items() for text in pair):
        raise LinkRefused
    return "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n'
        for name in names
    ).encode()


def _part_head(fields: Mapping[str, str], boundary: str) -> bytes:
    part_type = fields.get("Content-Type", "application/octet-stream")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
    return f"{head}Content-Type: {part_type}\r\n\r\n".encode()


def _policy_size(fields: Mapping[str, str]) -> int:
    """The exact size, in bytes, that the policy demands."""
    try:
        conditions = json.loads(base64.b64decode(fields["policy"], validate=True))["conditions"]
        lists = [condition for condition in conditions if isinstance(condition, list)]
        ((_, smallest, largest),) = [c for c in lists if c[0] == "content-length-range"]
    except (KeyError, IndexError, TypeError, ValueError) as exc:
        raise LinkRefused from exc
    if not isinstance(smallest, int) or smallest != largest:
        raise LinkRefused
    return smallest


def _check_announced(length: int, shortest: int, longest: int, size: int) -> None:
    if length < shortest:
        raise UploadMismatch(f"The upload is shorter than the {size:,} bytes announced for it.")
    if length > longest:
        raise AttachmentTooLarge(f"The upload is larger than the {size:,} bytes announced for it.")
