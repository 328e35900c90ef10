"""The main job: a file travels from the browser through the bucket to the model."""

import hashlib
import io

import httpx
import pytest
from PIL import Image

from app.settings.environment import Settings
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    answer_of,
    running,
    test_settings,
    thread_id_of,
)


def png(width: int = 40, height: int = 30) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(body, "PNG")
    return body.getvalue()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_file_reaches_the_model_and_stays_in_the_thread(
    database_url: str, seaweedfs_bucket: TestBucket, method: str
) -> None:
    settings = test_settings(database_url, seaweedfs_bucket, upload_method=method)
    body = png()
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        attachment = alice.attach("photo.png", body, "image/png")
        assert attachment["upload_descriptor"]["method"] == method
        events = alice.say("What is this?", attachment["id"])
        thread_id = thread_id_of(events)
        answer = answer_of(events)
        assert hashlib.sha256(body).hexdigest() in answer
        assert "photo.png" in answer and "40" in answer and "30" in answer

        thread = alice.call("threads.get_by_id", thread_id=thread_id)

    [question, _] = thread["items"]["data"]
    [shown] = question["attachments"]
    assert shown["id"] == attachment["id"]
    assert shown["name"] == "photo.png"
    assert "upload_descriptor" not in shown
    assert httpx.get(shown["preview_url"]).content == body


def test_previews_are_fresh_in_every_streamed_and_loaded_item(alice: ChatKitClient) -> None:
    attachment = alice.attach("photo.png", png(), "image/png")
    events = alice.say("Look", attachment["id"])
    [echoed] = [e["item"] for e in events if e["type"] == "thread.item.done"][:1]
    listed = alice.call("items.list", thread_id=thread_id_of(events))["data"][-1]
    for item in (echoed, listed):
        assert httpx.get(item["attachments"][0]["preview_url"]).content == png()


def test_the_whole_history_goes_to_the_model_attachments_included(alice: ChatKitClient) -> None:
    first = alice.attach("first.txt", b"the first file", "text/plain")
    thread_id = thread_id_of(alice.say("one", first["id"]))
    second = alice.attach("second.txt", b"the second file", "text/plain")
    answer = answer_of(alice.say("two", second["id"], thread_id=thread_id))
    assert "first.txt" in answer and "second.txt" in answer


@pytest.mark.parametrize("route", ["preview", "content"])
@pytest.mark.parametrize("sent", [False, True])
def test_preview_and_content_answer_get_and_head(
    alice: ChatKitClient, bob: ChatKitClient, route: str, sent: bool
) -> None:
    attachment = alice.attach("a photo.png", png(), "image/png")
    if sent:
        alice.say("Look", attachment["id"])
    path = f"/attachments/{attachment['id']}/{route}"
    for method in ("GET", "HEAD"):
        redirect = alice.http.request(method, path)
        assert redirect.status_code == 307
        assert redirect.headers["cache-control"].startswith("private")
        final = httpx.request(method, redirect.headers["location"])
        assert final.status_code == 200
        disposition = final.headers["content-disposition"]
        assert disposition.startswith("inline" if route == "preview" else "attachment")
        assert final.content == (png() if method == "GET" else b"")
        assert bob.http.request(method, path).status_code == 404


def test_names_come_back_unchanged(alice: ChatKitClient) -> None:
    for name in ['a "b" c.txt', "a\r\nb.txt", "../../x.txt", "\u202ename.txt", "🐈.txt"]:
        attachment = alice.attach(name, b"hello", "text/plain")
        assert attachment["name"] == name
        events = alice.say("Look", attachment["id"])
        loaded = alice.call("threads.get_by_id", thread_id=thread_id_of(events))
        assert loaded["items"]["data"][0]["attachments"][0]["name"] == name
        content = alice.http.get(f"/attachments/{attachment['id']}/content", follow_redirects=True)
        assert content.status_code == 200
        assert "attachment" in content.headers["content-disposition"]


def test_data_survive_a_restart(settings: Settings) -> None:
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        attachment = alice.attach("notes.txt", b"remember me", "text/plain")
        thread_id = thread_id_of(alice.say("Keep this", attachment["id"]))
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        items = alice.call("items.list", thread_id=thread_id)["data"]
        assert [item["type"] for item in items] == ["assistant_message", "user_message"]
        assert "notes.txt" in answer_of(alice.say("And?", thread_id=thread_id))
