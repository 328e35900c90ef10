"""Holds back the end of a streamed form until the form proves to be complete, with one file."""

from collections.abc import AsyncIterator, Callable

from app.errors import InvalidRequest

# RFC 2046 does not require a line end behind the closing boundary, and some clients send none.
LINE_END = b"\r\n"


def closing_of(boundary: str) -> bytes:
    """Return the bytes between a form's last part and its end, without the optional line end."""
    return f"\r\n--{boundary}--".encode()


def malformed_form() -> InvalidRequest:
    """Return the error for a form that has not exactly one file."""
    return InvalidRequest(
        "The upload must be a form with one field, 'file', and nothing behind it.", param="file"
    )


async def file_of_form(
    body: AsyncIterator[bytes], closing: bytes, size: int
) -> AsyncIterator[bytes]:
    """Yield the file from the rest of a form, which starts at the file's first byte.

    The file has `size` bytes, and its last ones are held back until the form has ended behind it.
    So a form that is incomplete, or has another part, never becomes an object. Raises
    `InvalidRequest`.
    """
    boundary = closing.removesuffix(b"--")
    left, held, tail, seen = size, b"", b"", b""
    async for chunk in body:
        part, behind = chunk[:left], chunk[left:]
        left -= len(part)
        tail += behind
        seen = seen[-len(boundary) :] + part
        if boundary in seen or len(tail) > len(closing) + len(LINE_END):
            raise malformed_form()
        if part:
            if held:
                yield held
            held = part
    if left or tail not in (closing, closing + LINE_END):
        raise malformed_form()
    yield held


class FormTailGuard:
    """Passes the rest of a form on, and holds its last bytes back until they prove to be its end.

    So a form that is incomplete, or has anything behind its file, is never complete for the
    reader, and never becomes an object. Neither does a file whose size `check_size` rejects.
    """

    def __init__(
        self, body: AsyncIterator[bytes], closing: bytes, check_size: Callable[[int], None]
    ) -> None:
        """`body` is the rest of a form from the first byte of its file on."""
        self._body = body
        self._closing = closing
        self._check_size = check_size
        self._file_bytes = 0

    @property
    def size(self) -> int:
        """The size of the file in bytes; 0 until the form has been read to its end."""
        return self._file_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the form. Raises `InvalidRequest`, and what `check_size` raises."""
        longest_end = len(self._closing) + len(LINE_END)
        total_bytes, held = 0, b""
        async for chunk in self._body:
            total_bytes += len(chunk)
            held += chunk
            passed, held = held[:-longest_end], held[-longest_end:]
            if passed:
                yield passed
        self._file_bytes = total_bytes - len(self._end_of(held))
        self._check_size(self._file_bytes)
        yield held

    def _end_of(self, tail: bytes) -> bytes:
        for end in (self._closing + LINE_END, self._closing):
            if tail.endswith(end):
                return end
        raise malformed_form()
