"""No request is larger than it may be: the newest files win, the others become notes."""

import json
from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model_input.announcements import attachment_parts, text_part
from app.model_input.budget import Budget, json_bytes
from app.model_input.labels import LabelledPart
from app.model_input.rendition import Rendition
from app.model_input.trimming import trimmed
from tests.corpus import image, pdf
from tests.model_api import ModelApi
from tests.stopwatch import least
from tests.unit.chat.chatting import conversation
from tests.unit.chat.fakes import Row

RESERVED_BYTES = 45_000_000 - Budget(45_000_000).max_input_bytes
JSON = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@given(JSON)
def test_the_size_of_json_is_never_underestimated(value: Any) -> None:
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert len(written.encode("utf-8", "surrogatepass")) <= json_bytes(value)


def test_measuring_a_long_message_holds_nobody_up() -> None:
    text = "x y\n" * 1_900_000

    def measured() -> float:
        begun = thread_time()
        assert json_bytes(text) == len(text) * 5 // 4 + 2
        return thread_time() - begun

    assert least(measured, limit=0.1) < 0.1


@pytest.mark.parametrize("model_api", ["responses", "chat_completions"])
async def test_the_newest_files_win_and_others_are_not_even_read(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api, max_request_bytes=1_000_000) as chat:
        noise = [image("PNG", "RGB", (360, 360), compress_level=0) for _ in range(4)]
        assert all(380_000 < len(body) < 400_000 for body in noise)
        files = [
            chat.attachments.add(f"{n}.png", "image/png", body + bytes([n]))
            for n, body in enumerate(noise)
        ]
        for number, file in enumerate(files):
            await chat.say(f"Look at number {number}.", file)
    for received in api.received:
        assert received.length < 1_000_000
    texts = api.last.texts()
    assert f'"{files[3].id}"' in texts
    for left_out in files[:3]:
        note = texts.split(f'"id": "{left_out.id}"', 1)[1].split("[attachment]")[0]
        assert "left out of this request" in note and "fetch_attachment" in note


async def test_a_document_that_can_not_fit_is_not_read(api: ModelApi) -> None:
    async with conversation(api, max_request_bytes=1_000_000) as chat:
        large = pdf("large") + bytes(900_000)
        await chat.say("Look.", chat.attachments.add("large.pdf", "application/pdf", large))
        assert chat.attachments.bucket.reads == []
    assert "left out of this request" in api.last.texts()


async def test_no_more_images_than_allowed(api: ModelApi) -> None:
    async with conversation(api, max_images=3) as chat:
        files = [
            chat.attachments.add(f"{n}.png", "image/png", image("PNG", size=(9, 9 + n)))
            for n in range(5)
        ]
        await chat.say("Look.", *files)
        kinds = [part["type"] for part in api.last.parts()]
        assert kinds.count("input_image") == 3
        assert len(chat.attachments.bucket.reads) == 3


async def test_a_file_twice_in_a_thread_is_sent_once(api: ModelApi) -> None:
    async with conversation(api) as chat:
        file = chat.attachments.add("a.png", "image/png", image("PNG"))
        await chat.say("Look.", file)
        await chat.say("Again.", file)
    kinds = [part["type"] for part in api.last.parts()]
    assert kinds.count("input_image") == 1
    assert "stands further up in this conversation" in api.last.texts()


async def test_a_second_turn_reads_nothing_and_repeats_the_bytes(api: ModelApi) -> None:
    async with conversation(api) as chat:
        files = [
            chat.attachments.add("a.png", "image/png", image("PNG")),
            chat.attachments.add("a.heic", "image/heic", image("HEIF")),
            chat.attachments.add("a.pdf", "application/pdf", pdf("x")),
            chat.attachments.add("a.txt", "text/plain", b"hello"),
        ]
        await chat.say("Look.", *files)
        reads = len(chat.attachments.bucket.reads)
        await chat.say("And?")
        assert reads == 4 == len(chat.attachments.bucket.reads)
    first, second = api.received
    assert json.dumps(second.body["input"]).startswith(json.dumps(first.body["input"])[:-1])


def message(number: int, *parts: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [text_part(f"m{number}"), *parts]}


def picture(number: int, chars: int) -> list[LabelledPart]:
    row = Row(f"atc_{number}", "a.png", "image/png", 1, "k", "e")
    return attachment_parts(row, Rendition("image", "data:image/png;base64," + "A" * chars))


@given(st.lists(st.integers(0, 300_000), max_size=8), st.integers(0, 8))
def test_whatever_a_run_adds_the_request_stays_within_its_limits(
    sizes: list[int], max_images: int
) -> None:
    budget = Budget(max_request_bytes=RESERVED_BYTES + 500_000, max_images=max_images)
    items = [message(n, *picture(n, size)) for n, size in enumerate(sizes)]
    kept = trimmed(items, budget)
    assert json_bytes(kept) <= 500_000
    images = [p for item in kept for p in item["content"] if p["type"] == "input_image"]
    assert len(images) <= max_images
    if sizes and max_images:
        assert kept[-1]["content"][-1]["type"] == "input_image"


def test_without_files_too_long_a_conversation_loses_its_beginning() -> None:
    budget = Budget(max_request_bytes=RESERVED_BYTES + 10_000)
    items = [message(n, text_part("x" * 3000)) for n in range(6)]
    kept = trimmed(items, budget)
    assert "Earlier messages" in kept[0]["content"][0]["text"]
    assert kept[-1] == items[-1]
    assert json_bytes(kept[1:]) <= 10_000
