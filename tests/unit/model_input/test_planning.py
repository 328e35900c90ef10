"""Which files of a thread are sent: the newest that have room. The others become notes."""

import json

import pytest

from tests.corpus import image, pdf
from tests.model_api import ModelApi
from tests.unit.fakes.conversation import conversation


@pytest.mark.parametrize("model_api", ["responses", "chat_completions"])
async def test_the_newest_files_are_sent_and_the_others_are_not_read(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api, model_max_request_bytes=1_000_000) as chat:
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


async def test_a_document_without_room_is_not_read(api: ModelApi) -> None:
    async with conversation(api, model_max_request_bytes=1_000_000) as chat:
        large = pdf("large") + bytes(900_000)
        await chat.say("Look.", chat.attachments.add("large.pdf", "application/pdf", large))
        assert chat.attachments.bucket.reads == []
    assert "left out of this request" in api.last.texts()


async def test_no_more_images_are_sent_than_allowed(api: ModelApi) -> None:
    async with conversation(api, model_max_images=3) as chat:
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
    assert "is further up in this conversation" in api.last.texts()


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
