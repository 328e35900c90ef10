"""MODEL_INPUT=files against inline: a text-only turn in a thread with four PDFs of 8 MB.

More would not fit into an inline request. Bytes are those that reach the provider, and the time is
that to the first word of the answer, over loopback: a real network adds the time for the bytes. The
turns of all services alternate. "not cached": the service has no converted file in memory, as for a
thread that was not used lately.
"""

import json
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import httpx
from starlette.applications import Starlette

from app.wiring.application import create_application
from benchmarks._servers import process, servers
from benchmarks._services import settings_for, upload
from tests.corpus import pdf
from tests.model_api import Text
from tests.model_api.deferred import DeferredApi

FILES = 4
FILE_BYTES = 8_000_000
ROUNDS = 15
NOT_CACHED = {"model_cache_bytes": "0"}


@dataclass
class Chat:
    """One thread of one user at one service."""

    base_url: str
    user: str = field(default_factory=lambda: f"user-{secrets.token_hex(4)}")
    thread_id: str = ""
    seconds: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)

    def begin(self) -> None:
        files = [(f"{n}.pdf", _document(n), "application/pdf") for n in range(FILES)]
        self._say("threads.create", "Read these.", upload(self.base_url, self.user, files))

    def ask(self) -> None:
        seconds, sent = self._say("threads.add_user_message", "What is 1 + 1?", [])
        self.seconds.append(seconds)
        self.bytes.append(sent)

    def _say(self, operation: str, text: str, attachments: list[str]) -> tuple[float, int]:
        """Return the seconds until the first word, and the bytes that reached the provider."""
        content = [{"type": "input_text", "text": text}]
        message = {"content": content, "attachments": attachments, "inference_options": {}}
        params = {"input": message} | ({"thread_id": self.thread_id} if self.thread_id else {})
        headers = {"x-forwarded-user": self.user, "accept": "text/event-stream"}
        start, first_word, answer = time.perf_counter(), 0.0, ""
        request = {"type": operation, "params": params}
        with httpx.stream(
            "POST", f"{self.base_url}/chatkit", json=request, headers=headers, timeout=120
        ) as response:
            for line in response.iter_lines():
                event = json.loads(line[6:]) if line.startswith("data: ") else {}
                if event.get("type") == "thread.created":
                    self.thread_id = event["thread"]["id"]
                if "text_delta" in line and not first_word:
                    first_word = time.perf_counter() - start
                item = event.get("item", {})
                if event.get("type") == "thread.item.done" and "content" in item:
                    answer = item["content"][0]["text"]
        assert first_word, f"no answer: {line}"
        return first_word, int(answer)


def main() -> None:
    with servers() as running, process(_provider) as (provider, _), ExitStack() as stack:
        for name, changes in (("cached", {}), ("not cached", NOT_CACHED)):
            chats = {}
            for way in ("inline", "files"):
                settings = settings_for(
                    running, f"{provider}/v1", model_input=way, titles="off", **changes
                )
                url, _ = stack.enter_context(process(create_application, settings))
                chats[way] = Chat(url)
                chats[way].begin()
                chats[way].ask()  # the first is not counted: pools and schemas are made in it
                chats[way].seconds.clear()
            for _ in range(ROUNDS):
                for chat in chats.values():
                    chat.ask()
            _report(name, chats["inline"], chats["files"])
            problems = httpx.get(f"{provider}/check", timeout=300).json()
            assert problems == [], problems


def _report(name: str, inline: Chat, files: Chat) -> None:
    ratio = median(a / b for a, b in zip(inline.seconds, files.seconds, strict=True))
    print(
        f"{name}: to the first word inline {median(inline.seconds) * 1000:.0f} ms, files"
        f" {median(files.seconds) * 1000:.0f} ms, {ratio:.1f} times as fast; bytes to the provider"
        f" {median(inline.bytes):,.0f} and {median(files.bytes):,.0f},"
        f" {median(inline.bytes) / median(files.bytes):,.0f} times as many",
        flush=True,
    )


def _document(number: int) -> bytes:
    """A PDF of one page: readers ignore what follows its end."""
    body = pdf(f"document {number}")
    return body + b"\n%" + b"x" * (FILE_BYTES - len(body) - 2)


def _said(length: int, streams: bool) -> Text:
    return Text(str(length))


def _provider() -> Starlette:
    return DeferredApi(_said).application()
