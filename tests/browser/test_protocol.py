"""What an answer asks of the page: tools, effects, questions; and threads that take no messages."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from chatkit.types import (
    AudioInput,
    ClientEffectEvent,
    ClientToolCallItem,
    LockedStatus,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
)
from playwright.sync_api import Request, expect

from app.chat.server import AssistantServer
from app.database.identifiers import new_id
from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.host_page import effects, mount
from tests.browser.person import Person, barriers
from tests.browser.scripted import answer_with, said


def params_of(request: Request) -> dict[str, Any]:
    body = request.post_data_json
    assert isinstance(body, dict)
    params: dict[str, Any] = body["params"]
    return params


def test_a_tool_of_the_page_runs_and_its_result_reaches_the_assistant(
    new_site: SiteFactory, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        if message is None:
            async for event in said(thread, "It is placed."):
                yield event
            return
        yield ClientEffectEvent(name="highlight", data={"id": 3})
        yield ThreadItemDoneEvent(
            item=ClientToolCallItem(
                id=new_id("tool_call"),
                thread_id=thread.id,
                created_at=datetime.now(),
                call_id="call_1",
                name="place",
                arguments={"x": 1},
            )
        )

    answer_with(monkeypatch, answer)
    alice = new_person(new_site(origins=1))
    mount(alice.page, run_tool=lambda call: {call["name"]: call["params"]["x"] + 1})
    with alice.page.expect_request(
        lambda request: "add_client_tool_output" in (request.post_data or "")
    ) as sent:
        alice.send("Place it")
    assert params_of(sent.value)["result"] == {"place": 2}
    expect(alice.answers.last).to_contain_text("It is placed.")
    expect(alice.answers.first).to_contain_text("“place” has run in this page.")
    assert effects(alice.page) == [("highlight", {"id": 3})]


def test_questions_are_answered_in_a_form_and_a_locked_chat_takes_no_message(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        if message is None:
            thread.status = LockedStatus(reason="Waiting for the kitchen.")
            async for event in said(thread, "Thank you."):
                yield event
            return
        sizes = [StructuredInputMultipleChoiceOption(value=size) for size in ("Small", "Large")]
        yield ThreadItemDoneEvent(
            item=StructuredInputItem(
                id=new_id("message"),
                thread_id=thread.id,
                created_at=datetime.now(),
                inputs=[
                    StructuredInputMultipleChoice(id="size", question="Which size?", options=sizes),
                    StructuredInputFreeform(
                        id="note", question="Anything else?", description="Allergies, for example"
                    ),
                ],
            )
        )

    answer_with(monkeypatch, answer)
    alice.send("A pizza")
    form = alice.page.get_by_role("form", name="Questions")
    form.get_by_role("group", name="Which size?").get_by_label("Large").check()
    alice.wait_until_idle()
    assert barriers(alice.page) == []
    form.get_by_role("button", name="Answer", exact=True).click()
    expect(alice.answers.first.get_by_role("definition")).to_have_text(["Large", "Skipped"])
    expect(alice.answers.last).to_contain_text("Thank you.")
    locked = alice.page.get_by_text("Waiting for the kitchen.")
    expect(locked).to_be_visible()
    expect(alice.message_field).to_be_hidden()
    assert barriers(alice.page) == []
    alice.page.get_by_role("link", name="New chat").click()
    expect(alice.message_field).to_be_visible()


MICROPHONE = """() => {
    navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext();
        const [tone, sound] = [context.createOscillator(), context.createMediaStreamDestination()];
        tone.connect(sound);
        tone.start();
        return sound.stream;
    };
}"""


def test_model_tool_and_dictation_stand_beside_the_message(
    new_site: SiteFactory, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings: list[AudioInput] = []

    async def transcribe(
        self: AssistantServer, audio_input: AudioInput, context: object
    ) -> TranscriptionResult:
        recordings.append(audio_input)
        return TranscriptionResult(text="Buy milk")

    monkeypatch.setattr(AssistantServer, "transcribe", transcribe)
    alice = new_person(new_site(origins=1))
    alice.expects_console(r"400 \(Bad Request\)")  # the service offers no such model and tool
    alice.page.evaluate(MICROPHONE)
    composer = {
        "models": [{"id": "small", "label": "Small"}, {"id": "large", "label": "Large"}],
        "tools": [
            {"id": "web", "label": "Search the web", "icon": "globe", "pinned": True},
            {"id": "draw", "label": "Draw", "icon": "write", "placeholderOverride": "What?"},
        ],
    }
    mount(alice.page, config={"composer": composer, "dictation": True})
    alice.page.get_by_role("combobox", name="Model").select_option("Large")
    alice.page.get_by_role("button", name="Search the web").click()
    alice.page.get_by_role("combobox", name="Tool").select_option("Draw")
    expect(alice.page.get_by_role("button", name="Search the web")).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(alice.message_field).to_have_attribute("placeholder", "What?")
    alice.message_field.fill("Please")
    alice.page.get_by_role("button", name="Dictate").click()
    alice.page.get_by_role("button", name="Stop dictating").click()
    expect(alice.message_field).to_have_value("Please Buy milk")
    assert [each.media_type for each in recordings] == ["audio/webm"]
    assert barriers(alice.page) == []
    with alice.page.expect_request(
        lambda request: "threads.create" in (request.post_data or "")
    ) as sent:
        alice.message_field.press("Enter")
    assert params_of(sent.value)["input"]["inference_options"] == {
        "model": "large",
        "tool_choice": {"id": "draw"},
    }
    expect(alice.page.get_by_role("combobox", name="Tool")).to_have_value("")
