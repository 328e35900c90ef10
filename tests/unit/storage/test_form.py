"""Framed uploads, parsed by the standard library."""

import base64
import email
import email.policy
import json
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppError, AttachmentTooLarge, InvalidRequest, LinkInvalid, UploadMismatch
from app.storage.form import frame, frame_opened, multipart_boundary

BOUNDARY_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? "


def fields_for(size: object, **changes: str) -> dict[str, str]:
    policy = {"conditions": [{"key": "k"}, ["content-length-range", size, size]]}
    return {
        "x-amz-signature": "cafe",
        "key": "attachments/k",
        "Content-Type": "image/png",
        "policy": base64.b64encode(json.dumps(policy).encode()).decode(),
        **changes,
    }


def parts_of(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    message = email.message_from_bytes(
        f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=email.policy.HTTP
    )
    return [
        (
            str(cast(EmailMessage, part).get_param("name", header="content-disposition")),
            cast(bytes, part.get_payload(decode=True)),
        )
        for part in message.iter_parts()
    ]


def client_form(boundary: str, content: bytes, name: str = "a.png") -> bytes:
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: image/png\r\n\r\n"
    ).encode() + (content + f"\r\n--{boundary}--\r\n".encode())


@given(
    st.text(BOUNDARY_CHARACTERS, min_size=1, max_size=70).filter(lambda text: text[-1] != " "),
    st.binary(min_size=1, max_size=200),
)
def test_a_form_gets_the_fields_in_front_under_its_own_boundary(
    boundary: str, content: bytes
) -> None:
    body = client_form(boundary, content)
    framed = frame(
        fields_for(len(content)),
        content_type=f'multipart/form-data; boundary="{boundary}"',
        content_length=len(body),
    )
    whole = framed.prefix + body + framed.suffix
    assert framed.content_length == len(whole)
    # S3 reads every part up to the next line that starts with the boundary.
    pieces = (b"\r\n" + whole).split(f"\r\n--{boundary}".encode())
    names = [piece.partition(b'name="')[2].partition(b'"')[0] for piece in pieces[1:-1]]
    assert names[:5] == [b"key", b"Content-Type", b"policy", b"x-amz-signature", b"file"]
    assert whole.startswith(f"--{boundary}\r\n".encode())


@given(st.binary(min_size=1, max_size=200))
def test_an_opened_form_keeps_its_own_end_and_gets_a_head_of_ours(content: bytes) -> None:
    rest = content + b"\r\n--a b--\r\n"
    framed = frame_opened(fields_for(len(content)), boundary="a b", content_length=len(rest))
    whole = framed.prefix + rest + framed.suffix
    assert framed.content_length == len(whole)
    assert framed.content_type == 'multipart/form-data; boundary="a b"'
    head = b'name="file"; filename="file"\r\nContent-Type: image/png\r\n\r\n'
    assert whole.split(head)[1:] == [rest]
    assert whole.split(head)[0].count(b"--a b\r\n") == 5


@given(st.binary(min_size=1, max_size=200))
def test_raw_bytes_become_the_one_file_of_a_form(content: bytes) -> None:
    framed = frame(fields_for(len(content)), content_type="image/png", content_length=len(content))
    whole = framed.prefix + content + framed.suffix
    assert framed.content_length == len(whole)
    parsed = parts_of(framed.content_type, whole)
    assert [name for name, _ in parsed] == [
        *("key", "Content-Type", "policy", "x-amz-signature", "file"),
    ]
    assert whole.endswith(content + framed.suffix)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", "abc"),
        ('Multipart/Form-Data;charset=utf-8;boundary="a b:c"', "a b:c"),
        ('multipart/form-data; boundary="----WebKitFormBoundaryX"', "----WebKitFormBoundaryX"),
        ("multipart/form-data ; BOUNDARY=x; charset=utf-8", "x"),
        ("multipart/mixed; boundary=abc", None),
        ("image/png", None),
        ("", None),
    ],
)
def test_the_boundary_is_found(content_type: str, boundary: str | None) -> None:
    assert multipart_boundary(content_type) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="ends with space "',
        f"multipart/form-data; boundary={'a' * 71}",
        'multipart/form-data; boundary="a\\"b"',
        'multipart/form-data; boundary="ä"',
        "multipart/form-data; boundary*=utf-8''abc",
        'multipart/form-data; boundary="a\tb"',
    ],
)
def test_a_boundary_that_the_rfc_forbids_is_rejected(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        multipart_boundary(content_type)


@pytest.mark.parametrize(
    ("content_type", "length", "error"),
    [
        ("image/png", 999, UploadMismatch),
        ("image/png", 1001, AttachmentTooLarge),
        ("image/png", 0, UploadMismatch),
        ("multipart/form-data; boundary=b", 0, UploadMismatch),
        ("multipart/form-data; boundary=b", 1000, UploadMismatch),
        ("multipart/form-data; boundary=b", 1000 + 20, UploadMismatch),
        ("multipart/form-data; boundary=b", 1000 + 200_000, AttachmentTooLarge),
    ],
)
def test_an_impossible_length_is_rejected(
    content_type: str, length: int, error: type[AppError]
) -> None:
    with pytest.raises(error, match="1,000 bytes"):
        frame(fields_for(1000), content_type=content_type, content_length=length)


def test_the_shortest_and_the_longest_form_of_a_client_pass() -> None:
    content_type = "multipart/form-data; boundary=b"
    shortest = b"--b\r\nContent-Disposition:form-data;name=file\r\n\r\nx\r\n--b--"
    frame(fields_for(1), content_type=content_type, content_length=len(shortest))
    longest = client_form("b", b"x", name="🙂" * 5000)
    frame(fields_for(1), content_type=content_type, content_length=len(longest))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"policy": "not base64!"},
        {"policy": base64.b64encode(b"not json").decode()},
        {"policy": base64.b64encode(b"[]").decode()},
        {"policy": base64.b64encode(b'{"conditions": 1}').decode()},
        {"policy": base64.b64encode(b'{"conditions": [{"key": "k"}, []]}').decode()},
        fields_for(size="5"),
        fields_for(1, key="k\r\n--b"),
    ],
)
def test_fields_that_are_not_an_upload_link_are_invalid(fields: dict[str, str]) -> None:
    with pytest.raises(LinkInvalid):
        frame(fields, content_type="multipart/form-data; boundary=b", content_length=100)
