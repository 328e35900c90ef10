"""Answers of the whole service that end other than well: in words, and nothing is lost."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from app.chat import saving
from app.database.thread_store import PostgresStore
from app.errors import DatabaseUnavailable
from app.settings.environment import Settings
from tests.model_api import Call, Incomplete, ModelApi, Reply, Text, model_api
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    Event,
    answer_of,
    running,
    test_settings,
    thread_id_of,
    user_message,
)
from tests.settings import changed

AGENTS = "tests.unit.fakes.agents"


@pytest.fixture
def provider() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture
def settings_with_model(
    database_url: str, seaweedfs_bucket: TestBucket, provider: ModelApi
) -> Settings:
    return test_settings(
        database_url,
        seaweedfs_bucket,
        openai_api_key="sk-test",
        openai_base_url=provider.base_url,
        agent=f"{AGENTS}:create",
    )


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_PAUSES_SECONDS", (0.0, 0.0))


def titled_thread(alice: ChatKitClient) -> str:
    return thread_id_of(alice.say("hello"))


def errors_in(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "error"]


class AwayDatabase:
    """Lets the database be away for the next writes of answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures = 0
        original = PostgresStore.add_thread_item

        async def add_thread_item(store: PostgresStore, *args: Any) -> None:
            if self.failures:
                self.failures -= 1
                raise DatabaseUnavailable
            await original(store, *args)

        monkeypatch.setattr(PostgresStore, "add_thread_item", add_thread_item)


def test_half_an_answer_is_in_the_thread_afterwards(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice)
        provider.script.append(Reply(Text("Half of"), ending=Incomplete()))
        [error] = errors_in(alice.say("Write a book.", thread_id=thread_id))
        assert "limit of length" in error["message"]
        newest = alice.call("items.list", thread_id=thread_id, order="desc")["data"][0]
        assert newest["content"][0]["text"].startswith("Half of\n\n*(This answer is incomplete")
        assert answer_of(alice.say("Go on.", thread_id=thread_id)) == "Noted."


def test_a_database_that_is_away_for_a_moment_loses_no_answer(
    settings_with_model: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice)
        AwayDatabase(monkeypatch).failures = 2
        events = alice.say("Hello?", thread_id=thread_id)
        assert errors_in(events) == [] and answer_of(events) == "Noted."
        newest = alice.call("items.list", thread_id=thread_id, order="desc")["data"][0]
        assert newest["content"][0]["text"] == "Noted."


def test_a_database_that_stays_away_ends_the_answer_in_words(
    settings_with_model: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice)
        away = AwayDatabase(monkeypatch)
        away.failures = 3
        [error] = errors_in(alice.say("Hello?", thread_id=thread_id))
        assert "database" in error["message"] and error["allow_retry"] is True
        assert away.failures == 0
        assert answer_of(alice.say("Hello?", thread_id=thread_id)) == "Noted."


@pytest.mark.parametrize(
    ("agent", "call", "words"),
    [
        (f"{AGENTS}:create", Call("fail"), "A tool of the assistant failed"),
        (f"{AGENTS}:broken", None, "an error in its program"),
    ],
)
def test_a_fault_of_the_operators_code_is_shown_in_words_and_logged_with_its_stack(
    settings_with_model: Settings,
    provider: ModelApi,
    caplog: pytest.LogCaptureFixture,
    agent: str,
    call: Call | None,
    words: str,
) -> None:
    provider.answer = lambda received: call or Text() if received.body.get("stream") else Text()
    with running(changed(settings_with_model, agent=agent)) as base_url:
        [error] = errors_in(ChatKitClient.of(base_url).say("Hello"))
    assert words in error["message"]
    [record] = [each for each in caplog.records if "the answer failed" in each.getMessage()]
    assert record.exc_info and record.exc_info[0] is not None


def test_what_is_rejected_is_logged_without_a_stack(
    settings_with_model: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        assert errors_in(alice.say("Look.", "atc_that_never_was"))
        assert errors_in(alice.say("Do my homework."))
    of_ours = [each for each in caplog.records if not each.name.startswith("uvicorn")]
    assert [each for each in of_ours if each.exc_info or each.levelno >= logging.ERROR] == []


def test_a_locked_thread_takes_no_message_and_says_so(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice)
        provider.script.extend([Call("lock"), Text("It is locked now.")])
        assert answer_of(alice.say("Lock it.", thread_id=thread_id)) == "It is locked now."
        items = alice.call("items.list", thread_id=thread_id)["data"]
        requests = len(provider.received)

        [error] = errors_in(alice.say("One more thing.", thread_id=thread_id))
        assert "locked (the case is settled)" in error["message"]
        assert "new thread" in error["message"]
        message = next(item for item in items if item["type"] == "user_message")
        retry = {"thread_id": thread_id, "item_id": message["id"]}
        assert errors_in(alice.stream("threads.retry_after_item", **retry))
        rejected = alice.send(
            "threads.add_user_message", thread_id=thread_id, input=user_message("Hello?")
        )
        assert rejected.status_code == 409
        assert rejected.json()["error"]["code"] == "thread_not_open"

        assert alice.call("items.list", thread_id=thread_id)["data"] == items
        assert len(provider.received) == requests
