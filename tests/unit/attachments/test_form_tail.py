"""The end of a direct upload's form is checked before it is passed on; the rest is not delayed."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.attachments.form_tail import FormTailGuard
from app.errors import AttachmentTooLarge, InvalidRequest

CLOSING = b"\r\n--B--"
FILES = st.binary(max_size=200) | st.lists(
    st.sampled_from([CLOSING[:-1], b"\r\n", b"--B", b"-", b"x"]), max_size=20
).map(b"".join)


def too_large(size: int) -> None:
    raise AttachmentTooLarge


async def passed_on(body: bytes, chunk_bytes: int, held: list[int]) -> tuple[bytes, int]:
    """Return the bytes passed on and the size found; add to `held` how many were held back."""
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        for start in range(0, len(body), chunk_bytes):
            chunk = body[start : start + chunk_bytes]
            held.append(taken - len(out))
            taken += len(chunk)
            yield chunk

    out = b""
    measured = FormTailGuard(chunks(), CLOSING, lambda size: None)
    async for chunk in measured:
        out += chunk
    return out, measured.size


@given(FILES, st.sampled_from([CLOSING, CLOSING + b"\r\n"]), st.integers(1, 60))
async def test_a_complete_form_is_passed_on_and_its_file_measured(
    file: bytes, end: bytes, chunk_bytes: int
) -> None:
    held: list[int] = []
    assert await passed_on(file + end, chunk_bytes, held) == (file + end, len(file))
    assert max(held) <= len(CLOSING) + 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "end", [b"", CLOSING[:-1], CLOSING + b"\r", CLOSING + b"\r\n\r\n", CLOSING + b"more"]
)
@given(file=FILES, chunk_bytes=st.integers(1, 60))
async def test_a_form_with_another_end_is_rejected_before_its_end(
    end: bytes, file: bytes, chunk_bytes: int
) -> None:
    assume(CLOSING not in file)
    with pytest.raises(InvalidRequest):
        await passed_on(file + end, chunk_bytes, [])


async def test_a_file_of_a_rejected_size_is_not_passed_on_to_its_end() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"hello" + CLOSING

    out = b""
    with pytest.raises(AttachmentTooLarge):
        async for chunk in FormTailGuard(chunks(), CLOSING, too_large):
            out += chunk
    assert CLOSING not in out
