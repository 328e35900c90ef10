"""Large files in parts: the same checks, limits and states as for any other upload."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import boto3
import httpx
import pytest

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from app.sizes import LARGE_FILE_BYTES
from app.storage.credentials import SessionCredentials
from app.storage.object_keys import OBJECT_KEY_PREFIX
from app.wiring.base import create_link_signer
from tests.databases import Databases
from tests.large_files import (
    LARGE_FILE,
    Way,
    begin,
    complete,
    parts_link,
    send_parts,
    upload_in_parts,
)
from tests.servers import TestBucket, create_bucket
from tests.service import ChatKitClient, answer_of, running, test_settings

pytestmark = pytest.mark.slow  # each of its uploads has 32 MiB


@dataclass(frozen=True)
class Service:
    """One database and bucket, served with each UPLOAD_METHOD: `urls`."""

    urls: dict[str, str]
    bucket: TestBucket
    settings: Settings

    def user(self, name: str, method: str = "POST") -> ChatKitClient:
        return ChatKitClient.of(self.urls[method], name)

    def keys(self) -> set[str]:
        s3 = boto3.client("s3", endpoint_url=self.bucket.endpoint_url, region_name="us-east-1")
        try:
            found = s3.list_objects_v2(Bucket=self.bucket.name, Prefix=OBJECT_KEY_PREFIX)
        finally:
            s3.close()
        return {each["Key"] for each in found.get("Contents", ())}


@pytest.fixture(scope="module")
def service(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Service]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    with databases.clone() as database_url:
        posts, puts = (
            test_settings(
                database_url, bucket, max_attachment_bytes=64 * 1024**2, upload_method=method
            )
            for method in ("POST", "PUT")
        )
        with running(posts) as posts_url, running(puts) as puts_url:
            yield Service({"POST": posts_url, "PUT": puts_url}, bucket, posts)


@pytest.fixture
def alice(service: Service, request: pytest.FixtureRequest) -> Iterator[ChatKitClient]:
    """A user of this test alone, so that its quota is too."""
    user = service.user(request.node.name)
    with user.http:
        yield user


def announce(user: ChatKitClient, size: int = len(LARGE_FILE)) -> dict[str, Any]:
    created: dict[str, Any] = user.call(
        "attachments.create", name="list.txt", size=size, mime_type="text/plain"
    )
    return created


def content_of(user: ChatKitClient, attachment: dict[str, Any]) -> bytes:
    path = f"/attachments/{attachment['id']}/content"
    return user.http.get(path, follow_redirects=True).content


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_only_the_link_of_a_large_file_offers_parts(alice: ChatKitClient) -> None:
    small = announce(alice, LARGE_FILE_BYTES)["upload_descriptor"]
    large = announce(alice, LARGE_FILE_BYTES + 1)["upload_descriptor"]
    assert urlsplit(small["url"]).fragment == ""
    assert urlsplit(large["url"]).fragment.startswith("parts=")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_client_that_knows_no_parts_uploads_the_whole_file(service: Service, method: str) -> None:
    with service.user(f"whole {method}", method).http as http:
        alice = ChatKitClient(http)
        attachment = alice.attach("list.txt", LARGE_FILE)
        assert "list.txt" in answer_of(alice.say("Look", attachment["id"]))


@pytest.mark.parametrize(("method", "way"), [("POST", "url"), ("POST", "gateway"), ("PUT", "url")])
def test_a_file_in_parts_is_verified_and_kept_as_any_other(
    service: Service, method: str, way: Way
) -> None:
    with service.user(f"{way} {method}", method).http as http:
        alice = ChatKitClient(http)
        attachment = announce(alice)
        upload_in_parts(attachment, LARGE_FILE, way=way)
        assert "list.txt" in answer_of(alice.say("Look", attachment["id"]))
        assert content_of(alice, attachment) == LARGE_FILE


def test_with_put_no_part_passes_through_the_service(service: Service) -> None:
    with service.user("put", "PUT").http as http:
        plan = begin(parts_link(announce(ChatKitClient(http))))
    assert {part["gateway"] for part in plan["parts"]} == {None}
    assert all(part["url"].startswith(service.bucket.endpoint_url) for part in plan["parts"])


def test_an_upload_that_was_interrupted_goes_on(alice: ChatKitClient) -> None:
    attachment = announce(alice)
    link = parts_link(attachment)
    send_parts(link, begin(link), LARGE_FILE, only=[0, 2])
    again = begin(link)
    uploaded = [part["is_uploaded"] for part in again["parts"]]
    assert uploaded == [index in (0, 2) for index in range(len(uploaded))]
    missing = [index for index, is_uploaded in enumerate(uploaded) if not is_uploaded]
    send_parts(link, again, LARGE_FILE, only=missing)
    assert complete(link, again).status_code == 200
    assert "list.txt" in answer_of(alice.say("Look", attachment["id"]))
    assert content_of(alice, attachment) == LARGE_FILE


def test_completing_may_be_repeated_and_beginning_may_not(alice: ChatKitClient) -> None:
    """The answer may have been lost. What was uploaded is never replaced by other parts."""
    link = parts_link(announce(alice))
    plan = begin(link)
    send_parts(link, plan, LARGE_FILE)
    assert [complete(link, plan).status_code for _ in range(2)] == [200, 200]
    assert code_of(httpx.post(link)) == (409, "uploaded_already")


def test_a_file_that_lacks_a_part_is_not_made(service: Service, alice: ChatKitClient) -> None:
    before = service.keys()
    attachment = announce(alice)
    link = parts_link(attachment)
    plan = begin(link)
    send_parts(link, plan, LARGE_FILE, only=[0, 1])
    assert code_of(complete(link, plan)) == (400, "upload_mismatch")
    assert service.keys() == before
    message = {"content": [], "attachments": [attachment["id"]], "inference_options": {}}
    refused = alice.send("threads.create", input=message)
    assert code_of(refused) == (409, "attachment_not_uploaded")


@pytest.mark.parametrize("way", ["url", "gateway"])
@pytest.mark.parametrize("change", [1, -1])
def test_a_part_of_another_size_is_rejected(alice: ChatKitClient, way: Way, change: int) -> None:
    link = parts_link(announce(alice))
    plan = begin(link)
    body = b"x" * (plan["parts"][-1]["size"] + change)
    response = httpx.put(urljoin(link, plan["parts"][-1][way]), content=body)
    assert 400 <= response.status_code < 500
    assert not any(part["is_uploaded"] for part in begin(link)["parts"])


def test_beginning_twice_at_once_is_one_upload(alice: ChatKitClient) -> None:
    link = parts_link(announce(alice))
    ids = {
        dict(parse_qsl(urlsplit(part["url"]).query))["uploadId"]
        for _ in range(2)
        for part in begin(link)["parts"]
    }
    assert len(ids) == 1


def test_links_of_parts_can_not_be_changed_or_exchanged(alice: ChatKitClient) -> None:
    attachment = announce(alice)
    link = parts_link(attachment)
    plan = begin(link)
    finish = urljoin(link, plan["complete"])
    for url in (link, finish, urljoin(link, plan["parts"][0]["gateway"])):
        parts = urlsplit(url)
        pairs = dict(parse_qsl(parts.query))
        for name in pairs:
            changed = parts._replace(query=urlencode({**pairs, name: "1"})).geturl()
            send = httpx.put if "put" in pairs else httpx.post
            assert code_of(send(changed, content=b"x")) == (403, "link_invalid"), name
    # A permission to begin is none to complete, and that to upload is none to begin.
    begin_query, upload = urlsplit(link).query, urlsplit(attachment["upload_descriptor"]["url"])
    exchanged = [
        urlsplit(finish)._replace(query=begin_query).geturl(),
        urlsplit(link)._replace(query=upload.query).geturl(),
    ]
    assert [code_of(httpx.post(url)) for url in exchanged] == [(403, "link_invalid")] * 2


@pytest.mark.parametrize("link_of", ["begin", "complete", "gateway"])
def test_expired_links_of_parts_are_rejected(
    service: Service, alice: ChatKitClient, link_of: str
) -> None:
    link = parts_link(announce(alice))
    plan = begin(link)
    links = {"begin": link, "complete": plan["complete"], "gateway": plan["parts"][0]["gateway"]}
    url = urlsplit(urljoin(link, links[link_of]))
    params = dict(parse_qsl(url.query))
    del params["signature"], params["expires"]
    signer = create_link_signer(service.settings.sign_in, SessionCredentials())
    path, _, query = signer.sign(url.path, params, expires_at=int(time.time()) - 1).partition("?")
    send = httpx.put if link_of == "gateway" else httpx.post
    expired = url._replace(path=path, query=query).geturl()
    assert code_of(send(expired, content=b"x")) == (403, "link_expired")


def test_content_of_another_type_is_rejected_after_an_upload_in_parts(
    service: Service, alice: ChatKitClient
) -> None:
    before = service.keys()
    attachment = alice.call(
        "attachments.create", name="a.png", size=len(LARGE_FILE), mime_type="image/png"
    )
    page = b"<!DOCTYPE html><script>alert(1)</script>".ljust(len(LARGE_FILE))
    upload_in_parts(attachment, page)
    events = alice.say("Look", attachment["id"])
    assert "can't be used" in str(events)
    assert service.keys() == before
