"""Editing the last message: what changes, what stays, and what is refused."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.settings.environment import Settings
from tests.service import ChatKitClient, running, thread_id_of
from tests.unit.fakes.attachments import png


def edit(user: ChatKitClient, thread_id: str, item_id: str, content: object) -> httpx.Response:
    url = f"/v1/chatkit/threads/{thread_id}/items/{item_id}"
    return user.http.post(url, json={"content": content})


def text(said: str) -> list[dict[str, str]]:
    return [{"type": "input_text", "text": said}]


def items(user: ChatKitClient, thread_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.call("items.list", thread_id=thread_id, order="asc")["data"]
    return found


def message(user: ChatKitClient, thread_id: str, number: int = -1) -> dict[str, Any]:
    return [each for each in items(user, thread_id) if each["type"] == "user_message"][number]


def test_the_text_changes_and_the_files_and_the_answer_stay(alice: ChatKitClient) -> None:
    attachment = alice.attach("notes.txt", b"hello")
    thread_id = thread_id_of(alice.say("What is thes?", attachment["id"]))
    asked, answered = items(alice, thread_id)
    response = edit(alice, thread_id, asked["id"], text("What is this?"))
    assert response.status_code == 200
    assert response.json()["content"] == text("What is this?")
    assert [each["id"] for each in response.json()["attachments"]] == [attachment["id"]]
    edited, *others = items(alice, thread_id)
    assert edited == {**asked, "content": text("What is this?")}
    assert others == [answered]
    found = alice.http.get("/v1/chatkit/threads?query=thes").json()["data"]
    assert [each["match"]["item"]["id"] for each in found] == [answered["id"]]


def test_the_answer_that_is_asked_for_anew_is_to_the_new_text(alice: ChatKitClient) -> None:
    attachment = alice.attach("notes.txt", b"hello")
    thread_id = thread_id_of(alice.say("First"))
    earlier = items(alice, thread_id)
    alice.say("Old words", attachment["id"], thread_id=thread_id)
    asked = message(alice, thread_id)
    assert edit(alice, thread_id, asked["id"], text("New words")).status_code == 200
    retried = alice.send(
        "threads.retry_after_item", "text/event-stream", thread_id=thread_id, item_id=asked["id"]
    )
    assert retried.status_code == 200
    *kept, edited, answered = items(alice, thread_id)
    assert kept == earlier
    assert edited["id"] == asked["id"]
    said = answered["content"][0]["text"]
    assert "New words" in said and "Old words" not in said
    assert "notes.txt" in said


def test_a_picture_keeps_its_preview(alice: ChatKitClient) -> None:
    attachment = alice.attach("dot.png", png(2, 2), "image/png")
    thread_id = thread_id_of(alice.say("Look", attachment["id"]))
    asked = message(alice, thread_id)
    [shown] = edit(alice, thread_id, asked["id"], text("See")).json()["attachments"]
    assert httpx.get(shown["preview_url"]).status_code == 200
    [stored] = message(alice, thread_id)["attachments"]
    assert httpx.get(stored["preview_url"]).status_code == 200


def test_an_earlier_message_and_an_answer_can_t_be_edited(alice: ChatKitClient) -> None:
    thread_id = thread_id_of(alice.say("First"))
    alice.say("Second", thread_id=thread_id)
    before = items(alice, thread_id)
    for each in (before[0], before[1], before[3]):
        response = edit(alice, thread_id, each["id"], text("changed"))
        assert response.status_code == 400
        assert response.json()["error"]["param"] == "item_id"
    assert items(alice, thread_id) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"content": "text"}',
        b'{"content": [{"type": "image"}]}',
        b'{"content": []}',
        b'{"content": [{"type": "input_text", "text": " "}]}',
        b'{"content": [{"type": "input_text", "text": "' + b"a" * 600_000 + b'"}]}',
        b"[" * 100,
    ],
)
def test_content_that_no_message_may_have_is_rejected(alice: ChatKitClient, body: bytes) -> None:
    thread_id = thread_id_of(alice.say("First"))
    before = items(alice, thread_id)
    url = f"/v1/chatkit/threads/{thread_id}/items/{before[0]['id']}"
    response = alice.http.post(url, content=body)
    assert response.status_code in (400, 413)
    assert response.json()["message"]
    assert items(alice, thread_id) == before


def test_a_message_with_files_needs_no_text(alice: ChatKitClient) -> None:
    thread_id = thread_id_of(alice.say("Look", alice.attach()["id"]))
    assert edit(alice, thread_id, message(alice, thread_id)["id"], []).status_code == 200


def test_a_closed_thread_takes_no_edit(settings: Settings, sql: Callable[[str], str]) -> None:
    with running(settings) as url, ChatKitClient.of(url, "carol").http as http:
        carol = ChatKitClient(http)
        thread_id = thread_id_of(carol.say("First"))
        closed = '{"type": "closed"}'
        sql(f"UPDATE threads SET payload = jsonb_set(payload, '{{status}}', '{closed}')")  # noqa: S608 - our own
        response = edit(carol, thread_id, message(carol, thread_id)["id"], text("changed"))
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "thread_not_open"
