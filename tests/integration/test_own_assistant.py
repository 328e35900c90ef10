"""An assistant that ASSISTANT names: every hook that it overrides is used, the rest works."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from app.assistant import Assistant
from app.chat.tools import FILE_TOOLS
from app.settings.environment import Settings
from app.wiring.application import create_application
from tests.integration import own_assistant
from tests.model_api import Call, ModelApi, Text, UrlCitation, model_api
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
from tests.serving import serving
from tests.settings import changed

Json = dict[str, Any]
STATION = {"type": "input_tag", "id": "station_42", "text": "Museum", "data": {"line": "A"}}
AUDIO = {"audio_base64": base64.b64encode(b"sound").decode(), "mime_type": "audio/webm"}


@pytest.fixture
def provider() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket, provider: ModelApi) -> Settings:
    return test_settings(
        database_url,
        seaweedfs_bucket,
        openai_api_key="sk-test",
        openai_base_url=provider.base_url,
        assistant="tests.integration.own_assistant:Stations",
    )


@pytest.fixture
def alice(settings: Settings) -> Iterator[ChatKitClient]:
    with running(settings) as base_url:
        yield ChatKitClient.of(base_url)


def chosen(text: str, **options: Any) -> Json:
    return {**user_message(text), "inference_options": options}


def items_of(events: list[Event], kind: str) -> list[Json]:
    return [
        event["item"]
        for event in events
        if event["type"] == "thread.item.done" and event["item"]["type"] == kind
    ]


def errors_in(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "error"]


def test_start_and_stop_are_called_around_all_requests(settings: Settings) -> None:
    own_assistant.happened.clear()
    with running(settings):
        assert own_assistant.happened == ["start"]
    assert own_assistant.happened == ["start", "stop"]


def test_its_answer_has_its_notice_title_and_stream_options(alice: ChatKitClient) -> None:
    events = alice.say("Hello")
    assert not errors_in(events) and answer_of(events) == "Noted."
    assert [event["message"] for event in events if event["type"] == "notice"]
    [options] = [each["stream_options"] for each in events if each["type"] == "stream_options"]
    assert options == {"allow_cancel": False}
    titles = [each["thread"]["title"] for each in events if each["type"] == "thread.updated"]
    assert titles == ["A trip"]


@pytest.mark.slow
def test_its_tools_get_its_context_after_a_handoff_and_files_too(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    attachment = alice.attach("fares.txt", b"A: 3 euros")
    provider.script.extend(
        [
            Call("transfer_to_planner"),
            Call("find_station", {"id": "station_42"}),
            Call("fetch_attachment", {"id": attachment["id"], "offset": 0}),
            Text("It is the museum."),
        ]
    )
    events = alice.say("Where is it?", attachment["id"])
    assert not errors_in(events) and answer_of(events) == "It is the museum."
    effects = [each["data"] for each in events if each["type"] == "client_effect"]
    assert effects == [{"id": "station_42"}]
    assert len(items_of(events, "widget")) == 1
    *_, planner, last = provider.received
    names = {tool["name"] for tool in planner.body["tools"]}
    assert names == {"find_station", *(tool.name for tool in FILE_TOOLS)}
    assert last.texts().count("A: 3 euros") == 2


def test_its_writer_writes_tags_and_hidden_context(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    message = user_message("Go to ")
    message["content"].append(STATION)
    assert not errors_in(alice.stream("threads.create", input=message))
    assert "<station>A</station>" in provider.last.texts()
    assert "Hidden: the fare is 3 euros" in provider.last.texts()


def test_its_stream_converter_converts_citations(alice: ChatKitClient, provider: ModelApi) -> None:
    citation = UrlCitation("https://example.com/map", "Theirs", 0, 3)
    provider.script.append(Text("See the map.", annotations=[citation]))
    [message] = items_of(alice.say("Where?"), "assistant_message")
    [annotation] = message["content"][0]["annotations"]
    assert annotation["source"]["title"] == "ours"


def test_its_context_has_user_headers_and_metadata(alice: ChatKitClient) -> None:
    own_assistant.happened.clear()
    request = {
        "type": "threads.create",
        "params": {"input": user_message("Hello")},
        "metadata": {"tab": 3},
    }
    alice.http.post("/chatkit", json=request, headers={"x-org-id": "acme", "x-other": "no"})
    [context] = own_assistant.happened
    assert (context.user_id, context.headers) == ("alice", {"x-org-id": "acme"})
    assert context.metadata == {"tab": 3} and context.claims == {}


def test_an_action_replaces_its_widget_and_says_so(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    provider.script.extend(
        [Call("transfer_to_planner"), Call("find_station", {"id": "station_42"}), Text("There.")]
    )
    events = alice.say("Where?")
    thread_id, [widget] = thread_id_of(events), items_of(events, "widget")
    action = {"type": "choose", "payload": {"id": "station_42"}}
    at = {"thread_id": thread_id, "item_id": widget["id"], "action": action}
    acted = alice.stream("threads.custom_action", **at)
    assert not errors_in(acted) and answer_of(acted) == "You chose station_42"
    stored = alice.call("items.list", thread_id=thread_id)["data"]
    [replaced] = [item for item in stored if item["type"] == "widget"]
    assert replaced["widget"]["children"][0]["value"] == "Chosen: station_42"
    assert alice.call("threads.sync_custom_action", **at)["updated_item"]["id"] == widget["id"]


def test_feedback_and_dictation_are_its_own(alice: ChatKitClient) -> None:
    own_assistant.happened.clear()
    events = alice.say("Hello")
    [message] = items_of(events, "assistant_message")
    own_assistant.happened.clear()
    alice.call(
        "items.feedback",
        thread_id=thread_id_of(events),
        item_ids=[message["id"]],
        kind="positive",
    )
    assert own_assistant.happened == [("positive", 1)]
    assert alice.call("input.transcribe", **AUDIO)["text"] == "5 bytes of audio/webm"


def test_its_entities_are_found_beside_files_and_previewed(alice: ChatKitClient) -> None:
    attachment = alice.attach("museum.txt", b"open at nine")
    alice.say("Keep it.", attachment["id"])
    found = alice.http.get("/entities", params={"query": "museum"}).json()["entities"]
    assert [entity["id"] for entity in found] == ["station_42", attachment["id"]]
    assert found[0]["group"] == "Stations" and found[0]["data"] == {"line": "A"}
    for entity in found:
        assert alice.http.get(f"/entities/{entity['id']}/preview").json()["preview"]["children"]
    assert alice.http.get("/entities/station_43/preview").status_code == 404


def test_its_routes_know_the_user(alice: ChatKitClient) -> None:
    answer = alice.http.get("/stations").json()
    assert answer == {"user": "alice", "stations": {"station_42": "Museum"}}
    anonymous = alice.http.get("/stations", headers={"x-forwarded-user": ""})
    assert anonymous.status_code == 401


# The composer's choice


def test_the_composer_is_offered_models_and_tools(alice: ChatKitClient) -> None:
    composer = alice.http.get("/config.json").json()["composer"]
    assert composer["models"] == [{"id": "gpt-5.1", "label": "Thorough", "description": "Slower."}]
    assert [tool["id"] for tool in composer["tools"]] == ["plan", "find_station"]


def test_a_chosen_model_answers_until_the_next_message(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    events = alice.stream("threads.create", input=chosen("Hello", model="gpt-5.1"))
    assert not errors_in(events) and provider.last.body["model"] == "gpt-5.1"
    assert provider.last.body["reasoning"] == {"effort": "none"}  # this model's own default
    alice.say("And now?", thread_id=thread_id_of(events))
    assert provider.last.body["model"] == "gpt-5-mini"


def test_a_chosen_tool_is_called_or_routes_to_an_agent(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    provider.script.extend([Call("find_station", {"id": "station_42"}), Text("There.")])
    by_name = chosen("Find it", tool_choice={"id": "find_station"})
    assert not errors_in(alice.stream("threads.create", input=by_name))
    first, second = provider.received
    assert first.body["tool_choice"] == {"type": "function", "name": "find_station"}
    assert "tool_choice" not in second.body or second.body["tool_choice"] == "auto"
    routed = chosen("Plan it", tool_choice={"id": "plan"})
    assert not errors_in(alice.stream("threads.create", input=routed))
    assert provider.last.body["instructions"].startswith("You plan trips.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "gpt-9"}, "“gpt-9” can't be chosen here. Choose one of: gpt-5-mini, gpt-5.1."),
        ({"tool_choice": {"id": "fly"}}, "“fly” can't be chosen here. Choose one of: plan, find"),
    ],
)
def test_what_is_not_offered_is_rejected_in_words(
    alice: ChatKitClient, options: Json, words: str
) -> None:
    response = alice.send("threads.create", input=chosen("Hello", **options))
    assert response.status_code == 400 and words in response.json()["message"]
    assert response.json()["error"]["param"].startswith("inference_options.")
    assert alice.call("threads.list")["data"] == []


# Errors in its code


@pytest.fixture
def failing(settings: Settings, caplog: pytest.LogCaptureFixture) -> Iterator[ChatKitClient]:
    with running(
        changed(settings, assistant="tests.integration.own_assistant:Failing")
    ) as base_url:
        yield ChatKitClient.of(base_url)
    faults = [record.exc_text or "" for record in caplog.get_records("call") if record.exc_info]
    assert faults and all("own_assistant.py" in text for text in faults)


SENTENCE = "The assistant failed because of an error in its program. Try again."


def test_an_error_in_respond_keeps_the_text_and_gives_a_sentence(failing: ChatKitClient) -> None:
    events = failing.say("Hello")
    [error] = errors_in(events)
    assert error["message"] == SENTENCE and error["allow_retry"]
    assert answer_of(events) == "Half an answer"
    stored = failing.call("items.list", thread_id=thread_id_of(events))["data"]
    assert any(item["type"] == "assistant_message" for item in stored)


def test_an_error_in_an_action_gives_a_sentence(failing: ChatKitClient) -> None:
    at: Json = {
        "thread_id": thread_id_of(failing.say("Hello")),
        "action": {"type": "go", "payload": {}},
    }
    [error] = errors_in(failing.stream("threads.custom_action", **at))
    assert error["message"] == SENTENCE
    response = failing.send("threads.sync_custom_action", **at)
    assert (response.status_code, response.json()["message"]) == (500, SENTENCE)


def test_an_error_in_dictation_or_entities_gives_a_sentence(failing: ChatKitClient) -> None:
    spoken = failing.send("input.transcribe", **AUDIO)
    found = failing.http.get("/entities")
    for response in (spoken, found):
        assert (response.status_code, response.json()["message"]) == (500, SENTENCE)
        assert response.json()["error"]["code"] == "assistant_failed"


def test_an_action_that_nobody_handles_is_named(settings: Settings) -> None:
    with serving(create_application(settings, Assistant())) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = thread_id_of(alice.say("Hello"))
        at: Json = {"thread_id": thread_id, "action": {"type": "go", "payload": {}}}
        [error] = errors_in(alice.stream("threads.custom_action", **at))
        assert error["message"] == "This assistant does not handle the action “go”."
        response = alice.send("threads.sync_custom_action", **at)
        assert response.status_code == 400 and "“go”" in response.json()["message"]


def test_titles_can_be_turned_off(settings: Settings, provider: ModelApi) -> None:
    off = settings.model_copy(update={"model": settings.model.model_copy(update={"titles": False})})
    with serving(create_application(off, Assistant())) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = thread_id_of(alice.say("Hello"))
        assert alice.call("threads.get_by_id", thread_id=thread_id).get("title") is None
    assert len(provider.received) == 1
