"""Answers from the stand-in model API: ids, errors, tools, cancelling."""

import asyncio

import pytest
from chatkit.errors import CustomStreamError
from chatkit.types import ThreadItemAddedEvent, ThreadItemDoneEvent, ThreadItemUpdatedEvent

from app.context import RequestContext
from tests.model_api import Call, Error, ModelApi, Text
from tests.unit.fakes.attachments import png
from tests.unit.fakes.conversation import both_apis, conversation, images_in, texts_of
from tests.unit.fakes.threads import CONTEXT, THREAD, user_message


@both_apis
async def test_an_answer_streams_and_two_answers_never_share_an_id(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        api.script.extend([Text("First answer."), Text("Second answer.")])
        first, second = await chat.say("one"), await chat.say("two")
    assert texts_of(first) == ["First answer."]
    assert texts_of(second) == ["Second answer."]
    seen: list[str] = []
    for events in (first, second):
        added = [e.item.id for e in events if isinstance(e, ThreadItemAddedEvent)]
        done = [e.item.id for e in events if isinstance(e, ThreadItemDoneEvent)]
        updated = {e.item_id for e in events if isinstance(e, ThreadItemUpdatedEvent)}
        assert added == done
        assert updated == set(added)
        seen += added
    assert len(set(seen)) == 2
    assert "__fake_id__" not in seen and "msg_1" not in seen


@both_apis
async def test_the_whole_history_goes_to_the_model(api: ModelApi, model_api: str) -> None:
    async with conversation(api, model_api=model_api) as chat:
        for number in range(5):
            await chat.say(f"message {number}")
    texts = api.last.texts()
    assert all(f"message {number}" in texts for number in range(5))
    assert texts.count("Noted.") == 4


@pytest.mark.parametrize(
    ("error", "words", "retry"),
    [
        (Error(401, "Incorrect API key"), "API key", False),
        (Error(404, "no such model", code="model_not_found"), "does not know", False),
        (Error(400, "too long", code="context_length_exceeded"), "longer than the model", False),
        (Error(400, "temperature is odd", code="unsupported_parameter"), "temperature", False),
    ],
)
async def test_an_error_of_the_provider_is_explained(
    api: ModelApi, error: Error, words: str, retry: bool
) -> None:
    api.answer = lambda received: error
    async with conversation(api) as chat:
        with pytest.raises(CustomStreamError, match=words) as caught:
            await chat.say("Hello")
    assert caught.value.allow_retry is retry


async def test_an_unreachable_provider_is_explained(api: ModelApi) -> None:
    gone = ModelApi(base_url="http://127.0.0.1:9/v1")
    async with conversation(gone) as chat:
        assert chat.chat.client is not None
        chat.chat.client.max_retries = 0
        with pytest.raises(CustomStreamError, match="can't be reached"):
            await chat.say("Hello")


@both_apis
async def test_the_model_fetches_the_next_slice_of_a_long_text(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api, model_max_text_chars=1000) as chat:
        text = "".join(f"line {number:06}\n" for number in range(200))
        long = chat.attachments.add("long.txt", "text/plain", text.encode())
        api.script.append(Call("fetch_attachment", {"id": long.id, "offset": 1000}))
        await chat.say("Read it.", long)
    first, second = api.received
    assert text[:1000] in first.texts() and text[1000:1012] not in first.texts()
    assert "characters 0 to 1,000 of 2,400; 1,400 are left" in first.texts()
    assert "offset=1000" in first.texts()
    assert text[1000:2000] in second.texts()


@both_apis
async def test_the_model_fetches_an_image(api: ModelApi, model_api: str) -> None:
    async with conversation(api, model_api=model_api, model_max_images=1) as chat:
        old = chat.attachments.add("old.png", "image/png", png(10, 10))
        new = chat.attachments.add("new.png", "image/png", png(20, 20))
        await chat.say("Look.", old)
        api.script.append(Call("fetch_attachment", {"id": old.id, "offset": 0}))
        await chat.say("And this.", new)
        before, after = api.received[-2:]
    assert images_in(before) == 1 and "left out of this request" in before.texts()
    # The tool's output is the newest, so the other image is left out.
    assert images_in(after) == 1
    assert "left out of this request" in after.texts()


async def test_files_of_other_users_can_not_be_fetched(api: ModelApi) -> None:
    async with conversation(api) as chat:
        foreign = chat.attachments.add("secret.txt", "text/plain", b"secret")
        chat.store.items.append(user_message(1, "Get it."))
        api.script.append(Call("fetch_attachment", {"id": foreign.id, "offset": 0}))
        eve = RequestContext(user_id="eve", request_id="req_2", base_url="http://127.0.0.1")
        async for _ in chat.chat.responder.respond(THREAD, None, eve):
            pass
    assert "There is no file with the id" in api.last.texts()
    assert "secret" not in api.last.texts()


@both_apis
async def test_cancelling_an_answer_stops_the_model(api: ModelApi, model_api: str) -> None:
    async with conversation(api, model_api=model_api) as chat:
        api.script.append(Text("A long answer that never ends.", hang_after=2))
        chat.store.items.append(user_message(1, "Go on."))
        events = chat.chat.responder.respond(THREAD, None, CONTEXT)
        async for event in events:
            if isinstance(event, ThreadItemUpdatedEvent) and "delta" in event.update.type:
                break
        await events.aclose()  # type: ignore[attr-defined]  # an async generator, typed as iterator
        assert await asyncio.to_thread(api.cancelled.wait, 30)
