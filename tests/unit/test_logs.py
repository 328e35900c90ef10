"""What a log line holds, and what it never does."""

import asyncio
import json
import logging

import pytest

from app.telemetry.logs import (
    JsonFormatter,
    TextFormatter,
    about_this_request,
    bind,
    without_secrets,
)


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("app.test", logging.INFO, __file__, 1, message, arguments, None)
    vars(made).update(extra)
    return made


def test_a_line_is_one_json_object_with_what_the_request_is_about() -> None:
    with about_this_request(request_id="r1"):
        bind(user="alice", thread="thr_1", attachment=None)
        line = json.loads(JsonFormatter().format(record("stored %s\nand more", "it", size=5)))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "app.test",
        "message": "stored it\nand more",
        "request_id": "r1",
        "user": "alice",
        "thread": "thr_1",
        "size": 5,
    }


async def test_requests_at_the_same_time_do_not_mix_and_their_tasks_belong_to_them() -> None:
    async def request(user: str) -> dict[str, object]:
        with about_this_request() as fields:
            bind(user=user)
            await asyncio.sleep(0)

            async def later() -> None:
                bind(operation=f"of {user}")

            await asyncio.create_task(later())
            return fields

    users = ["alice", "bob", "carol"]
    for user, fields in zip(users, await asyncio.gather(*map(request, users)), strict=True):
        assert fields == {"user": user, "operation": f"of {user}"}


def test_a_note_outside_of_a_request_goes_nowhere() -> None:
    bind(user="alice")
    assert "user" not in json.loads(JsonFormatter().format(record("swept")))


@pytest.mark.parametrize(
    "secret",
    [
        "https://bucket.example/attachments/k?X-Amz-Credential=AKIA&X-Amz-Signature=SECRET",
        "/uploads/atc_1?policy=SECRET&signature=SECRET",
        "Authorization: Bearer SECRET",
        "Incorrect API key provided: sk-SECRETSECRET",
        "token eyJSECRET.eyJTRUNSRVQ.SECRET is not valid",
        "postgresql://chatkit:SECRET@db/chatkit",
    ],
)
def test_secrets_are_hidden_wherever_they_turn_up(secret: str) -> None:
    assert "SECRET" not in without_secrets(f"it failed: {secret} (again)")
    for formatter in (JsonFormatter(), TextFormatter()):
        assert "SECRET" not in formatter.format(record("it failed: %s", secret, url=secret))


def test_an_exception_keeps_where_and_why_but_no_values() -> None:
    try:
        try:
            raise ValueError("1 validation error for Message\n  input_value='my secret diary'")
        except ValueError as exc:
            raise RuntimeError("it broke") from exc
    except RuntimeError as exc:
        failed = record("unexpected")
        failed.exc_info = (type(exc), exc, exc.__traceback__)
    line = json.loads(JsonFormatter().format(failed))
    assert "builtins.RuntimeError: it broke" in line["exception"]
    assert "builtins.ValueError: 1 validation error for Message" in line["exception"]
    assert any("test_logs.py" in each for each in line["exception"])
    assert "diary" not in json.dumps(line)
    assert "diary" not in TextFormatter().format(failed)


def test_an_id_that_a_caller_made_up_forges_no_line_and_fills_no_disk() -> None:
    made_up = "x\n12:00:00 INFO forged\x1b[2J" + "y" * 1_000_000
    for formatter in (JsonFormatter(), TextFormatter()):
        line = formatter.format(record("request", thread=made_up))
        assert "\n" not in line and "\x1b" not in line
        assert len(line) < 1000
