"""The head of a form's first part: every form of a name, and bodies that are no forms."""

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidRequest
from app.http.first_part import MAX_HEAD_BYTES, PartHead, file_name_of, take_first_part

HEAD = (
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)


async def taken(body: bytes, chunk_bytes: int = 7) -> tuple[PartHead, bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), chunk_bytes):
            yield body[start : start + chunk_bytes]

    head, rest = await take_first_part(chunks(), "B")
    return head, b"".join([chunk async for chunk in rest])


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000])
async def test_the_head_is_taken_and_the_rest_goes_on(chunk_bytes: int) -> None:
    head, rest = await taken(HEAD + b"hello\r\n\r\nthere\r\n--B--\r\n", chunk_bytes)
    assert head == PartHead("file", "a.txt", "text/plain", len(HEAD))
    assert rest == b"hello\r\n\r\nthere\r\n--B--\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n--B \t\r\ncontent-disposition:form-data;name=file;filename=a.txt\r\n\r\n",
        b'--B\r\nX-Other: 1\r\nContent-Disposition: form-data;\r\n\tname="file"; filename="a.txt"'
        b"\r\n\r\n",
    ],
)
async def test_unusual_heads(head: bytes) -> None:
    found, rest = await taken(head + b"hello")
    assert (found.field, found.file_name, found.mime_type) == ("file", "a.txt", "")
    assert (found.length, rest) == (len(head), b"hello")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{}\r\n\r\n",
        b"--C\r\nContent-Disposition: form-data; name=file\r\n\r\n",
        b"--B\r\n\r\nhello",
        b"--B--\r\n\r\n",
        HEAD[:-2],
        b"--B\r\nContent-Disposition: attachment; name=file\r\n\r\n",
        b"--B\r\nContent-Disposition: form-data; name=" + b"x" * MAX_HEAD_BYTES,
    ],
)
async def test_a_body_that_is_not_a_form_is_rejected(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await taken(body, 4096)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('filename="a b.txt"', "a b.txt"),
        ("filename=a.txt", "a.txt"),
        ('filename="Übung.txt"', "Übung.txt"),
        ('filename="a %22b%22 %0d%0Ac.txt"', 'a "b" \r\nc.txt'),
        ('filename="100%25.txt"', "100%25.txt"),
        (r'filename="a \"b\" \\ c.txt"', r'a "b" \ c.txt'),
        ('filename="a; name=b.txt"', "a; name=b.txt"),
        ("filename*=UTF-8''%c3%9cbung%20%22x%22.txt", 'Übung "x".txt'),
        ("filename*=utf-8'de'%E2%82%AC.txt", "€.txt"),
        ("filename*=iso-8859-1''%FCber.txt", "über.txt"),
        ("filename=\"fallback\"; filename*=UTF-8''%F0%9F%90%88.txt", "🐈.txt"),
        ("filename*=UTF-8''%F0%9F%90%88.txt; filename=\"fallback\"", "🐈.txt"),
        (
            "filename*0*=UTF-8''%C3%9C; filename*1=\"bung \"; filename*2*=%E2%82%AC.txt",
            "Übung €.txt",
        ),
        ('filename*0="long "; filename*1="name.txt"', "long name.txt"),
        ("filename*=nonsense''%C3%9C", "Ü"),
        ("filename*=UTF-8''%FF.txt", "\ufffd.txt"),
        ('filename=""', ""),
        ('FileName="a.txt"', "a.txt"),
    ],
)
def test_every_form_of_a_name(parameters: str, name: str) -> None:
    assert file_name_of(f'form-data; name="file"; {parameters}') == name


def test_a_field_without_a_name_of_a_file() -> None:
    assert file_name_of('form-data; name="file"') is None


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "\0", "hex", "none such"])
def test_a_charset_that_decodes_nothing_is_utf_8(charset: str) -> None:
    name = file_name_of(f"form-data; name=file; filename*={charset}''%C3%BCber.txt")
    assert name is not None and (charset == "punycode" or name == "über.txt")


async def test_bytes_that_are_no_utf_8_are_latin_1() -> None:
    head, _ = await taken(HEAD.replace(b"a.txt", b"\xfcber.txt") + b"hello")
    assert head.file_name == "über.txt"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%")))
def test_what_a_browser_writes_is_read_back(name: str) -> None:
    written = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    # Browsers leave a backslash as it is, where others escape it: it is ambiguous by nature.
    if "\\" not in name:
        assert file_name_of(f'form-data; name="file"; filename="{written}"') == name


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_accepted_or_rejected(garbage: bytes, chunk_bytes: int) -> None:
    for body in (garbage, b"--B\r\nContent-Disposition:" + garbage, HEAD + garbage):
        _run(taken(body, chunk_bytes))


def _run(coroutine: object) -> None:
    """Nothing in it waits, so it needs no event loop."""
    steps: Iterator[None] = coroutine.__await__()  # type: ignore[attr-defined]  # a coroutine
    try:
        next(steps)
    except (StopIteration, InvalidRequest):
        return
    raise AssertionError("it waited")
