"""Answers of the whole service with a model's provider behind it, over real HTTP both ways."""

import asyncio
import base64
import contextlib
from collections.abc import Iterator

import httpx
import pytest
from chatkit.types import UserMessageItem

from app.chat.titles import Titles
from app.settings.environment import Settings
from tests.corpus import image, sound
from tests.integration.test_cancel import partial_answers, start_answer
from tests.model_api import Call, Error, ModelApi, Text, model_api
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    answer_of,
    running,
    test_settings,
    thread_id_of,
)
from tests.waiting import wait_until

APIS = ["responses", "chat_completions"]


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
    return test_settings(
        database_url,
        seaweedfs_bucket,
        openai_api_key="sk-test",
        openai_base_url=provider.base_url,
        model="gpt-5-mini",
        model_api=request.param,
    )


def titled_thread(alice: ChatKitClient, provider: ModelApi) -> str:
    """A thread that has its title, so that the script's replies go to answers alone."""
    provider.script.extend([Text("Files"), Text("Files")])
    thread_id = thread_id_of(alice.say("hello"))
    provider.received.clear()
    return thread_id


@pytest.mark.slow
def test_a_new_thread_is_named_by_the_model_and_the_ui_is_told(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    provider.script.extend([Text("Contracts compared"), Text("Contracts compared")])
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        events = alice.say("Compare them.")
        updates = [e["thread"]["title"] for e in events if e["type"] == "thread.updated"]
        assert updates == ["Contracts compared"]
        thread = alice.call("threads.get_by_id", thread_id=thread_id_of(events))
        assert thread["title"] == "Contracts compared"


def test_a_title_that_a_person_gives_during_the_first_answer_is_kept(
    settings_with_model: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)

        async def title_of(titles: Titles, message: UserMessageItem) -> str:
            rename = {"thread_id": message.thread_id, "title": "Mine"}
            await asyncio.to_thread(alice.call, "threads.update", **rename)
            return "A Title"

        monkeypatch.setattr(Titles, "title_of", title_of)
        events = alice.say("Compare them.")
        assert answer_of(events) == "Noted."
        thread = alice.call("threads.get_by_id", thread_id=thread_id_of(events))
        assert thread["title"] == "Mine"
        updates = [e["thread"]["title"] for e in events if e["type"] == "thread.updated"]
        assert updates == ["Mine"]


@pytest.mark.slow
def test_a_refused_file_is_remembered_across_a_restart(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    body = image("PNG")
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        attachment = alice.attach("odd.png", body, "image/png")
        provider.script.append(Error(400, "Invalid image data in odd.png.", code="invalid_image"))
        answer = answer_of(alice.say("Look.", attachment["id"], thread_id=thread_id))
        assert "“odd.png”" in answer and "Invalid image data" in answer
        assert answer.endswith("Noted.")
        first, second = provider.received
        assert encoded(body) in str(first.body) and encoded(body) not in str(second.body)
    with running(settings_with_model) as base_url:
        ChatKitClient.of(base_url).say("And now?", thread_id=thread_id)
        assert encoded(body) not in str(provider.last.body)
        assert "Invalid image data" in provider.last.texts()


@pytest.mark.slow
def test_a_reader_that_goes_away_leaves_the_partial_text_and_stops_the_model(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        provider.script.append(Text("A long answer that never ends.", hang_after=2))
        with contextlib.closing(start_answer(alice, thread_id)):
            pass
        assert provider.cancelled.wait(30)
        [partial] = wait_until(lambda: partial_answers(alice, thread_id))
        assert alice.say("Again.", thread_id=thread_id)[-1]["type"] != "error"
        assert partial == "A long answer th"[: len(partial)] and partial
        assert partial in provider.last.texts()


@pytest.mark.slow
def test_a_file_is_fetched_by_the_tool(settings_with_model: Settings, provider: ModelApi) -> None:
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        text = "".join(f"{number:09}\n" for number in range(11_000))
        attachment = alice.attach("long.txt", text.encode(), "text/plain")
        provider.script.append(
            Call("fetch_attachment", {"id": attachment["id"], "offset": 100_000})
        )
        alice.say("Read it.", attachment["id"], thread_id=thread_id)
    assert "000010999" not in provider.received[-2].texts()
    assert "000010999" in provider.last.texts()


@pytest.mark.slow
def test_a_recording_is_transcribed_and_answered(
    settings_with_model: Settings, provider: ModelApi
) -> None:
    provider.speech = "The quick brown fox."
    with running(settings_with_model) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        # The suffix is wrong, and the browser knows no type for it.
        recording = alice.attach("talk.mp3", sound(), "")
        alice.say("What is said?", recording["id"], thread_id=thread_id)
        assert "The quick brown fox." in provider.last.texts()
        assert '"type": "audio/wav"' in provider.last.texts()
    with running(settings_with_model) as base_url:
        ChatKitClient.of(base_url).say("And now?", thread_id=thread_id)
    assert "The quick brown fox." in provider.last.texts()
    [heard] = provider.transcriptions
    assert heard.body["file"] == "recording.wav"
    provider.expect_no_rejection()


@pytest.mark.slow
def test_dictation_goes_to_the_provider(settings_with_model: Settings, provider: ModelApi) -> None:
    with running(settings_with_model) as base_url:
        audio = {"audio_base64": base64.b64encode(b"opus").decode(), "mime_type": "audio/webm"}
        assert ChatKitClient.of(base_url).call("input.transcribe", **audio)["text"]


def test_dictation_without_a_key_says_how_to_set_one(alice: ChatKitClient) -> None:
    audio = {"audio_base64": base64.b64encode(b"opus").decode(), "mime_type": "audio/webm"}
    response = alice.send("input.transcribe", **audio)
    assert response.status_code == 503
    assert "OPENAI_API_KEY" in response.json()["message"]


@pytest.mark.slow
def test_with_model_input_url_the_provider_can_read_the_link(
    database_url: str, seaweedfs_bucket: TestBucket, provider: ModelApi
) -> None:
    settings = test_settings(
        database_url,
        seaweedfs_bucket,
        openai_api_key="sk-test",
        openai_base_url=provider.base_url,
        model_input="url",
    )
    body = image("PNG")
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        thread_id = titled_thread(alice, provider)
        attachment = alice.attach("a.png", body, "image/png")
        alice.say("Look.", attachment["id"], thread_id=thread_id)
    [url] = [part["image_url"] for part in provider.last.parts() if "image_url" in part]
    assert httpx.get(url).content == body


def encoded(body: bytes) -> str:
    return base64.b64encode(body).decode()
