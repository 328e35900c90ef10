"""The direct strategy over HTTP: a form is answered with a verified Attachment or an error."""

import asyncio
import io
import itertools
import json
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import pytest
from PIL import Image

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.storage.object_keys import owner_of
from tests.databases import Databases
from tests.rig import Rig, rig_on
from tests.servers import TestBucket, create_bucket
from tests.service import (
    ChatKitClient,
    answer_of,
    running,
    test_settings,
    thread_id_of,
)
from tests.waiting import wait_until

MAX_BYTES = 300_000
_numbers = itertools.count(1)
Result = TypeVar("Result")


def png(side: int = 40) -> bytes:
    body = io.BytesIO()
    Image.effect_noise((side, side), 80).convert("RGB").save(body, "PNG")
    return body.getvalue()


@dataclass(frozen=True)
class Service:
    """A service with only this test's data, and access to what it has written."""

    base_url: str
    user_id: str
    alice: ChatKitClient
    database_url: str
    bucket: TestBucket

    def objects(self) -> list[str]:
        """Return the object keys that do not belong to other users."""

        async def read(rig: Rig) -> list[str]:
            others = {
                row.object_key
                for row in await rig.sql(
                    "SELECT object_key FROM attachments WHERE user_id != :me", me=self.user_id
                )
            }
            return [key for key in await rig.objects() if owner_of(key) not in others]

        return self._ask(read)

    def states(self) -> list[str]:
        return [state for state, _ in self._rows()]

    def sizes(self) -> list[int]:
        return [size for _, size in self._rows()]

    def _rows(self) -> list[tuple[str, int]]:
        async def read(rig: Rig) -> list[tuple[str, int]]:
            rows = await rig.sql(
                "SELECT state, size FROM attachments WHERE user_id = :me", me=self.user_id
            )
            return [(row.state, row.size) for row in rows]

        return self._ask(read)

    def post(
        self, body: bytes, content_type: str = "multipart/form-data; boundary=B", **headers: str
    ) -> httpx.Response:
        return self.alice.http.post(
            "/attachments", content=body, headers={"content-type": content_type, **headers}
        )

    def _ask(self, read: Callable[[Rig], Awaitable[Result]]) -> Result:
        async def ask() -> Result:
            async with rig_on(self.database_url, self.bucket) as rig:
                return await read(rig)

        return in_a_thread(ask())


def in_a_thread(coroutine: Coroutine[Any, Any, Result]) -> Result:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.fixture(scope="module")
def shared(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Service]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    limits = {"max_attachment_bytes": MAX_BYTES, "user_quota_bytes": 1_000_000}
    with (
        databases.clone() as database_url,
        running(test_settings(database_url, bucket, **limits)) as base_url,
    ):
        yield Service(base_url, "", ChatKitClient.of(base_url), database_url, bucket)


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    """One service for all tests. Each test is a user of its own."""
    user_id = f"alice-{next(_numbers)}"
    with ChatKitClient.of(shared.base_url, user_id).http as http:
        yield replace(shared, user_id=user_id, alice=ChatKitClient(http))


def form(
    content: bytes = b"hello",
    disposition: str | bytes = 'form-data; name="file"; filename="a.txt"',
    mime_type: str = "text/plain",
    end: bytes = b"\r\n--B--\r\n",
) -> bytes:
    named = disposition.encode() if isinstance(disposition, str) else disposition
    head = b"--B\r\nContent-Disposition: " + named + b"\r\n"
    return head + f"Content-Type: {mime_type}\r\n\r\n".encode() + content + end


