"""A ChatKit client as small as can be: it does what a browser does, over real HTTP."""

import json
from types import TracebackType
from typing import Any, Self

import httpx

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class ChatClient:
    """One person at `base_url`: opening the page signs them in (AUTH_MODE=dev).

    With the `cookies` of an earlier client, the same person as then.
    """

    def __init__(self, base_url: str, cookies: dict[str, str] | None = None) -> None:
        # Like a browser, it has no business with the proxies and certificates of this machine.
        self.http = httpx.Client(base_url=base_url, cookies=cookies, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        self.http.get("/").raise_for_status()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.http.close()

    def create_attachment(self, name: str, mime_type: str, size: int) -> dict[str, Any]:
        """Phase 1: the attachment with its `upload_descriptor`."""
        params = {"name": name, "mime_type": mime_type, "size": size}
        return self._ask({"type": "attachments.create", "params": params})

    def upload(self, attachment: dict[str, Any], body: bytes) -> httpx.Response:
        """Phase 2, as ChatKit's host page does it: without cookies, the URL is the permission."""
        descriptor = attachment["upload_descriptor"]
        with httpx.Client(timeout=30, trust_env=False) as browser:
            if descriptor["method"] == "PUT":
                return browser.put(
                    descriptor["url"], content=body, headers=descriptor.get("headers", {})
                )
            file = (attachment["name"], body, attachment["mime_type"])
            return browser.post(
                descriptor["url"], files={"file": file}, headers=descriptor.get("headers", {})
            )

    def send(self, text: str, attachments: list[str]) -> list[dict[str, Any]]:
        """Start a thread with a message; the events of the answer."""
        params = {
            "input": {
                "content": [{"type": "input_text", "text": text}],
                "attachments": attachments,
                "inference_options": {},
            }
        }
        answer = self.http.post(
            "/chatkit",
            json={"type": "threads.create", "params": params},
            headers={"accept": "text/event-stream"},
        )
        answer.raise_for_status()
        lines = answer.text.splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    def items(self, thread_id: str) -> list[dict[str, Any]]:
        """The thread's items, oldest first."""
        params = {"thread_id": thread_id, "limit": 100, "order": "asc"}
        data: list[dict[str, Any]] = self._ask({"type": "items.list", "params": params})["data"]
        return data

    def _ask(self, operation: dict[str, Any]) -> dict[str, Any]:
        response = self.http.post("/chatkit", json=operation)
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()
        return result


def talk_about_a_file(client: ChatClient) -> str:
    """The main path: announce an image, upload it, send it. Returns the thread's id."""
    attachment = client.create_attachment("pixel.png", "image/png", len(PNG))
    uploaded = client.upload(attachment, PNG)
    assert uploaded.is_success, uploaded.text
    events = client.send("What is in this file?", [attachment["id"]])
    assert not [event for event in events if event["type"] == "error"], events
    (thread_id,) = (e["thread"]["id"] for e in events if e["type"] == "thread.created")
    return str(thread_id)


def assert_the_file_is_there(client: ChatClient, thread_id: str) -> None:
    """The message, the answer that saw the file, and the file's bytes behind a fresh preview."""
    items = client.items(thread_id)
    (message,) = (item for item in items if item["type"] == "user_message")
    (attachment,) = message["attachments"]
    assert attachment["name"] == "pixel.png"
    answers = [item for item in items if item["type"] == "assistant_message"]
    assert "pixel.png" in json.dumps(answers)
    preview = httpx.get(attachment["preview_url"], follow_redirects=True, trust_env=False)
    assert (preview.status_code, preview.content) == (200, PNG)
