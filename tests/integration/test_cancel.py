"""A reader that goes away mid-answer: what was streamed of it stays in the thread."""

import asyncio
import json
import socket
import threading
from typing import Any

import pytest

from app.chat.server import AssistantServer
from app.settings.environment import Settings
from tests.service import ChatKitClient, running, thread_id_of, user_message
from tests.waiting import wait_until

LONG_TEXT = "word " * 4000


def open_stream(client: ChatKitClient, operation: dict[str, Any]) -> socket.socket:
    """Send a request over a bare socket, so that the test alone says when it is read."""
    address = client.http.base_url
    body = json.dumps(operation).encode()
    connection = socket.create_connection((address.host, address.port or 0), timeout=30)
    connection.sendall(
        b"POST /chatkit HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n"
        b"X-Forwarded-User: %b\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b"
        % (client.http.headers["x-forwarded-user"].encode(), len(body), body)
    )
    return connection


def read_until(connection: socket.socket, marker: bytes) -> bytes:
    received = b""
    while marker not in received:
        chunk = connection.recv(65536)
        assert chunk, received
        received += chunk
    return received


def start_answer(client: ChatKitClient, thread_id: str) -> socket.socket:
    """A connection on which an answer has begun."""
    message = {"thread_id": thread_id, "input": user_message(LONG_TEXT)}
    connection = open_stream(client, {"type": "threads.add_user_message", "params": message})
    read_until(connection, b"text_delta")
    return connection


def partial_answers(client: ChatKitClient, thread_id: str) -> list[str]:
    items = client.call("items.list", thread_id=thread_id, order="asc")["data"]
    return [item["content"][0]["text"] for item in items if item["type"] == "assistant_message"][1:]


def test_a_disconnected_reader_leaves_the_partial_text(alice: ChatKitClient) -> None:
    thread_id = thread_id_of(alice.say("hello"))
    start_answer(alice, thread_id).close()
    [partial] = wait_until(lambda: partial_answers(alice, thread_id))
    assert partial.strip()
    # The thread is still answerable.
    assert alice.say("again", thread_id=thread_id)[-1]["type"] != "error"


@pytest.mark.slow
def test_a_server_that_stops_saves_what_it_streamed(settings: Settings) -> None:
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = thread_id_of(alice.say("hello"))
        connection = start_answer(alice, thread_id)
    connection.close()
    with running(settings) as base_url:
        assert partial_answers(ChatKitClient.of(base_url), thread_id)[0].strip()


@pytest.mark.slow
def test_a_server_that_stops_while_a_partial_answer_is_saved_waits_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader's end cancels the answer first, and the server's end comes during the saving."""
    is_saving, may_save = threading.Event(), asyncio.Event()
    save, close = AssistantServer.handle_stream_cancelled, AssistantServer.close

    async def save_when_closing(server: AssistantServer, *given: Any) -> None:
        is_saving.set()
        await may_save.wait()
        await save(server, *given)

    async def close_and_let_save(server: AssistantServer) -> None:
        closing = asyncio.create_task(close(server))
        asyncio.get_running_loop().call_soon(may_save.set)  # after `close` has begun
        await closing

    monkeypatch.setattr(AssistantServer, "handle_stream_cancelled", save_when_closing)
    monkeypatch.setattr(AssistantServer, "close", close_and_let_save)
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = thread_id_of(alice.say("hello"))
        start_answer(alice, thread_id).close()
        assert is_saving.wait(30)
    with running(settings) as base_url:
        assert partial_answers(ChatKitClient.of(base_url), thread_id)[0].strip()