def error_of(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, code, and the sentence that ChatKit shows."""
    answer = response.json()
    assert answer["message"] == answer["error"]["message"]
    return response.status_code, answer["error"]["code"], answer["message"]


@pytest.mark.parametrize("side", [40, 300])
def test_an_image_is_answered_with_its_attachment(service: Service, side: int) -> None:
    body = png(side)
    response = service.alice.http.post(
        "/attachments", files={"file": ("a photo.png", body, "image/png")}
    )
    assert response.status_code == 200, response.text
    attachment = response.json()
    shown = httpx.get(attachment.pop("preview_url"))
    assert (shown.content == body) == (len(body) < 48 * 1024)  # else the thumbnail
    assert Image.open(io.BytesIO(shown.content)).format in {"PNG", "WEBP"}
    assert attachment == {
        "type": "image",
        "id": attachment["id"],
        "name": "a photo.png",
        "mime_type": "image/png",
    }
    events = service.alice.say("Look", attachment["id"])
    assert "a photo.png" in answer_of(events)
    thread = service.alice.call("threads.get_by_id", thread_id=thread_id_of(events))
    assert thread["items"]["data"][0]["attachments"][0]["id"] == attachment["id"]


@pytest.mark.parametrize("end", [b"\r\n--B--\r\n", b"\r\n--B--"])
@pytest.mark.parametrize("content", [b"x", b"hello", b"hello\r\n", b"\r\n--B-\r\n--\r\n" * 3])
def test_the_size_is_exact_with_and_without_a_last_line_end(
    service: Service, end: bytes, content: bytes
) -> None:
    response = service.post(form(content, end=end))
    assert response.status_code == 200, response.text
    assert service.sizes() == [len(content)]
    path = f"/attachments/{response.json()['id']}/content"
    assert service.alice.http.get(path, follow_redirects=True).content == content


@pytest.mark.parametrize("end", [b"\r\n--B--\r\n", b"\r\n--B--"])
def test_the_largest_file_is_accepted_but_not_one_byte_more(service: Service, end: bytes) -> None:
    assert service.post(form(b"x" * MAX_BYTES, end=end)).status_code == 200
    status, code, message = error_of(service.post(form(b"x" * (MAX_BYTES + 1), end=end)))
    assert (status, code) == (413, "attachment_too_large")
    assert "too large" in message
    assert len(service.objects()) == 2  # the verified copy, and the upload


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('form-data; name="file"; filename="Übung %22x%22.txt"', 'Übung "x".txt'),
        (r'form-data; name="file"; filename="a \"b\".txt"', 'a "b".txt'),
        ("form-data; name=file; filename*=UTF-8''%E2%82%AC.txt", "€.txt"),
        ('form-data; name="file"; filename="../../a;b.txt"', "../../a;b.txt"),
        ('form-data; name="file"; filename="🐈.txt"'.encode(), "🐈.txt"),
        (b'form-data; name="file"; filename="\xfcber.txt"', "über.txt"),
    ],
)
def test_every_form_of_a_name(service: Service, disposition: str | bytes, name: str) -> None:
    response = service.post(form(disposition=disposition))
    assert response.status_code == 200, response.text
    assert response.json()["name"] == name


def test_a_missing_type_is_found_by_the_name(service: Service) -> None:
    body = form(disposition='form-data; name="file"; filename="a.md"').replace(
        b"Content-Type: text/plain\r\n", b""
    )
    assert service.post(body).json()["mime_type"] == "text/markdown"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_request"),
        (b"hello", 400, "invalid_request"),
        (form(disposition='form-data; name="image"; filename="a.txt"'), 400, "invalid_request"),
        (form(disposition='form-data; name="file"'), 400, "invalid_request"),
        (form(disposition='form-data; name="file"; filename=""'), 400, "invalid_name"),
        (form(disposition=f'form-data; name="file"; filename="{"x" * 2000}"'), 400, "invalid_name"),
        (form(b""), 400, "invalid_size"),
        (form(b"", end=b"\r\n--B--"), 400, "invalid_size"),
        (form(end=b""), 400, "invalid_request"),
        (form(end=b"\r\n--B"), 400, "invalid_request"),
        (form(end=b"\r\n--B--\r\nand more"), 400, "invalid_request"),
        (form() + form(), 400, "invalid_request"),
        (form(mime_type="application/x-msdownload"), 415, "mime_type_not_allowed"),
        (form(mime_type="no type"), 415, "mime_type_not_allowed"),
        (form(b"\x7fELF" + bytes(50)), 400, "attachment_rejected"),
        (form(b"<html><script>alert(1)</script>", mime_type="image/png"), 400, None),
    ],
)
def test_a_rejected_file_gets_a_reason_and_leaves_nothing(
    service: Service, body: bytes, status: int, code: str | None
) -> None:
    found = error_of(service.post(body))
    assert found[:2] == (status, code or "attachment_rejected"), found
    assert service.objects() == []
    assert set(service.states()) <= {"tombstone"}


def test_a_pdf_that_is_declared_as_text_is_stored_as_a_pdf(service: Service) -> None:
    response = service.post(form(b"%PDF-1.7 not text"))
    assert response.json()["mime_type"] == "application/pdf"


def test_a_second_part_is_rejected(service: Service) -> None:
    second = b'\r\n--B\r\nContent-Disposition: form-data; name="b"\r\n\r\nx\r\n--B--\r\n'
    for end in (second, b"\r\n" + form(b"another" * 100)):
        status, code, message = error_of(service.post(form(end=end)))
        assert (status, code) == (400, "invalid_request")
        assert "one field" in message
    assert service.objects() == []


def test_html_that_is_declared_as_png_is_rejected_in_words(service: Service) -> None:
    body = form(
        b"<!doctype html><script>alert(1)</script>",
        'form-data; name="file"; filename="logo.png"',
        "image/png",
    )
    status, _, message = error_of(service.post(body))
    assert status == 400
    assert "logo.png" in message and "HTML" in message
    assert service.objects() == []


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "", "multipart/form-data"]
)
def test_a_body_that_is_not_a_form_is_rejected(service: Service, content_type: str) -> None:
    status, code, _ = error_of(service.post(form(), content_type))
    assert (status, code) == (400, "invalid_request")


def test_a_form_of_unknown_length_is_rejected(service: Service) -> None:
    response = service.alice.http.post(
        "/attachments",
        content=iter([form()]),
        headers={"content-type": "multipart/form-data; boundary=B"},
    )
    assert error_of(response)[:2] == (411, "length_required")


def test_a_file_that_is_too_large_is_rejected_before_it_is_sent(service: Service) -> None:
    answer = exchange(service, b"", announced=10**12)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"attachment_too_large" in answer
    # The head of the part has come, the file has not.
    answer = exchange(service, form(b"", end=b""), announced=MAX_BYTES + 1000)
    assert answer.startswith(b"HTTP/1.1 413")


def test_the_quota_counts_direct_uploads_before_they_are_sent(service: Service) -> None:
    for _ in range(3):
        assert service.post(form(b"x" * MAX_BYTES)).status_code == 200
    answer = exchange(service, form(b"", end=b""), announced=MAX_BYTES)
    assert answer.startswith(b"HTTP/1.1 429")
    assert b"quota_exceeded" in answer


def test_an_upload_needs_authentication(service: Service) -> None:
    response = httpx.post(f"{service.base_url}/attachments", files={"file": b"hello"})
    assert error_of(response)[:2] == (401, "unauthenticated")


@pytest.mark.slow
def test_a_client_that_disconnects_leaves_nothing(service: Service) -> None:
    with connected(service) as (connection, _):
        connection.sendall(request_head(service, 200_000) + form(b"x" * 100_000, end=b""))
        wait_until(lambda: service.states() == ["pending"])
    wait_until(lambda: service.states() in (["tombstone"], []))
    assert service.objects() == []
    assert service.post(form()).status_code == 200


def test_an_attachment_is_its_owners_alone(service: Service) -> None:
    attachment = service.post(form()).json()
    with ChatKitClient.of(service.base_url, "bob").http as http:
        bob = ChatKitClient(http)
        assert http.get(f"/attachments/{attachment['id']}/content").status_code == 404
        assert bob.send("threads.create", input=_message(attachment["id"])).status_code == 404


def test_other_headers_of_a_part_reach_no_store(service: Service) -> None:
    extra = 'form-data; name="file"; filename="a.txt"\r\nContent-Encoding: gzip\r\nx-amz-acl: x'
    attachment = service.post(form(disposition=extra)).json()
    path = f"/attachments/{attachment['id']}/content"
    found = service.alice.http.get(path, follow_redirects=True)
    assert found.content == b"hello"
    assert "content-encoding" not in found.headers


def test_several_uploads_at_once_are_accepted(service: Service) -> None:
    bodies = [f"file {number}".encode() * 1000 for number in range(6)]

    def upload(body: bytes) -> str:
        response = service.post(form(body))
        assert response.status_code == 200, response.text
        return str(response.json()["id"])

    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(upload, bodies))
    for attachment_id, body in zip(ids, bodies, strict=True):
        path = f"/attachments/{quote(attachment_id)}/content"
        assert service.alice.http.get(path, follow_redirects=True).content == body


def _message(attachment_id: str) -> dict[str, Any]:
    return {
        "content": [{"type": "input_text", "text": "mine"}],
        "attachments": [attachment_id],
        "inference_options": {},
    }


def request_head(service: Service, announced: int) -> bytes:
    return (
        "POST /attachments HTTP/1.1\r\nHost: localhost\r\n"
        f"x-forwarded-user: {service.user_id}\r\n"
        f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {announced}\r\n\r\n"
    ).encode()


class connected:
    """A connection to the service, as a context."""

    def __init__(self, service: Service) -> None:
        url = urlsplit(service.base_url)
        self._connection = socket.create_connection((url.hostname, url.port), timeout=30)

    def __enter__(self) -> tuple[socket.socket, Any]:
        self._answers = self._connection.makefile("rb")
        return self._connection, self._answers

    def __exit__(self, *exc_info: object) -> None:
        self._answers.close()  # it would keep the connection open
        self._connection.close()


def exchange(service: Service, body: bytes, *, announced: int) -> bytes:
    """Return the answer to a request that is not complete."""
    with connected(service) as (connection, answers):
        connection.sendall(request_head(service, announced) + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += (line := answers.readline())
            assert line, answer
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        answer += answers.read(length)
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["message"]
    return bytes(answer)
