"""What a page on another origin sees, also when something is broken, and how that ends."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.chat.server import AssistantServer
from app.database.migrate import upgrade
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket, create_bucket
from tests.service import (
    ChatKitClient,
    running,
    test_settings,
    thread_id_of,
    user_message,
)
from tests.waiting import wait_until

PAGE = "https://page.example.com"


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket) -> Settings:
    return test_settings(database_url, seaweedfs_bucket, allowed_origins=PAGE)


@pytest.fixture
def base_url(settings: Settings) -> Iterator[str]:
    with running(settings) as url:
        yield url


def assert_readable_by_the_page(response: httpx.Response) -> None:
    assert response.headers["access-control-allow-origin"] == PAGE
    assert response.headers["access-control-allow-credentials"] == "true"
    assert "x-request-id" in response.headers["access-control-expose-headers"].lower()


def test_every_answer_can_be_read_by_an_allowed_origin(
    alice: ChatKitClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.http.headers["origin"] = PAGE
    assert_readable_by_the_page(alice.send("threads.list"))
    assert_readable_by_the_page(alice.send("no.such.operation"))
    assert_readable_by_the_page(alice.http.get("/nowhere"))
    assert_readable_by_the_page(alice.http.post("/uploads/atc_x?key=x", content=b"x"))
    anyone = httpx.post(alice.http.base_url.join("/chatkit"), headers={"origin": PAGE})
    assert anyone.status_code == 401
    assert_readable_by_the_page(anyone)

    def broken(*_: object) -> None:
        raise RuntimeError("a bug, with a secret in its message")

    monkeypatch.setattr(AssistantServer, "handle", broken)
    crashed = alice.send("threads.list")
    assert crashed.status_code == 500
    assert_readable_by_the_page(crashed)
    assert crashed.headers["x-request-id"] in crashed.json()["message"]
    assert "secret" not in crashed.text


def test_a_preflight_is_answered_for_allowed_origins_only(base_url: str) -> None:
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    allowed = httpx.options(f"{base_url}/chatkit", headers={"origin": PAGE, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == PAGE
    other = httpx.options(f"{base_url}/chatkit", headers={"origin": "https://evil.test", **asked})
    assert "access-control-allow-origin" not in other.headers


def test_the_callers_request_id_comes_back(alice: ChatKitClient) -> None:
    response = alice.http.get("/livez", headers={"x-request-id": "trace-1"})
    assert response.headers["x-request-id"] == "trace-1"
    response = alice.http.get("/livez", headers={"x-request-id": "a b\tc" * 100})
    assert len(response.headers["x-request-id"]) == 16


@pytest.mark.slow
def test_a_database_that_is_down_is_a_503_and_comes_back(
    tmp_path: Path, seaweedfs_bucket: TestBucket
) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    postgres.start()
    try:
        asyncio.run(upgrade(postgres.url("postgres")))
        with running(test_settings(postgres.url("postgres"), seaweedfs_bucket)) as base_url:
            alice = ChatKitClient.of(base_url)
            thread_id = thread_id_of(alice.say("hello"))
            postgres.stop()
            for response in (
                alice.send("threads.list"),
                alice.send("threads.create", "text/event-stream", input=user_message("hi")),
                alice.send("attachments.create", name="a.txt", size=1, mime_type="text/plain"),
            ):
                assert response.status_code == 503
                assert response.json()["error"]["code"] == "database_unavailable"
                assert response.headers["retry-after"] == "2"
            assert alice.http.get("/livez").status_code == 200
            wait_until(lambda: alice.http.get("/readyz").json()["checks"]["bucket"] == "ok")
            assert alice.http.get("/readyz").status_code == 503

            postgres.start()
            wait_until(lambda: alice.http.get("/readyz").status_code == 200)
            assert alice.call("threads.get_by_id", thread_id=thread_id)["id"] == thread_id
    finally:
        postgres.stop()


@pytest.mark.slow
def test_a_bucket_that_is_down_is_a_503_and_comes_back(tmp_path: Path, database_url: str) -> None:
    seaweedfs = EmbeddedSeaweedFS(
        tmp_path / "weed", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY
    )
    seaweedfs.start()
    try:
        bucket = create_bucket(seaweedfs.endpoint_url)
        with running(test_settings(database_url, bucket)) as base_url:
            alice = ChatKitClient.of(base_url)
            uploaded = alice.attach()
            waiting = alice.create_attachment()
            seaweedfs.stop()

            refused = alice.upload(waiting, b"hello")
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "bucket_unavailable"
            message = user_message("Look", uploaded["id"])
            unsent = alice.send("threads.create", "text/event-stream", input=message)
            assert unsent.status_code == 503
            assert unsent.json()["error"]["code"] == "bucket_unavailable"
            assert alice.call("threads.list")["data"] == []
            wait_until(lambda: alice.http.get("/readyz").json()["checks"]["database"] == "ok")

            seaweedfs.start()
            wait_until(lambda: alice.http.get("/readyz").status_code == 200)
            assert alice.upload(waiting, b"hello").is_success
            assert thread_id_of(alice.say("Look", uploaded["id"], waiting["id"]))
    finally:
        seaweedfs.stop()


@pytest.mark.parametrize(
    ("headers", "is_known"),
    [
        ({}, True),
        ({"origin": PAGE, "sec-fetch-site": "cross-site"}, True),
        ({"origin": "{own}", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://behind.a.proxy", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "{own}"}, True),
        ({"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://127.0.0.1:3000", "sec-fetch-site": "same-site"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_an_unknown_page_changes_nothing_in_its_visitors_name(
    alice: ChatKitClient, base_url: str, headers: dict[str, str], is_known: bool
) -> None:
    sent = {name: value.format(own=base_url) for name, value in headers.items()}
    sent["content-type"] = "text/plain"  # a form's: no preflight asks beforehand
    body = b'{"type": "attachments.create", "params": {"name": "a.md", "size": 1, "mime_type": ""}}'
    response = alice.http.post("/chatkit", content=body, headers=sent)
    assert response.status_code == (200 if is_known else 403), response.text
    form = alice.http.post(
        "/attachments",
        files={"file": ("a.txt", b"a")},
        headers={name: value for name, value in sent.items() if name != "content-type"},
    )
    assert form.status_code == (200 if is_known else 403), form.text
