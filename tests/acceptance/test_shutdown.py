"""SIGTERM: nobody new comes in, what is under way ends well, and what can't is kept."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.command import ROOT, STOP_SECONDS, Command, app, running
from tests.model_api import ModelApi, Text, model_api
from tests.servers import TestBucket
from tests.service import ChatKitClient, user_message
from tests.waiting import wait_until

ANSWER = "first piece, second piece, third piece, and the end."


@contextmanager
def serving(
    log: Path, database_url: str, bucket: TestBucket, **settings: str
) -> Iterator[tuple[Command, ChatKitClient]]:
    """`python -m app serve` as in production, and one user of it."""
    environment = {
        "DATABASE_URL": database_url,
        "S3_BUCKET": bucket.name,
        "S3_ENDPOINT_URL": bucket.endpoint_url,
        "S3_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": bucket.access_key_id,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_access_key,
        "AUTH_MODE": "header",
        "SIGNING_SECRET": "test-signing-secret-of-32-characters",
    }
    with running(
        app("serve", "--port", "0"), log=log, directory=ROOT, **(environment | settings)
    ) as command:
        yield command, ChatKitClient.of(command.wait_until_ready())


def is_refused(client: ChatKitClient) -> bool:
    address = client.http.base_url
    try:
        socket.create_connection((address.host, address.port or 0), timeout=20).close()
    except ConnectionRefusedError:
        return True
    return False


@contextmanager
def answer_under_way(alice: ChatKitClient) -> Iterator[Iterator[str]]:
    """The lines of an answer of which a piece has come."""
    body = {"type": "threads.create", "params": {"input": user_message("hello")}}
    with alice.http.stream("POST", "/chatkit", json=body) as response:
        lines = response.iter_lines()
        for line in lines:
            if "text_delta" in line:
                break
        yield lines


def saved_answers(client: ChatKitClient) -> list[str]:
    [thread] = client.call("threads.list")["data"]
    items = client.call("items.list", thread_id=thread["id"])["data"]
    return [item["content"][0]["text"] for item in items if item["type"] == "assistant_message"]


@pytest.fixture
def slow_model() -> Iterator[ModelApi]:
    """A model that falls silent in the middle of its answer."""
    with model_api() as model:
        model.script.extend([Text(ANSWER, hang_after=2)] * 2)
        yield model


def test_uploads_and_answers_under_way_are_finished(
    tmp_path: Path, database_url: str, seaweedfs_bucket: TestBucket, slow_model: ModelApi
) -> None:
    content = b"x" * 100_000
    with serving(
        tmp_path / "log",
        database_url,
        seaweedfs_bucket,
        OPENAI_BASE_URL=slow_model.base_url,
        OPENAI_API_KEY="sk-test",
    ) as (command, alice):
        attachment = alice.create_attachment("notes.txt", content)
        upload = httpx.Request(
            "POST",
            attachment["upload_descriptor"]["url"],
            files={"file": ("notes.txt", content, "text/plain")},
        )
        body = upload.read()
        address = alice.http.base_url
        with (
            answer_under_way(alice) as lines,
            socket.create_connection((address.host, address.port or 0), timeout=20) as connection,
        ):
            head = f"POST {upload.url.raw_path.decode()} HTTP/1.1\r\nhost: {address.host}\r\n"
            head += f"content-type: {upload.headers['content-type']}\r\n"
            head += f"content-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body[:50_000])

            command.process.send_signal(signal.SIGTERM)
            wait_until(lambda: is_refused(alice))
            assert command.process.poll() is None

            connection.sendall(body[50_000:])
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
            slow_model.released.set()
            events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        assert events[-1]["type"] == "thread.item.done"
        assert command.process.wait(STOP_SECONDS) == 0
    with serving(tmp_path / "log", database_url, seaweedfs_bucket) as (_, alice):
        assert saved_answers(alice) == [ANSWER]
        assert alice.say("And this?", attachment["id"])


def test_an_answer_that_takes_too_long_is_kept_as_far_as_it_came(
    tmp_path: Path, database_url: str, seaweedfs_bucket: TestBucket, slow_model: ModelApi
) -> None:
    with serving(
        tmp_path / "log",
        database_url,
        seaweedfs_bucket,
        OPENAI_BASE_URL=slow_model.base_url,
        OPENAI_API_KEY="sk-test",
        SHUTDOWN_GRACE_SECONDS="1",
    ) as (command, alice):
        with answer_under_way(alice):
            command.process.send_signal(signal.SIGTERM)
            assert command.process.wait(STOP_SECONDS) == 0
        assert "Traceback" not in command.output
    with serving(tmp_path / "log", database_url, seaweedfs_bucket) as (_, alice):
        [kept] = saved_answers(alice)
    assert kept and ANSWER.startswith(kept) and kept != ANSWER
