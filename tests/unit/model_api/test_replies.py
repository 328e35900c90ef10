"""What the stand-in sends is what OpenAI's document says, and OpenAI's client understands it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from tests.model_api import Error, ModelApi, Reply, Text
from tests.model_api.document import openai_document
from tests.unit.model_api.asking import (
    ask,
    call,
    chat_user,
    completions,
    output,
    post,
    responses,
    user,
)
from tests.unit.model_api.every_reply import ANNOTATIONS, CUT, HOSTED, WHOLE

Json = dict[str, Any]


def sent(client: OpenAI, api: ModelApi, path: str, body: Json, reply: Reply) -> Iterator[Json]:
    """The events of the stream, as JSON."""
    api.script.append(reply)
    for line in post(client, path, json=body | {"stream": True}).text.splitlines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line.removeprefix("data: "))


def problems(component: str, *values: Json) -> list[str]:
    return [each for value in values for each in openai_document().problems_of(component, value)]


@pytest.mark.parametrize("name", [*WHOLE, *HOSTED])
def test_every_event_is_one_of_the_document(name: str, api: ModelApi, client: OpenAI) -> None:
    reply = (WHOLE | HOSTED)[name]
    events = list(sent(client, api, "responses", responses(), reply))
    assert problems("ResponseStreamEvent", *events) == []
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    last = events[-1]["response"]
    assert problems("Response", last) == []
    assert last["output"] == done
    assert len(done) == len(reply.items)


@pytest.mark.parametrize("name", ["failed", "failed before the first item", "error"])
def test_the_events_of_a_reply_that_is_cut_are_of_the_document(
    name: str, api: ModelApi, client: OpenAI
) -> None:
    events = list(sent(client, api, "responses", responses(), CUT[name]))
    assert problems("ResponseStreamEvent", *events) == []
    assert not any(event["type"].endswith(".done") for event in events)


@pytest.mark.parametrize("name", [*WHOLE, *HOSTED])
def test_the_client_builds_the_same_response_of_a_stream_and_at_once(
    name: str, api: ModelApi, client: OpenAI
) -> None:
    api.repeat_ids = True
    api.script.extend([(WHOLE | HOSTED)[name]] * 2)
    streamed = list(ask(client, responses(stream=True)))[-1].response
    at_once = ask(client, responses())
    assert problems("Response", at_once.to_dict()) == []
    assert (streamed.output, streamed.status) == (at_once.output, at_once.status)


@pytest.mark.parametrize("name", WHOLE)
def test_every_chunk_is_one_of_the_document(name: str, api: ModelApi, client: OpenAI) -> None:
    chunks = list(sent(client, api, "chat/completions", completions(), WHOLE[name]))
    assert problems("CreateChatCompletionStreamResponse", *chunks) == []
    api.script.append(WHOLE[name])
    whole = post(client, "chat/completions", json=completions()).json()
    assert problems("CreateChatCompletionResponse", whole) == []
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    said = "".join(delta.get("content") or "" for delta in deltas)
    assert said == (whole["choices"][0]["message"]["content"] or "")
    reason = chunks[-1]["choices"][0]["finish_reason"]
    assert reason == whole["choices"][0]["finish_reason"]


@pytest.mark.parametrize("is_chat", [False, True])
def test_parallel_calls_arrive_with_all_their_arguments(
    is_chat: bool, api: ModelApi, client: OpenAI
) -> None:
    api.script.append(WHOLE["parallel calls"])
    if is_chat:
        message = ask(client, completions()).choices[0].message
        calls = [
            (each.id, each.function.name, each.function.arguments) for each in message.tool_calls
        ]
    else:
        made = ask(client, responses()).output
        calls = [(each.call_id, each.name, each.arguments) for each in made]
    assert [rest for _, *rest in calls] == [
        ["look", '{"id": "a"}'],
        ["look", '{"id": "b"}'],
        ["stop", "{}"],
    ]
    assert len({id for id, *_ in calls}) == 3


def test_all_kinds_of_annotations_are_in_the_stream_and_in_the_text(
    api: ModelApi, client: OpenAI
) -> None:
    api.script.append(WHOLE["annotations"])
    events = list(ask(client, responses(stream=True)))
    added = [e.annotation for e in events if e.type == "response.output_text.annotation.added"]
    [message] = events[-1].response.output
    kinds = [annotation.fields()["type"] for annotation in ANNOTATIONS]
    assert [each.type for each in added] == kinds
    assert [each.type for each in message.content[0].annotations] == kinds


def test_ids_are_new_in_every_response_unless_they_are_repeated(
    api: ModelApi, client: OpenAI
) -> None:
    def ids() -> list[str]:
        api.script.append(WHOLE["text before a call"])
        made = ask(client, responses())
        return [made.id, *(str(item.id) for item in made.output)]

    assert not set(ids()) & set(ids())
    assert [id.partition("_")[0] for id in ids()] == ["resp", "msg", "fc"]
    api.repeat_ids = True
    assert ids() == ids() == ["resp_1", "msg_1", "fc_1"]


def test_a_provider_that_numbers_ids_takes_one_that_comes_twice(
    api: ModelApi, client: OpenAI
) -> None:
    twice = responses(
        [user(), call(id="fc_1"), output(), call("call_2", id="fc_1"), output("call_2")]
    )
    with pytest.raises(openai.BadRequestError, match="Duplicate item found"):
        ask(client, twice)
    api.repeat_ids = True
    ask(client, twice)


@pytest.mark.parametrize("body", [responses(), completions()], ids=["responses", "chat"])
def test_a_failure_in_the_middle_reaches_the_client(
    body: Json, api: ModelApi, client: OpenAI
) -> None:
    api.script.append(CUT["nested error"])
    with pytest.raises(openai.APIError, match="had an error while processing"):
        list(ask(client, body | {"stream": True}))
    for streams in (True, False):
        api.script.append(CUT["broken"])
        with pytest.raises((httpx2.RemoteProtocolError, openai.APIConnectionError)):
            list(ask(client, body | {"stream": streams}))


def test_a_failure_of_what_does_not_stream_reaches_the_client(
    api: ModelApi, client: OpenAI
) -> None:
    api.script.extend([CUT["failed"]] * 2)
    failed = ask(client, responses())
    assert (failed.status, failed.error.code) == ("failed", "server_error")
    with pytest.raises(openai.InternalServerError, match="had an error while processing"):
        ask(client, completions())


def test_errors_of_the_script_have_openais_shape(api: ModelApi, client: OpenAI) -> None:
    api.script.append(Error(429, "Slow down.", code="rate_limit_exceeded", param="input"))
    answer = post(client, "responses", json=responses())
    assert answer.status_code == 429
    assert problems("ErrorResponse", answer.json()) == []
    assert api.rejections == []


def test_usage_is_in_the_last_chunk_when_it_is_asked_for(api: ModelApi, client: OpenAI) -> None:
    body = completions(stream=True, stream_options={"include_usage": True})
    chunks = list(ask(client, body))
    assert problems("CreateChatCompletionStreamResponse", *(c.to_dict() for c in chunks)) == []
    assert [bool(chunk.usage) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].usage.prompt_tokens > 0


def test_usage_counts_the_tokens_of_input_output_and_reasoning(
    api: ModelApi, client: OpenAI
) -> None:
    api.script.append(WHOLE["reasoning"])
    long = ask(client, responses("word " * 500)).usage
    short = ask(client, responses("word " * 100)).usage
    assert long.input_tokens - short.input_tokens == 400
    assert long.output_tokens_details.reasoning_tokens == 64
    assert long.total_tokens == long.input_tokens + long.output_tokens


def test_an_answer_can_be_made_of_the_request(api: ModelApi, client: OpenAI) -> None:
    api.answer = lambda received: Text(f"{len(received.parts())} parts")
    assert ask(client, responses([user()])).output_text == "1 parts"


def test_a_request_may_have_everything_that_a_run_sends(api: ModelApi, client: OpenAI) -> None:
    """Fields that the Agents SDK sends, of both APIs."""
    ask(
        client,
        responses(
            [user(), call(id="fc_1", status="completed"), output(), user()],
            instructions="Be brief.",
            include=["reasoning.encrypted_content"],
            parallel_tool_calls=True,
            store=False,
            prompt_cache_key="thr_1",
            tools=[{"type": "web_search"}],
        ),
    )
    ask(client, completions({"role": "system", "content": "Be brief."}, chat_user(), store=False))
