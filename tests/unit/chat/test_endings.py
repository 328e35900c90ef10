"""How an answer can end other than well, in both APIs: in words, with what there was of it."""

import asyncio
import gc
import logging

import pytest
from chatkit.types import (
    AssistantMessageContentPartTextDelta,
    AssistantMessageItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadItemUpdatedEvent,
    ThreadStreamEvent,
)

from app.chat.failures import FailureKind, ModelFailed
from tests.model_api import (
    Broken,
    Call,
    Error,
    ErrorEvent,
    Failed,
    Incomplete,
    McpApproval,
    ModelApi,
    Reasoning,
    Refusal,
    Reply,
    Text,
)
from tests.unit.fakes.conversation import Conversation, both_apis, conversation, texts_of
from tests.unit.fakes.threads import CONTEXT, THREAD, user_message

HALF = "Half of an answer"
AGENT = "tests.unit.fakes.agents:create"
INTERRUPTED = f"{HALF}\n\n*(This answer is incomplete: it was interrupted.)*"


async def failing(
    chat: Conversation, text: str = "Hello"
) -> tuple[list[ThreadStreamEvent], ModelFailed]:
    """Return what is streamed of an answer to `text`, and the failure that ends it."""
    events: list[ThreadStreamEvent] = []
    chat.store.items.append(user_message(len(chat.store.items) + 1, text))
    with pytest.raises(ModelFailed) as caught:
        async for event in chat.chat.responder.respond(THREAD, None, CONTEXT):
            events.append(event)
            if isinstance(event, ThreadItemDoneEvent):
                await chat.store.add_thread_item(THREAD.id, event.item, CONTEXT)
    return events, caught.value


def shown(events: list[ThreadStreamEvent]) -> list[str]:
    """Return the texts of the messages as a client has them after the last event."""
    texts: dict[str, str] = {}
    for event in events:
        match event:
            case ThreadItemUpdatedEvent(update=AssistantMessageContentPartTextDelta() as update):
                texts[event.item_id] = texts.get(event.item_id, "") + update.delta
            case ThreadItemDoneEvent(item=AssistantMessageItem() as item):
                texts[item.id] = "".join(content.text for content in item.content)
            case ThreadItemRemovedEvent():
                texts.pop(event.item_id, None)
    return list(texts.values())


@both_apis
async def test_a_refusal_is_an_answer(api: ModelApi, model_api: str) -> None:
    api.script.append(Refusal("I can't help with that."))
    async with conversation(api, model_api=model_api) as chat:
        events = await chat.say("Hello")
        assert texts_of(events) == shown(events) == ["I can't help with that."]
        await chat.say("Why?")
    assert "I can't help with that." in api.last.texts()


@both_apis
@pytest.mark.parametrize(
    ("ending", "text", "kind", "retry"),
    [
        (
            Incomplete("max_output_tokens"),
            f"{HALF}\n\n*(This answer is incomplete: it has reached the model's limit of length.)*",
            FailureKind.CUT,
            False,
        ),
        (
            Incomplete("content_filter"),
            f"{HALF}\n\n*(This answer is incomplete: the content filter of the model's provider"
            " stopped it.)*",
            FailureKind.FILTERED,
            False,
        ),
        (Failed(), INTERRUPTED, FailureKind.PROVIDER_ERROR, True),
        (
            Failed("Slow down.", "rate_limit_exceeded"),
            INTERRUPTED,
            FailureKind.LIMIT_REACHED,
            True,
        ),
        (ErrorEvent(), INTERRUPTED, FailureKind.PROVIDER_ERROR, True),
        (ErrorEvent(nested=True), INTERRUPTED, FailureKind.PROVIDER_ERROR, True),
        (ErrorEvent(code=None), INTERRUPTED, FailureKind.INTERRUPTED, True),
        (Broken(), INTERRUPTED, FailureKind.UNREACHABLE, True),
    ],
)
async def test_half_an_answer_is_kept_and_marked(
    api: ModelApi,
    model_api: str,
    ending: Incomplete | Failed | ErrorEvent | Broken,
    text: str,
    kind: FailureKind,
    retry: bool,
) -> None:
    api.script.append(Reply(Text(HALF), ending=ending))
    async with conversation(api, model_api=model_api) as chat:
        events, failure = await failing(chat)
        assert texts_of(events) == shown(events) == [text]
        assert (failure.kind, failure.allow_retry) == (kind, retry)
        assert failure.message.endswith(".")
        await chat.say("Go on.")
    assert HALF in api.last.texts()


