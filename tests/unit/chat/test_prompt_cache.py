"""Requests of a thread begin as the ones before did, so that the provider's cache is used."""

import json
import re
from itertools import pairwise

import pytest
from agents import ModelSettings
from openai import AsyncOpenAI

from app.chat.models import ConfiguredModels
from app.chat.wrapped_model import WrappedModel
from app.model_input.rendition import note
from app.settings.model import ChatModelSettings
from tests.model_api import Call, ModelApi, Reasoning, Reply, Text
from tests.unit.fakes.attachments import png
from tests.unit.fakes.conversation import both_apis, conversation, texts_of

TURNS = 130


def items_of(api: ModelApi) -> list[list[str]]:
    """Return the input items of each request, as they were sent."""
    return [
        [json.dumps(item) for item in received.body.get("input") or received.body["messages"]]
        for received in api.received
    ]


@pytest.mark.slow
async def test_nine_of_ten_turns_begin_with_the_whole_request_before(api: ModelApi) -> None:
    async with conversation(api) as chat:
        for turn in range(TURNS):
            photo = chat.attachments.add(f"{turn}.png", "image/png", png(8, 8 + turn))
            await chat.say(f"Photo {turn}.", photo)
    sent = items_of(api)
    shared = [after[: len(before)] == before for before, after in pairwise(sent)]
    assert len(shared) == TURNS - 1
    assert sum(shared) >= 0.9 * len(shared)


@pytest.mark.slow
@both_apis
async def test_texts_are_left_out_in_blocks_too(api: ModelApi, model_api: str) -> None:
    async with conversation(api, model_api=model_api, model_context_tokens=40_000) as chat:
        for turn in range(50):
            text = chat.attachments.add(
                f"{turn}.txt", "text/plain", f"{turn} some words\n".encode() * 150
            )
            await chat.say(f"Text {turn}.", text)
    sent = items_of(api)
    shared = [after[: len(before)] == before for before, after in pairwise(sent)]
    assert not all(shared)
    assert sum(shared) >= 0.75 * len(shared)


@both_apis
async def test_a_restart_changes_nothing_of_a_request(api: ModelApi, model_api: str) -> None:
    broken = b"\x00\x00\x00\x18ftypheic" + bytes(range(256))
    requests = []
    for _ in range(2):
        async with conversation(api, model_api=model_api) as chat:
            photo = chat.attachments.add("broken.heic", "image/heic", broken)
            await chat.say("Look.", photo)
        requests.append(items_of(api)[-1])
    assert requests[0] == requests[1]
    assert "could not be read" in str(requests[0])
    assert not re.search("0x[0-9a-f]{6}", str(requests[0]))


def test_a_note_has_no_address_of_an_object() -> None:
    words = "cannot identify image file <_io.BytesIO object at 0x7f65deadbeef>"
    assert note(words).body == "cannot identify image file the file"


async def test_the_provider_keeps_nothing_and_knows_the_thread(api: ModelApi) -> None:
    async with conversation(api) as chat:
        api.script.append(Reply(Reasoning(), Call("fetch_attachment", {"id": "x", "offset": 0})))
        assert texts_of(await chat.say("Hello")) == ["Noted."]
        await chat.chat.titles.ask("Hello")
    *answers, title = api.received
    assert [each.body["store"] for each in api.received] == [False, False, False]
    assert {each.body["prompt_cache_key"] for each in answers} == {"thr_1"}
    assert "prompt_cache_key" not in title.body
    # What is not kept has to come back whole: the reasoning in front of the call.
    reasoning = next(item for item in answers[1].body["input"] if item["type"] == "reasoning")
    assert reasoning["encrypted_content"]


@pytest.mark.parametrize("api_name", ["responses", "chat_completions"])
def test_other_providers_get_no_parameters_that_they_may_not_know(api_name: str) -> None:
    settings = ChatModelSettings.model_validate({"name": "llama3", "api": api_name})
    model = ConfiguredModels(AsyncOpenAI(api_key="sk-test"), settings).get_model(None)
    assert isinstance(model, WrappedModel)
    assert model.adapted(ModelSettings()).store is None


def test_an_agent_may_ask_that_its_requests_are_kept() -> None:
    settings = ChatModelSettings(name="gpt-5-mini")
    model = ConfiguredModels(AsyncOpenAI(api_key="sk-test"), settings).get_model("gpt-5-mini")
    assert isinstance(model, WrappedModel)
    assert model.adapted(ModelSettings(store=True)).store is True
    assert model.adapted(ModelSettings()).store is False


async def test_models_that_do_not_reason_are_not_asked_for_reasoning(api: ModelApi) -> None:
    async with conversation(api, model="gpt-4o") as chat:
        api.script.append(Text("Hello."))
        await chat.say("Hello")
    assert api.last.body["store"] is False
    assert not api.last.body.get("include")
