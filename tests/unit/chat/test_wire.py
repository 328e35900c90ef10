"""Large requests are sent in pieces, with the same bytes as the OpenAI client sends."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._utils._json import openapi_dumps

from app.chat.wire import JsonBody
from tests.corpus import image
from tests.model_api import Error, ModelApi
from tests.unit.fakes.conversation import conversation

LONG = "data:application/pdf;base64," + "QUJD" * 30_000
STRINGS = st.one_of(
    st.text(),
    st.just(LONG),
    st.just(LONG + "more"),
    st.text(min_size=1).map(lambda text: "data:" + text * 70_000 if len(text) < 3 else text),
)
JSON = st.recursive(
    st.one_of(STRINGS, st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)


async def written(body: JsonBody) -> bytes:
    return b"".join([piece async for piece in body])


@given(JSON)
async def test_the_pieces_are_the_document(value: Any) -> None:
    body = JsonBody.of(value)
    if body is None:
        return
    expected = openapi_dumps(value)
    assert await written(body) == expected
    assert body.length_bytes == len(expected)
    assert await written(body) == expected == body.read()


def test_short_requests_are_sent_by_the_client_itself() -> None:
    assert JsonBody.of({"input": "x" * 200_000, "other": "data:short"}) is None


async def test_pieces_are_small() -> None:
    body = JsonBody.of({"a": LONG * 20})
    assert body is not None
    assert max([len(piece) async for piece in body]) <= 256 * 1024


@pytest.mark.parametrize("model_api", ["responses", "chat_completions"])
async def test_a_large_request_announces_its_length_and_can_be_retried(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        large = image("PNG", "RGB", (360, 360), compress_level=0)
        file = chat.attachments.add("a.png", "image/png", large)
        api.script.append(Error(503, "later"))
        await chat.say("Look.", file)
    first, second = api.received
    assert first.length == second.length == int(second.headers["content-length"])
    assert first.length > len(large)
    assert json.dumps(first.body) == json.dumps(second.body)
