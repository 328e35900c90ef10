"""Requests that OpenAI's document rejects, in the words of its API."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.model_api import ModelApi, model_api
from tests.model_api.document import AMENDMENTS, openai_document
from tests.unit.model_api.asking import ask, completions, post, responses, user

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("body", "code", "param", "says"),
    [
        (responses(extra_body={"foo": 1}), "unknown_parameter", "foo", "Unknown parameter: 'foo'."),
        (
            responses([user() | {"id": "msg_1", "foo": 1}]),
            "unknown_parameter",
            "input[0].id",
            "Unknown parameter: 'input[0].id'.",
        ),
        (
            responses([user({"type": "input_text", "text": "x", "cache": 1})]),
            "unknown_parameter",
            "input[0].content[1].cache",
            "Unknown parameter: 'input[0].content[1].cache'.",
        ),
        (
            responses([user({"type": "file", "text": "x"})]),
            "invalid_value",
            "input[0].content[1].type",
            "Invalid value: 'file'. Supported values are: 'input_text', 'input_image', and"
            " 'input_file'.",
        ),
        (
            responses([{"type": "function_call", "call_id": "call_1", "name": "look"}]),
            "missing_required_parameter",
            "input[0].arguments",
            "Missing required parameter: 'input[0].arguments'.",
        ),
        (responses([5]), "invalid_type", "input[0]", "Invalid type for 'input[0]'"),  # type: ignore[list-item]  # wrong on purpose
        (
            responses(max_output_tokens=5),
            "integer_below_min_value",
            "max_output_tokens",
            "Expected a value >= 16, but got 5 instead.",
        ),
        (
            responses(safety_identifier="x" * 65),
            "string_above_max_length",
            "safety_identifier",
            "Expected a string with maximum length 64, but got a string with length 65 instead.",
        ),
        (
            responses(reasoning={"effort": "huge"}),
            "invalid_value",
            "reasoning.effort",
            "Invalid value: 'huge'. Supported values are: 'none', 'minimal', 'low', 'medium',"
            " 'high', 'xhigh', and 'max'.",
        ),
        (
            completions(extra_body={"reasoning": {}}),
            "unknown_parameter",
            "reasoning",
            "Unknown parameter: 'reasoning'.",
        ),
        (
            completions({"role": "user", "content": []}),
            "empty_array",
            "messages[0].content",
            "Invalid 'messages[0].content': empty array.",
        ),
        (
            completions({"role": "tool", "tool_call_id": "c", "content": [{"type": "image_url"}]}),
            "invalid_value",
            "messages[0].content[0].type",
            "Invalid value: 'image_url'. Supported values are: 'text'.",
        ),
    ],
)
def test_what_the_document_rejects_is_named(
    body: Json, code: str, param: str, says: str, client: OpenAI
) -> None:
    with pytest.raises(BadRequestError) as rejected:
        ask(client, body)
    assert (rejected.value.code, rejected.value.param) == (code, param)
    answer = rejected.value.response.json()
    assert openai_document().problems_of("ErrorResponse", answer) == []
    assert says in rejected.value.message


@pytest.mark.usefixtures("api")
def test_amendments_are_of_the_document_and_have_a_source() -> None:
    assert all(amendment.source for amendment in AMENDMENTS)
    assert openai_document().problems_of("OutputTextContent", {"type": "output_text"}) != []


def test_models_are_those_of_the_document_and_those_of_the_test(
    api: ModelApi, client: OpenAI
) -> None:
    assert {"gpt-5-mini", "gpt-4o", "o3", "gpt-5.6-luna"} <= openai_document().models()
    api.more_models = frozenset({"llama3"})
    ask(client, completions(model="llama3"))


@pytest.mark.parametrize(
    ("environment", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_without_the_document_tests_fail_in_ci_and_are_skipped_elsewhere(
    environment: str,
    outcome: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.model_api.DOCUMENT", tmp_path / "openapi.json")
    monkeypatch.setenv("CI", environment)
    with pytest.raises(outcome, match="OpenAPI document"), model_api():
        pass


def test_operations_that_it_has_not_are_rejected(api: ModelApi, client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="Invalid URL"):
        client.embeddings.create(model="text-embedding-3-small", input="x")
    assert post(client, "responses", content=b"{").status_code == 400
    assert "could not parse" in post(client, "responses", content=b"[]").text


def test_a_key_is_needed(api: ModelApi) -> None:
    answer = httpx.post(f"{api.base_url}/responses", json=responses())
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("You didn't provide an API key.")
