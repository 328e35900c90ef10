"""Uploads to a store that has no presigned POST, such as Cloudflare R2: the POST link works too.

The store is SeaweedFS, which enforces what is signed, behind a middlebox that rejects forms as R2
does (https://developers.cloudflare.com/r2/api/s3/presigned-urls/).
"""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.databases import Databases
from tests.middlebox import in_front_of, s3_error
from tests.servers import REGION, TestBucket, create_bucket
from tests.service import ChatKitClient, answer_of, running, test_settings

BODY = b"ten bytes\n"


def reject_forms(request: Request) -> Response | None:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return s3_error(501, "NotImplemented", "Presigned POST is not implemented.")
    return None


@dataclass(frozen=True)
class Service:
    url: str
    bucket: TestBucket

    def keys(self) -> set[str]:
        s3 = boto3.client("s3", endpoint_url=self.bucket.endpoint_url, region_name=REGION)
        try:
            found = s3.list_objects_v2(Bucket=self.bucket.name)
        finally:
            s3.close()
        return {item["Key"] for item in found.get("Contents", ())}


@pytest.fixture(scope="module")
def service(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Service]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    with (
        in_front_of(seaweedfs.endpoint_url, answers=reject_forms) as store_url,
        databases.clone() as database_url,
        running(test_settings(database_url, TestBucket(store_url, bucket.name))) as url,
    ):
        yield Service(url, bucket)


@pytest.fixture
def alice(service: Service) -> Iterator[ChatKitClient]:
    with ChatKitClient.of(service.url).http as http:
        yield ChatKitClient(http)


def link_of(attachment: dict[str, Any]) -> str:
    descriptor = attachment["upload_descriptor"]
    assert descriptor["method"] == "POST"
    return str(descriptor["url"])


def test_the_store_rejects_presigned_posts(service: Service) -> None:
    with in_front_of(service.bucket.endpoint_url, answers=reject_forms) as store_url:
        s3 = boto3.client("s3", endpoint_url=store_url, region_name=REGION)
        post = s3.generate_presigned_post(service.bucket.name, "k")
        s3.close()
        answer = httpx.post(post["url"], data=post["fields"], files={"file": BODY})
    assert answer.status_code == 501


@pytest.mark.parametrize("end", [b"\r\n", b""])
def test_a_form_arrives_by_the_post_link(
    service: Service, alice: ChatKitClient, end: bytes
) -> None:
    attachment = alice.create_attachment("notes.txt", BODY)
    link = link_of(attachment)
    assert link.startswith(f"{service.url}/uploads/")
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="notes.txt"\r\n\r\n'
        + BODY
        + b"\r\n--b--"
        + end
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert httpx.post(link, content=form, headers=headers).status_code == 200
    assert BODY.decode().strip() in answer_of(alice.say("Read it", attachment["id"]))


def test_the_bytes_alone_arrive_by_the_link(alice: ChatKitClient) -> None:
    attachment = alice.create_attachment("notes.txt", BODY)
    assert httpx.put(link_of(attachment), content=BODY).status_code == 200
    alice.say("Read it", attachment["id"])


def test_a_file_of_many_chunks_arrives_unchanged(alice: ChatKitClient) -> None:
    body = b"".join(b"line %06d\n" % number for number in range(200_000))
    attachment = alice.attach("long.txt", body)
    [event] = [
        event
        for event in alice.say("Read it", attachment["id"])
        if event["type"] == "thread.item.done" and event["item"]["type"] == "assistant_message"
    ]
    assert f"{len(body):,}" in event["item"]["content"][0]["text"]


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_file_of_another_size_is_rejected(
    service: Service, alice: ChatKitClient, difference: int
) -> None:
    before = service.keys()
    attachment = alice.create_attachment("notes.txt", BODY)
    wrong = BODY[:-1] if difference < 0 else BODY + b"!"
    answer = httpx.post(link_of(attachment), files={"file": ("notes.txt", wrong)})
    assert answer.status_code in (400, 413)
    assert "announced" in answer.json()["message"]
    assert service.keys() == before


def test_a_form_with_a_second_part_is_rejected(service: Service, alice: ChatKitClient) -> None:
    before = service.keys()
    attachment = alice.create_attachment("notes.txt", BODY)
    answer = httpx.post(
        link_of(attachment), files=[("file", ("notes.txt", BODY)), ("file", ("b", b"b"))]
    )
    assert answer.status_code in (400, 413)
    assert service.keys() == before


def test_a_form_whose_connection_breaks_leaves_no_object(
    service: Service, alice: ChatKitClient
) -> None:
    before = service.keys()
    parts = urlsplit(link_of(alice.create_attachment("notes.txt", BODY)))
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="notes.txt"\r\n\r\n'
    length = len(head) + len(BODY) + len(b"\r\n--b--\r\n")
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
        connection.sendall(
            f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
            + head
            + BODY
        )
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert service.keys() == before


def test_a_link_writes_once(service: Service, alice: ChatKitClient) -> None:
    attachment = alice.attach("notes.txt", BODY)
    again = alice.upload(attachment, BODY[::-1])
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "uploaded_already"
    assert BODY.decode().strip() in answer_of(alice.say("Read it", attachment["id"]))


@pytest.mark.parametrize("field", ["put", "size", "Content-Type", "key"])
def test_a_changed_link_is_rejected(alice: ChatKitClient, field: str) -> None:
    parts = urlsplit(link_of(alice.create_attachment("notes.txt", BODY)))
    query = dict(parse_qsl(parts.query))
    query[field] += "1"
    answer = httpx.post(parts._replace(query=urlencode(query)).geturl(), files={"file": BODY})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "link_invalid"


def test_the_link_has_no_secret_and_its_put_no_freedom(alice: ChatKitClient) -> None:
    """The signature in it is for these bytes' number and type, and for one write."""
    parts = urlsplit(link_of(alice.create_attachment("notes.txt", BODY)))
    put = dict(parse_qsl(parts.query))["put"]
    signed = {"Content-Type": "text/plain", "If-None-Match": "*"}
    for changes in ({"Content-Type": "text/html"}, {"If-None-Match": '"x"'}):
        assert httpx.put(put, content=BODY, headers=signed | changes).status_code == 403
    assert httpx.put(put, content=BODY + b"!", headers=signed).status_code == 403
    assert httpx.put(put, content=BODY, headers=signed).status_code == 200


def test_the_direct_strategy_works_too(service: Service, alice: ChatKitClient) -> None:
    answer = alice.http.post("/attachments", files={"file": ("notes.txt", BODY, "text/plain")})
    assert answer.status_code == 200, answer.text
    assert BODY.decode().strip() in answer_of(alice.say("Read it", answer.json()["id"]))


def test_a_direct_upload_with_more_than_a_file_is_rejected(
    service: Service, alice: ChatKitClient
) -> None:
    before = service.keys()
    files = {"file": ("notes.txt", BODY, "text/plain"), "more": ("b", b"b", "text/plain")}
    assert alice.http.post("/attachments", files=files).status_code == 400
    assert service.keys() == before
