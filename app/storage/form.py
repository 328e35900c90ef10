"""Frames an upload as a POST form of S3: computes what goes in front of its bytes and behind them.

The upload is never parsed. A multipart body gets the signed fields in front of it, under its own
boundary; raw bytes become one part. Pure: no I/O.

Sources: RFC 2046 §5.1.1 (boundaries), RFC 7578 (forms),
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html (field order).
"""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import AttachmentTooLarge, InvalidRequest, LinkInvalid, UploadMismatch
from app.file_types.table import plain_type

# RFC 2046: 1 to 70 of these characters, without a space at the end.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")

# If a header has this text inside another quoted parameter, the match is not its boundary. That is
# harmless: the bucket gets a header of ours with the match, and rejects a form that differs.
_BOUNDARY_PARAMETER = re.compile(
    r';[ \t]*boundary=(?:"([^"]*)"|([^";]*?))[ \t]*(?:;|$)', re.IGNORECASE
)

# The shortest head of a part, without any optional space or line.
_SHORTEST_PART_HEAD = len("Content-Disposition:form-data;name=file\r\n\r\n")
# The longest head that is accepted: a name of 5,000 emoji, escaped in two forms, fits.
_LONGEST_OVERHEAD_BYTES = 96 * 1024

_SIGNATURE = "x-amz-signature"


@dataclass(frozen=True, slots=True)
class Framed:
    """A form: `prefix`, then the body of the request, then `suffix`."""

    content_type: str
    content_length: int
    prefix: bytes
    suffix: bytes


def frame(fields: Mapping[str, str], *, content_type: str, content_length: int) -> Framed:
    """Frame a request's body, of the announced type and length, with the presigned `fields`.

    Raises `UploadMismatch` or `AttachmentTooLarge` if a body of that length can't hold a file of
    the size that the policy demands, `InvalidRequest` for an invalid boundary, and `LinkInvalid`
    for fields that are not a presigned POST.
    """
    size = _policy_size(fields)
    boundary = multipart_boundary(content_type)
    if boundary is None:
        check_announced(content_length, size, size, size)
        boundary = secrets.token_hex(16)
        part_head = _part_head(fields, boundary)
        suffix = f"\r\n--{boundary}--\r\n".encode()
    else:
        check_form_length(content_length, size, boundary)
        part_head = suffix = b""
    prefix = _fields_prefix(fields, boundary) + part_head
    return Framed(
        content_type=f'multipart/form-data; boundary="{boundary}"',
        content_length=len(prefix) + content_length + len(suffix),
        prefix=prefix,
        suffix=suffix,
    )


def frame_opened(fields: Mapping[str, str], *, boundary: str, content_length: int) -> Framed:
    """Frame the rest of a form whose first part's head was read already: content and closing.

    `content_length` is the number of bytes left, `boundary` the form's own. The store gets a head
    of ours in place of the client's. Raises `LinkInvalid`.
    """
    prefix = _fields_prefix(fields, boundary) + _part_head(fields, boundary)
    return Framed(
        content_type=f'multipart/form-data; boundary="{boundary}"',
        content_length=len(prefix) + content_length,
        prefix=prefix,
        suffix=b"",
    )


def form_without_file(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a form with the fields alone, and its boundary."""
    boundary = secrets.token_hex(16)
    return _fields_prefix(fields, boundary) + f"--{boundary}--\r\n".encode(), boundary


def multipart_boundary(content_type: str) -> str | None:
    """Return the boundary of a multipart form, without its quotes; None for any other type.

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
    """Return all fields, each as a part. Raises `LinkInvalid` for one with a line break in it.

    The signature comes last: if a client puts anything between the fields and its own first
    boundary, that becomes part of the signature and makes it invalid.
    """
    names = sorted(fields, key=lambda name: name == _SIGNATURE)
    if any("\r" in text or "\n" in text for pair in fields.items() for text in pair):
        raise LinkInvalid
    return "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n'
        for name in names
    ).encode()


def _part_head(fields: Mapping[str, str], boundary: str) -> bytes:
    part_type = fields.get("Content-Type", "application/octet-stream")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'
    return f"{head}Content-Type: {part_type}\r\n\r\n".encode()


def _policy_size(fields: Mapping[str, str]) -> int:
    """Return the exact size, in bytes, that the policy demands. Raises `LinkInvalid`."""
    try:
        conditions = json.loads(base64.b64decode(fields["policy"], validate=True))["conditions"]
        lists = [condition for condition in conditions if isinstance(condition, list)]
        ((_, smallest, largest),) = [c for c in lists if c[0] == "content-length-range"]
    except (KeyError, IndexError, TypeError, ValueError) as exc:
        raise LinkInvalid from exc
    if not isinstance(smallest, int) or smallest != largest:
        raise LinkInvalid
    return smallest


def check_form_length(length: int, size: int, boundary: str) -> None:
    """Check that a form of `length` bytes can have a file of `size`: see `check_announced`."""
    # "--boundary CRLF", the part's head, the file, "CRLF --boundary--".
    overhead = len(f"--{boundary}\r\n\r\n--{boundary}--") + _SHORTEST_PART_HEAD
    check_announced(length, size + overhead, size + _LONGEST_OVERHEAD_BYTES, size)


def check_announced(length: int, shortest: int, longest: int, size: int) -> None:
    """Check that `length` is from `shortest` to `longest`, as a file of `size` bytes demands.

    Raises `UploadMismatch` or `AttachmentTooLarge`.
    """
    announced = f"the {size:,} bytes announced for it. Attach the file again."
    if length < shortest:
        raise UploadMismatch(f"The upload is shorter than {announced}")
    if length > longest:
        raise AttachmentTooLarge(f"The upload is longer than {announced}")
