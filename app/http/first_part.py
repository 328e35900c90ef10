"""Reads the head of a form's first part while the rest of the body is still arriving.

Sources: RFC 7578 (forms), RFC 2046 §5.1 (parts), RFC 2231 and RFC 5987 (names outside of ASCII),
https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from app.errors import InvalidRequest

# A name of 1,000 emoji, escaped in both forms, takes 16 KB.
MAX_HEAD_BYTES = 32 * 1024

_PARAMETER = re.compile(
    r";[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*" r'("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL
)
_SECTION = re.compile(r"filename\*(?:(\d{1,3})(\*)?)?")
_ONE_FILE = "The upload has to be a form with one field, 'file', that holds a file."


@dataclass(frozen=True, slots=True)
class PartHead:
    """The headers of a part. `length` is the number of bytes before its content.

    `file_name` is None if the field has no file; `mime_type` is empty if the part states none.
    """

    field: str
    file_name: str | None
    mime_type: str
    length: int


async def take_first_part(
    body: AsyncIterator[bytes], boundary: str
) -> tuple[PartHead, AsyncIterator[bytes]]:
    """Return the head of the first part, and the rest of the body as it arrives.

    Raises `InvalidRequest` if the body is not a form, or its first header block is unterminated.
    """
    opening = re.compile(rb"(?:\r\n)?--" + re.escape(boundary.encode()) + rb"[ \t]*\r\n")
    taken = b""
    async for chunk in body:
        taken += chunk
        end = taken.find(b"\r\n\r\n")
        if end >= 0:
            opened = opening.match(taken)
            # The head of a part without headers ends with the line of the boundary.
            if opened is None or opened.end() > end + 2:
                break
            lines = taken[opened.end() : end]
            return _part_head(lines, end + 4), _following(taken[end + 4 :], body)
        if len(taken) > MAX_HEAD_BYTES:
            break
    raise InvalidRequest(_ONE_FILE, param="file")


def file_name_of(disposition: str) -> str | None:
    """Return the file's name from a Content-Disposition, in any of its forms.

    `filename*` (RFC 5987) has precedence, also in sections (RFC 2231). Else it is `filename`, as
    browsers write it (raw UTF-8 with %22, %0D and %0A) or as curl and RFC 2616 do (backslashes).
    """
    parameters = _parameters(disposition)
    extended = _extended(parameters)
    if extended is not None:
        return extended
    plain = parameters.get("filename")
    if plain is None:
        return None
    for escaped, character in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        plain = re.sub(escaped, character, plain, flags=re.IGNORECASE)
    return plain


async def _following(first: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in body:
        yield chunk


def _part_head(lines: bytes, length: int) -> PartHead:
    headers: dict[str, str] = {}
    for line in re.sub(r"\r\n[ \t]+", " ", _decoded(lines)).split("\r\n"):
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    disposition = headers.get("content-disposition", "")
    if disposition.partition(";")[0].strip().lower() != "form-data":
        raise InvalidRequest(_ONE_FILE, param="file")
    return PartHead(
        field=_parameters(disposition).get("name", ""),
        file_name=file_name_of(disposition),
        mime_type=headers.get("content-type", ""),
        length=length,
    )


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _parameters(disposition: str) -> dict[str, str]:
    """Return the parameters by lower-case name, without quotes. The first of equal names counts."""
    found: dict[str, str] = {}
    for name, value in _PARAMETER.findall(disposition):
        text = value.strip()
        if len(text) > 1 and text[0] == text[-1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        found.setdefault(name.lower(), text)
    return found


def _extended(parameters: Mapping[str, str]) -> str | None:
    """Decode `filename*=charset'language'percent-encoded`, whole or in numbered sections."""
    sections: dict[int, tuple[str, bool]] = {}
    for name, value in parameters.items():
        section = _SECTION.fullmatch(name)
        if section:
            whole = section[1] is None
            sections[0 if whole else int(section[1])] = (value, whole or section[2] is not None)
    if 0 not in sections:
        return None
    first, is_encoded = sections[0]
    charset = "utf-8"
    if is_encoded and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    encoded = unquote_to_bytes(first) if is_encoded else first.encode()
    for number in range(1, len(sections)):
        if number not in sections:
            break
        value, is_encoded = sections[number]
        encoded += unquote_to_bytes(value) if is_encoded else value.encode()
    try:
        return encoded.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        # There is no such charset, or it is one that decodes nothing, such as "undefined".
        return encoded.decode("utf-8", "replace")
