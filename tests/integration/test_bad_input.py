"""Bad input gets a clear error in the one shape, and nothing of it is kept."""

from typing import Any

import httpx
import pytest

from tests.service import ChatKitClient, events_of, thread_id_of, user_message


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error, after its shape was checked."""
    body = response.json()
    assert set(body) == {"message", "error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert body["message"] == error["message"] and body["message"]
    assert response.headers["x-request-id"]
    return error


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "names no operation|valid"),
        (b"{}", "no operation"),
        (b'{"type": "attachments.get_preview", "params": {}}', "attachments.get_preview"),
        (b'{"type": "attachments.process", "params": {}}', "attachments.process"),
        (b'{"type": "threads.get_by_id"}', "params"),
        (b'{"type": "threads.get_by_id", "params": {"thread_id": 3}}', "thread_id"),
    ],
)
def test_a_request_that_can_not_be_understood_is_a_400(
    alice: ChatKitClient, body: bytes, words: str
) -> None:
    response = alice.http.post("/chatkit", content=body)
    assert response.status_code == 400
    message = error_of(response)["message"]
    assert any(word in message for word in words.split("|")), message


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"size": 0}, 400, "invalid_size"),
        ({"size": -1}, 400, "invalid_size"),
        ({"size": 10**15}, 413, "attachment_too_large"),
        ({"size": 10**40}, 413, "attachment_too_large"),
        ({"mime_type": "application/x-msdownload"}, 415, "mime_type_not_allowed"),
        ({"mime_type": "not a mime"}, 415, "mime_type_not_allowed"),
        ({"name": ""}, 400, "invalid_name"),
        ({"name": "x" * 5000}, 400, "invalid_name"),
        ({"name": "nul\0.txt"}, 400, "invalid_name"),
    ],
)
def test_an_attachment_that_can_not_be_created_says_why(
    alice: ChatKitClient, changes: dict[str, Any], status: int, code: str
) -> None:
    params: dict[str, Any] = {"name": "notes.txt", "size": 5, "mime_type": "text/plain"}
    response = alice.send("attachments.create", **params | changes)
    assert response.status_code == status, response.text
    assert error_of(response)["code"] == code


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("threads.get_by_id", {"thread_id": "thr_unknown"}),
        ("threads.update", {"thread_id": "thr_unknown", "title": "x"}),
        ("threads.delete", {"thread_id": "thr_unknown"}),
        ("attachments.delete", {"attachment_id": "atc_unknown"}),
    ],
)
def test_an_unknown_id_is_a_404(
    alice: ChatKitClient, operation: str, params: dict[str, Any]
) -> None:
    response = alice.send(operation, **params)
    assert response.status_code == 404
    assert error_of(response)["code"] == "not_found"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("threads.create", {"input": user_message("hi", "atc_unknown")}),
        (
            "threads.add_user_message",
            {"input": user_message("hi"), "thread_id": "thr_unknown"},
        ),
        ("threads.add_client_tool_output", {"thread_id": "thr_unknown", "result": 1}),
        ("threads.retry_after_item", {"thread_id": "thr_unknown", "item_id": "msg_unknown"}),
        (
            "threads.custom_action",
            {"thread_id": "thr_unknown", "action": {"type": "x", "payload": {}}},
        ),
        (
            "threads.add_structured_input",
            {"thread_id": "thr_unknown", "item_id": "x", "input": {}},
        ),
    ],
)
def test_an_unknown_id_in_a_streamed_operation_keeps_nothing(
    alice: ChatKitClient, operation: str, params: dict[str, Any]
) -> None:
    response = alice.send(operation, **params)
    assert response.status_code == 404
    assert error_of(response)["code"] == "not_found"

    response = alice.send(operation, accept="text/event-stream", **params)
    assert response.status_code == 200
    [event] = events_of(response.text)
    assert event["type"] == "error" and event["message"]

    assert alice.call("threads.list")["data"] == []


def test_a_message_with_a_file_that_was_never_uploaded_keeps_nothing(
    alice: ChatKitClient,
) -> None:
    attachment = alice.create_attachment()
    [event] = alice.say("Look", attachment["id"])
    assert event["type"] == "error"
    assert "upload" in event["message"]
    assert alice.call("threads.list")["data"] == []
    # The upload link is still good, and the same message then goes through.
    assert alice.upload(attachment, b"hello").is_success
    assert thread_id_of(alice.say("Look", attachment["id"]))


def test_a_message_may_hold_any_text(alice: ChatKitClient) -> None:
    thread_id = thread_id_of(alice.say("nul \0 and \u202e and 🐈"))
    [question, _] = alice.call("threads.get_by_id", thread_id=thread_id)["items"]["data"]
    assert "🐈" in question["content"][0]["text"]


def test_unknown_addresses_and_methods_have_the_same_shape(alice: ChatKitClient) -> None:
    assert alice.http.get("/nowhere").status_code == 404
    assert error_of(alice.http.get("/nowhere"))["code"] == "not_found"
    assert alice.http.get("/chatkit").status_code == 405
    assert error_of(alice.http.get("/chatkit"))["code"] == "method_not_allowed"


def test_without_a_session_there_is_nothing_to_see(base_url: str) -> None:
    with httpx.Client(base_url=base_url) as anyone:
        response = anyone.post("/chatkit", json={"type": "threads.list", "params": {}})
        assert response.status_code == 401
        assert error_of(response)["type"] == "authentication_error"
        assert anyone.get("/attachments/atc_x/preview").status_code == 401
        assert anyone.get("/attachments/atc_x/content").status_code == 401


def test_an_action_that_no_widget_sent_is_refused_in_words(alice: ChatKitClient) -> None:
    events = alice.say("Hello")
    message = next(event["item"] for event in events if event["type"] == "thread.item.done")
    response = alice.send(
        "threads.sync_custom_action",
        thread_id=thread_id_of(events),
        item_id=message["id"],
        action={"type": "book", "payload": {}},
    )
    assert response.status_code == 400
    assert "widget" in error_of(response)["message"]


def test_a_title_or_a_message_that_goes_on_for_ever_is_refused(alice: ChatKitClient) -> None:
    thread_id = thread_id_of(alice.say("hello"))
    response = alice.send("threads.update", thread_id=thread_id, title="x" * 1001)
    assert response.status_code == 400
    assert error_of(response)["param"] == "title"
    [event] = alice.say("x" * (512 * 1024 + 1), thread_id=thread_id)
    assert event["type"] == "error" and "file" in event["message"]
    assert len(alice.call("items.list", thread_id=thread_id)["data"]) == 2
