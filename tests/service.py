"""The whole application on a port of loopback, and a client that speaks ChatKit to it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from app.settings.environment import Settings
from app.wiring.application import create_application
from tests.servers import TestBucket
from tests.serving import serving

Event = dict[str, Any]


def test_settings(database_url: str, bucket: TestBucket, **changes: object) -> Settings:
    """Return settings for one test; the `x-forwarded-user` header says who the user is.

    `changes` are environment variables in lower case: `upload_method="PUT"`.
    """
    values = {
        "DATABASE_URL": database_url,
        "S3_BUCKET": bucket.name,
        "S3_ENDPOINT_URL": bucket.endpoint_url,
        "S3_REGION": bucket.region,
        "AUTH_MODE": "header",
        "SIGNING_SECRET": "test-signing-secret-of-32-characters",
    }
    return Settings.read({name.upper(): str(value) for name, value in changes.items()}, values)


test_settings.__test__ = False  # type: ignore[attr-defined] # pytest would take it for a test


@contextmanager
def running(settings: Settings, listener: socket.socket | None = None) -> Iterator[str]:
    """Serve the whole application in a thread; yield its base URL.

    `listener` is for settings that contain the port: its socket is bound already.
    """
    with serving(create_application(settings), listener=listener) as base_url:
        yield base_url


@dataclass
class ChatKitClient:
    """One user. `http` is for requests outside of ChatKit's protocol."""

    http: httpx.Client

    @classmethod
    def of(cls, base_url: str, user_id: str = "alice") -> Self:
        return cls(
            httpx.Client(
                base_url=base_url,
                headers={"x-forwarded-user": user_id},
                timeout=30,
                # No connection stays open after the last response, so nothing has to be closed.
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        )

    def send(
        self, operation: str, accept: str = "application/json", **params: Any
    ) -> httpx.Response:
        """Send one request, and return any response."""
        return self.http.post(
            "/chatkit", json={"type": operation, "params": params}, headers={"accept": accept}
        )

    def call(self, operation: str, **params: Any) -> Any:
        """Return the JSON of an operation that must succeed."""
        response = self.send(operation, **params)
        assert response.status_code == 200, response.text
        return response.json()

    def stream(self, operation: str, **params: Any) -> list[Event]:
        """Return all events of a streamed operation."""
        response = self.send(operation, accept="text/event-stream", **params)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        return events_of(response.text)

    def create_attachment(
        self, name: str = "notes.txt", body: bytes = b"hello", mime_type: str = "text/plain"
    ) -> dict[str, Any]:
        """Do phase 1: announce the file."""
        created: dict[str, Any] = self.call(
            "attachments.create", name=name, size=len(body), mime_type=mime_type
        )
        return created

    def upload(self, attachment: dict[str, Any], body: bytes) -> httpx.Response:
        """Do phase 2 as a browser does: without session, with the descriptor's headers."""
        descriptor = attachment["upload_descriptor"]
        headers = descriptor.get("headers", {})
        if descriptor["method"] == "PUT":
            return httpx.put(descriptor["url"], content=body, headers=headers)
        files = {"file": (attachment["name"], body, attachment["mime_type"])}
        return httpx.post(descriptor["url"], files=files, headers=headers)

    def attach(
        self, name: str = "notes.txt", body: bytes = b"hello", mime_type: str = "text/plain"
    ) -> dict[str, Any]:
        """Do both phases. Return the attachment as it was created."""
        attachment = self.create_attachment(name, body, mime_type)
        response = self.upload(attachment, body)
        assert response.is_success, response.text
        return attachment

    def say(self, text: str, *attachment_ids: str, thread_id: str | None = None) -> list[Event]:
        """Send a message, to a new thread if none is given. Return all events of the answer."""
        message = user_message(text, *attachment_ids)
        if thread_id is None:
            return self.stream("threads.create", input=message)
        return self.stream("threads.add_user_message", input=message, thread_id=thread_id)


def user_message(text: str, *attachment_ids: str) -> dict[str, Any]:
    return {
        "content": [{"type": "input_text", "text": text}],
        "attachments": list(attachment_ids),
        "inference_options": {},
    }


def events_of(body: str) -> list[Event]:
    """Return the JSON events of a Server-Sent Events body, without its comments."""
    return [
        json.loads(block.removeprefix("data: "))
        for block in body.split("\n\n")
        if block.startswith("data: ")
    ]


def thread_id_of(events: list[Event]) -> str:
    """Return the id of the thread that `threads.create` made."""
    return str(next(e["thread"]["id"] for e in events if e["type"] == "thread.created"))


def answer_of(events: list[Event]) -> str:
    """Return the assistant's whole text."""
    return "".join(
        content["text"]
        for event in events
        if event["type"] == "thread.item.done" and event["item"]["type"] == "assistant_message"
        for content in event["item"]["content"]
    )
