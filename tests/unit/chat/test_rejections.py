"""When the provider rejects a request, the file at fault is found and left out."""

import json
import sys
from types import ModuleType
from typing import Any

import pytest
from agents import Agent, handoff
from agents.extensions.handoff_filters import remove_all_tools
from chatkit.errors import CustomStreamError

from tests.model_api import Call, Error, Failed, ModelApi, Reply
from tests.unit.fakes.attachments import png
from tests.unit.fakes.conversation import Conversation, both_apis, conversation, images_in, texts_of

INVALID = "The part can't be used."


def at(item: int, part: int, *, tool: bool = False) -> Error:
    """A rejection that names a part of the Responses API's input."""
    where = f"input[{item}].{'output' if tool else 'content'}[{part}]"
    return Error(400, INVALID, code="invalid_value", param=where)


def problems(chat: Conversation) -> dict[str, str | None]:
    return {row.name: row.problem for row in chat.attachments.rows.values()}


@both_apis
async def test_a_rejected_file_is_named_and_later_turns_send_a_note(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        good = chat.attachments.add("good.png", "image/png", png(10, 10))
        bad = chat.attachments.add("bad.png", "image/png", png(20, 20))
        # Parts of the message: text, announcement, good, announcement, bad.
        param = {
            "responses": "input[0].content[4].image_url",
            "chat_completions": "messages.[1].content.[4].image_url",
        }[model_api]
        api.script.append(Error(400, "Invalid image data.", code="invalid_value", param=param))
        answers = texts_of(await chat.say("Look.", good, bad))
        assert len(answers) == 2
        assert "“bad.png”" in answers[0] and "Invalid image data." in answers[0]
        assert "good.png" not in answers[0]
        assert answers[1] == "Noted."
        assert images_in(api.last) == 1

        await chat.say("And now?")
        assert images_in(api.last) == 1
        assert "rejected it and said: Invalid image data." in api.last.texts()


async def test_a_file_rejected_in_the_stream_is_treated_the_same(api: ModelApi) -> None:
    async with conversation(api) as chat:
        only = chat.attachments.add("only.png", "image/png", png(10, 10))
        failed = Failed("The image could not be parsed.", code="image_parse_error")
        api.script.append(Reply(ending=failed))
        answers = texts_of(await chat.say("Look.", only))
    assert "“only.png”" in answers[0] and "could not be parsed" in answers[0]
    assert images_in(api.last) == 0


async def test_no_file_is_blamed_if_the_request_without_it_is_rejected_too(api: ModelApi) -> None:
    async with conversation(api) as chat:
        fine = chat.attachments.add("fine.png", "image/png", png(10, 10))
        api.script.extend([Error(400, "Nope."), Error(400, "Nope.")])
        with pytest.raises(CustomStreamError, match="Nope"):
            await chat.say("Look.", fine)
        assert chat.attachments.rows[fine.id].problem is None
        await chat.answer()
    assert images_in(api.last) == 1


@both_apis
async def test_of_two_files_with_equal_bytes_the_one_at_fault_is_found(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        files = [chat.attachments.add(f"copy {n}.png", "image/png", png(9, 9)) for n in (1, 2, 3)]
        # Typed text, then an announcement and an image of each file.
        param = {
            "responses": "input[0].content[4].image_url",
            "chat_completions": "messages.[1].content.[4].image_url",
        }[model_api]
        api.script.append(Error(400, INVALID, code="invalid_value", param=param))
        await chat.say("Look.", *files)
        found = problems(chat)
    assert found["copy 2.png"] and not found["copy 1.png"] and not found["copy 3.png"]


@both_apis
async def test_a_file_that_a_tool_brought_is_found(api: ModelApi, model_api: str) -> None:
    async with conversation(api, model_api=model_api, model_max_images=1) as chat:
        old = chat.attachments.add("old.png", "image/png", png(10, 10))
        new = chat.attachments.add("new.png", "image/png", png(20, 20))
        fetch = Call("fetch_attachment", {"id": old.id, "offset": 0})
        await chat.say("Look.", old)
        # Of the request after the call: question, answer, question, call, output.
        param = {
            "responses": "input[4].output[1].image_url",
            "chat_completions": "messages.[6].content.[1].image_url",
        }[model_api]
        api.script.extend([fetch, Error(400, INVALID, code="invalid_value", param=param)])
        answers = texts_of(await chat.say("And this.", new))
        found = problems(chat)
    assert answers[0].startswith("The file “old.png” could not be used")
    assert found["old.png"] and not found["new.png"]


async def test_a_rejected_file_is_not_fetched_again_in_the_same_answer(api: ModelApi) -> None:
    async with conversation(api) as chat:
        file = chat.attachments.add("bad.png", "image/png", png(10, 10))
        fetch = Call("fetch_attachment", {"id": file.id, "offset": 0})
        api.script.extend([at(0, 2), fetch])
        answers = texts_of(await chat.say("Look.", file))
    assert answers[0].startswith("The file “bad.png” could not be used")
    assert "Noted." in answers
    assert api.last.texts().count(f"said: {INVALID}") == 2  # its own place, and the tool's output


async def test_after_a_handoff_the_file_at_fault_is_found(
    api: ModelApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    specialist: Agent[Any] = Agent(name="Specialist")
    desk: Agent[Any] = Agent(
        name="Desk", handoffs=[handoff(specialist, input_filter=remove_all_tools)]
    )
    module = ModuleType("desk")
    module.create = lambda: desk  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "desk", module)
    async with conversation(api, agent="desk:create") as chat:
        files = [chat.attachments.add(f"{n}.png", "image/png", png(9, n)) for n in (1, 2)]
        api.script.extend([Call("transfer_to_specialist", {}), at(0, 4)])
        await chat.say("Look.", *files)
        found = problems(chat)
    assert found["2.png"] and not found["1.png"]


async def test_a_typed_announcement_blames_no_file(api: ModelApi) -> None:
    async with conversation(api) as chat:
        file = chat.attachments.add("notes.txt", "text/plain", b"hello")
        await chat.say("Look.", file)
        forged = next(part["text"] for part in api.last.parts() if "notes.txt" in part["text"])
        fine = chat.attachments.add("fine.png", "image/png", png(10, 10))
        # Question, answer, question: the part at fault is what the person typed.
        api.script.append(at(2, 0))
        await chat.say(forged, fine)
        found = problems(chat)
    assert found["notes.txt"] is None


async def test_a_typed_announcement_is_never_left_out(api: ModelApi) -> None:
    async with conversation(
        api, model_max_request_bytes=1_000_000, model_max_text_chars=400_000
    ) as chat:
        file = chat.attachments.add("notes.txt", "text/plain", b"x" * 370_000)
        await chat.say("Look.", file)
        forged = next(part["text"] for part in api.last.parts() if "notes.txt" in part["text"])
        # What the tool brings has no room beside the text that was typed.
        api.script.append(Call("fetch_attachment", {"id": file.id, "offset": 0}))
        await chat.say(forged)
    typed, fetched = api.last.body["input"][2], api.last.body["input"][4]
    assert typed["content"][0]["text"] == forged
    assert "left out of this request" in fetched["output"][0]["text"]


async def test_no_label_is_sent(api: ModelApi) -> None:
    async with conversation(api) as chat:
        await chat.say("Look.", chat.attachments.add("a.png", "image/png", png(9, 9)))
    assert "label" not in json.dumps(api.last.body["input"])
