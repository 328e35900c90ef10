"""What a real provider rejects or breaks: settings of another model, changed ids, citations.

The stand-in rejects what OpenAI documents, and a rejection fails the test when `provider` is torn
down: the service must not get around it silently, as it does with titles.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from agents.models import get_default_model_settings

from app.settings.environment import Settings
from tests.model_api import (
    Annotation,
    Call,
    ContainerFileCitation,
    FileCitation,
    FilePath,
    ModelApi,
    Reasoning,
    Received,
    Reply,
    Text,
    UrlCitation,
    model_api,
)
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    Event,
    answer_of,
    running,
    test_settings,
    thread_id_of,
)
from tests.settings import changed

Json = dict[str, Any]
APIS = ["responses", "chat_completions"]
LONG_TEXT = "".join(f"{number:09}\n" for number in range(11_000))


@pytest.fixture
def provider() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture(params=APIS)
def settings_with_model(
    request: pytest.FixtureRequest,
    database_url: str,
    seaweedfs_bucket: TestBucket,
    provider: ModelApi,
) -> Settings:
    """The model is the default of MODEL."""
    return test_settings(
        database_url,
        seaweedfs_bucket,
        openai_api_key="sk-test",
        openai_base_url=provider.base_url,
        model_api=request.param,
    )


def settings_of(received: Received) -> tuple[str | None, str | None]:
    """Effort and verbosity that a request carries, in either API."""
    body = received.body
    if "messages" in body:
        return body.get("reasoning_effort"), body.get("verbosity")
    return (body.get("reasoning") or {}).get("effort"), (body.get("text") or {}).get("verbosity")


def defaults_of(model: str) -> tuple[str | None, str | None]:
    defaults = get_default_model_settings(model)
    return (defaults.reasoning.effort if defaults.reasoning else None), defaults.verbosity


def said(events: list[Event]) -> str:
    """The answer, which is whole: no event is an error."""
    assert [event for event in events if event["type"] == "error"] == []
    return answer_of(events)


def titled_thread(alice: ChatKitClient, provider: ModelApi) -> str:
    """A thread that has its title, so that the script's replies go to answers alone."""
    thread_id = thread_id_of(alice.say("hello"))
    provider.received.clear()
    return thread_id


# Settings


@pytest.mark.parametrize("model", [None, "gpt-5.1", "gpt-4o", "gpt-4.1-mini"])
def test_answers_and_titles_carry_the_settings_of_their_model(
    model: str | None, settings_with_model: Settings, provider: ModelApi
) -> None:
    settings = settings_with_model
    if model is not None:
        settings = changed(settings, model=model)
    with running(settings) as base_url:
        assert said(ChatKitClient.of(base_url).say("Hello")) == "Noted."
    assert sorted(bool(each.body.get("stream")) for each in provider.received) == [False, True]
    assert {each.body["model"] for each in provider.received} == {settings.model.name}
    assert {settings_of(each) for each in provider.received} == {defaults_of(settings.model.name)}


def test_agents_that_name_no_model_carry_its_settings_in_every_run(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    agent = "tests.integration.agents_without_model:handing_over"
    settings = changed(settings_with_model, agent=agent)
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        provider.script.extend(
            [
                Call("ask_helper", {"input": "What is new?"}),
                Text("Nothing is new."),
                Call("transfer_to_specialist"),
                Text("I am the specialist."),
            ]
        )
        assert said(alice.say("What is new?", thread_id=thread_id)) == "I am the specialist."
    assert len(provider.received) == 4
    assert {settings_of(each) for each in provider.received} == {defaults_of(settings.model.name)}


# Ids


def test_the_request_after_a_tool_call_has_the_ids_that_the_provider_gave(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        attachment = alice.attach("long.txt", LONG_TEXT.encode(), "text/plain")
        calls = [
            Call("fetch_attachment", {"id": attachment["id"], "offset": offset})
            for offset in (100_000, 50_000)
        ]
        provider.script.extend([Reply(Reasoning(), *calls), Text("Read.")])
        answer = alice.say("Read it.", attachment["id"], thread_id=thread_id)
        assert said(answer) == "Read."
        assert said(alice.say("And now?", thread_id=thread_id)) == "Noted."
    _, after, _ = provider.received
    assert "000010999" in after.texts() and "000005000" in after.texts()
    if settings_with_model.model.api == "responses":
        made = [item for item in after.body["input"] if item.get("id")]
        assert [item["type"] for item in made] == ["reasoning", "function_call", "function_call"]
        reasoning, *calls_made = [item["id"] for item in made]
        # Nothing is stored there, but the stand-in knows what it has made.
        assert {provider.memory.reasoned[id] for id in calls_made} == {reasoning}


def test_calls_of_a_provider_that_numbers_its_items_are_answered_too(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    provider.repeat_ids = True
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        attachment = alice.attach("long.txt", LONG_TEXT.encode(), "text/plain")
        call = Call("fetch_attachment", {"id": attachment["id"], "offset": 100_000})
        provider.script.extend([call, call, Text("Read.")])
        assert said(alice.say("Read it.", attachment["id"], thread_id=thread_id)) == "Read."
        items = alice.call("items.list", thread_id=thread_id)["data"]
    assert len({item["id"] for item in items}) == len(items) == 4


# Citations


TEXT = "See the report, the table and the chart."
CITATIONS: tuple[Annotation, ...] = (
    UrlCitation("https://example.com/report", "The report", 4, 14),
    FileCitation("file-1", "table.csv", 25),
    ContainerFileCitation("cntr_1", "cfile_1", "chart.png", 30, 39),
    FilePath("file-2", 39),  # it cites nothing: ChatKit shows none
)
CITED = [
    ("url", "https://example.com/report", 14),
    ("file", "table.csv", 25),
    ("file", "chart.png", 39),
]


def cited(item: Json) -> list[tuple[str, str, int]]:
    """Kind, address or name, and place of each annotation of an assistant message."""
    [content] = item["content"]
    return [
        (source["type"], source.get("url") or source["filename"], annotation["index"])
        for annotation in content["annotations"]
        for source in [annotation["source"]]
    ]


@pytest.mark.parametrize("settings_with_model", ["responses"], indirect=True)
def test_citations_of_all_kinds_reach_the_client_the_store_and_the_rest_api(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        provider.script.append(Text(TEXT, annotations=CITATIONS))
        events = alice.say("What do they say?", thread_id=thread_id)
        assert said(events) == TEXT
        added = [
            event["update"]["annotation"]["source"]["type"]
            for event in events
            if event["type"] == "thread.item.updated"
            and event["update"]["type"] == "assistant_message.content_part.annotation_added"
        ]
        assert added == [kind for kind, _, _ in CITED]
        [done] = [
            event["item"]
            for event in events
            if event["type"] == "thread.item.done" and event["item"]["type"] == "assistant_message"
        ]
        assert cited(done) == CITED

        stored = alice.call("items.list", thread_id=thread_id)["data"]
        assert cited(next(item for item in stored if item["id"] == done["id"])) == CITED

        listed = alice.http.get(f"/v1/chatkit/threads/{thread_id}/items").json()["data"]
        [content] = next(item for item in listed if item["id"] == done["id"])["content"]
        assert [
            (each["type"], each["source"].get("url") or each["source"]["filename"])
            for each in content["annotations"]
        ] == [(kind, name) for kind, name, _ in CITED]

        assert said(alice.say("And now?", thread_id=thread_id)) == "Noted."