@both_apis
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(ending=Incomplete("max_output_tokens")), FailureKind.CUT),
        (Reply(Reasoning(), ending=Incomplete("max_output_tokens")), FailureKind.CUT),
        (Reply(ending=Incomplete("content_filter")), FailureKind.FILTERED),
        (Reply(), FailureKind.EMPTY),
        (Reply(Text("")), FailureKind.EMPTY),
        (Reply(Text(" \n")), FailureKind.EMPTY),
        (Reply(Reasoning()), FailureKind.EMPTY),
    ],
)
async def test_an_answer_without_text_says_so_and_leaves_nothing(
    api: ModelApi, model_api: str, reply: Reply, kind: FailureKind
) -> None:
    api.script.append(reply)
    async with conversation(api, model_api=model_api) as chat:
        events, failure = await failing(chat)
    assert shown(events) == []
    assert failure.kind is kind


@both_apis
async def test_calls_in_a_response_that_is_cut_are_not_made(api: ModelApi, model_api: str) -> None:
    call = Call("fail")
    api.script.append(Reply(Text(HALF), call, ending=Incomplete()))
    async with conversation(api, model_api=model_api, agent=AGENT) as chat:
        events, failure = await failing(chat)
    assert failure.kind is FailureKind.CUT
    assert [text.startswith(HALF) for text in shown(events)] == [True]
    assert len(api.received) == 1


@both_apis
async def test_a_failure_before_the_first_word_is_explained_by_its_code(
    api: ModelApi, model_api: str
) -> None:
    api.script.append(Reply(Text(""), ending=Failed("Slow down.", "rate_limit_exceeded")))
    async with conversation(api, model_api=model_api) as chat:
        events, failure = await failing(chat)
    assert shown(events) == []
    assert (failure.kind, failure.detail) == (FailureKind.LIMIT_REACHED, "Slow down.")


@both_apis
async def test_a_guardrail_says_its_own_words_and_offers_no_retry(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api, agent=AGENT) as chat:
        events, failure = await failing(chat, "Do my homework.")
    assert shown(events) == []
    assert (failure.kind, failure.allow_retry) == (FailureKind.GUARDRAIL, False)
    assert failure.message == "Do your homework yourself."


@both_apis
async def test_a_guardrail_of_answers_removes_the_answer(api: ModelApi, model_api: str) -> None:
    api.script.append(Text("The secret is 1234."))
    async with conversation(api, model_api=model_api, agent=AGENT) as chat:
        events, failure = await failing(chat)
    assert shown(events) == []
    assert (failure.kind, failure.allow_retry) == (FailureKind.GUARDRAIL, False)
    assert "rule of this assistant" in failure.message


@both_apis
@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ("fail", FailureKind.TOOL_FAILED),
        ("think", FailureKind.TOO_MANY_TURNS),
        ("pay", FailureKind.APPROVAL_NEEDED),
        ("unknown_tool", FailureKind.UNUSABLE),
    ],
)
async def test_a_tool_that_ends_the_answer_is_explained(
    api: ModelApi, model_api: str, tool: str, kind: FailureKind
) -> None:
    api.answer = lambda received: Call(tool)
    async with conversation(api, model_api=model_api, agent=AGENT) as chat:
        _, failure = await failing(chat)
    assert failure.kind is kind
    assert failure.message.endswith(".")


async def test_a_call_that_a_person_has_to_approve_is_explained(api: ModelApi) -> None:
    api.script.append(McpApproval("payments", "pay"))
    async with conversation(api, agent="tests.unit.fakes.agents:with_mcp") as chat:
        _, failure = await failing(chat)
    assert failure.kind is FailureKind.APPROVAL_NEEDED


@both_apis
async def test_context_that_is_no_text_reaches_the_model(api: ModelApi, model_api: str) -> None:
    api.script.append(Call("remember"))
    async with conversation(api, model_api=model_api, agent=AGENT) as chat:
        await chat.say("Remember this.")
        await chat.say("What was it?")
    assert '{"station": 42, "name": "Ödön", "lines": ["A", null]}' in api.last.texts()


@both_apis
async def test_no_task_is_left_when_an_answer_fails_or_is_cancelled(
    api: ModelApi, model_api: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    async with conversation(api, model_api=model_api, agent=AGENT) as chat:
        api.script.append(Call("fail"))
        await failing(chat)
        api.script.append(Error(400, "no", code="unsupported_parameter"))
        await failing(chat)
        await failing(chat, "homework")
        chat.store.items.clear()
        api.script.append(Text("It never ends.", hang_after=1))
        chat.store.items.append(user_message(1, "Go on."))
        async for event in (answer := chat.chat.responder.respond(THREAD, None, CONTEXT)):
            if isinstance(event, ThreadItemUpdatedEvent) and "delta" in event.update.type:
                break
        await answer.aclose()  # type: ignore[attr-defined]  # an async generator
        api.released.set()
    if left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=30)
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
