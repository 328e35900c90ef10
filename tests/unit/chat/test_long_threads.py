"""A thread never dies: what does not fit is left out, and both the model and the person know it."""

import json

import pytest
from chatkit.types import NoticeEvent, ThreadStreamEvent

from app.model_input.tokens import text_tokens
from tests.corpus import image
from tests.model_api import Error, ModelApi, Text
from tests.unit.fakes.attachments import png
from tests.unit.fakes.conversation import Conversation, both_apis, conversation, images_in, texts_of
from tests.unit.model_api.counted_texts import COUNTED

TABLE = "".join(f"{row},{row * 7919 % 99991},{row % 7}.{row % 97:02}\n" for row in range(8_000))
assert len(TABLE) > 100_000


def notices_in(events: list[ThreadStreamEvent]) -> list[str]:
    return [event.message for event in events if isinstance(event, NoticeEvent)]


def shared_start(one: object, other: object) -> bool:
    """Whether all items of one request are the first items of the other."""
    assert isinstance(one, list) and isinstance(other, list)
    return json.dumps(other[: len(one)]) == json.dumps(one)


@pytest.mark.parametrize("name", [name for name in COUNTED if name not in ("hex", "base64")])
def test_the_estimate_of_tokens_is_good_enough_to_plan_with(name: str) -> None:
    text, counted = COUNTED[name]
    assert 0.9 < text_tokens(text) / counted < 1.7


@both_apis
async def test_ten_large_texts_are_cut_to_fit_and_the_person_knows(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        files = [
            chat.attachments.add(f"table {n}.txt", "text/plain", f"{n}\n{TABLE}".encode())
            for n in range(10)
        ]
        small = chat.attachments.add("small.csv", "text/csv", b"a,b\n1,2\n")
        events = await chat.say("Compare.", *files, small)
        assert texts_of(events) == ["Noted."]
        [notice] = notices_in(events)
        assert "“table 0.txt”" in notice and "“table 9.txt”" in notice
        assert "small.csv" not in notice
        assert "a,b\n1,2\n" in api.last.texts()
        assert api.last.texts().count("fetch_attachment with offset=") == 10
        again = await chat.say("1+1?")
    assert texts_of(again) == ["Noted."] and notices_in(again) == []
    assert len(api.received) == 2
    if model_api == "responses":
        assert shared_start(api.received[0].body["input"], api.received[1].body["input"])


@both_apis
async def test_a_request_that_is_too_long_is_sent_again_with_less(
    api: ModelApi, model_api: str
) -> None:
    # The service takes the model for one that reads more than it does.
    api.window = 30_000
    async with conversation(api, model_api=model_api) as chat:
        for number in range(4):
            table = chat.attachments.add(f"{number}.csv", "text/csv", TABLE[:40_000].encode())
            events = await chat.say(f"Look at number {number}.", table)
            assert texts_of(events) == ["Noted."]
        too_long = len(api.rejections)
        assert too_long > 0
        events = await chat.say("1+1?")
        assert texts_of(events) == ["Noted."]
    assert len(api.rejections) <= too_long + 1
    assert {each.code for each in api.rejections} == {"context_length_exceeded"}
    api.received.clear()


async def test_a_stream_that_fails_because_it_is_too_long_is_sent_again_too(api: ModelApi) -> None:
    api.window, api.overflow_in_stream = 30_000, True
    async with conversation(api) as chat:
        table = chat.attachments.add("table.csv", "text/csv", TABLE.encode())
        assert texts_of(await chat.say("Look.", table)) == ["Noted."]
    api.received.clear()


@both_apis
async def test_long_conversations_without_files_lose_their_first_messages(
    api: ModelApi, model_api: str
) -> None:
    api.window = 20_000
    async with conversation(api, model_api=model_api, model_context_tokens=20_000) as chat:
        for number in range(12):
            await chat.say(f"{number}: " + "some words that are said again and again " * 400)
    assert "Earlier messages of this conversation were left out" in api.last.texts()
    assert "11: some words" in api.last.texts()
    assert api.rejections == []


@pytest.mark.slow
async def test_thirty_photos_of_one_message_are_scaled_so_that_all_are_sent(api: ModelApi) -> None:
    photos = [image("JPEG", "RGB", (1600, 1200), quality=95) for _ in range(6)]
    total = sum(map(len, photos))
    async with conversation(api, model_max_request_bytes=max(1_000_000, total // 2)) as chat:
        files = [
            chat.attachments.add(f"{n}.jpg", "image/jpeg", body + bytes([n]))
            for n, body in enumerate(photos)
        ]
        events = await chat.say("Look.", *files)
        assert images_in(api.last) == 6
        assert notices_in(events) == []
        await chat.say("And now?")
    assert "scaled down from 1600" in api.last.texts()
    assert shared_start(api.received[0].body["input"], api.received[1].body["input"])


async def test_what_of_the_newest_message_has_no_room_is_named(api: ModelApi) -> None:
    async with conversation(api, model_max_images=3) as chat:
        files = [chat.attachments.add(f"{n}.png", "image/png", png(9, 9 + n)) for n in range(5)]
        events = await chat.say("Look.", *files)
    [notice] = notices_in(events)
    assert "“3.png”, “4.png”" in notice and "“2.png”" not in notice


@both_apis
async def test_of_many_files_the_rejected_one_is_found_though_nothing_names_it(
    api: ModelApi, model_api: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        files = [chat.attachments.add(f"{n}.png", "image/png", png(20, 20 + n)) for n in range(7)]
        table = chat.attachments.add("table.csv", "text/csv", b"a,b\n1,2\n")
        await rejecting(chat, api, {2})
        events = await chat.say("Look.", *files, table)
        problems = {row.name for row in chat.attachments.rows.values() if row.problem}
        assert problems == {"2.png"}
        first, answer = texts_of(events)
        assert "“2.png”" in first and "0.png" not in first and answer == "Noted."
        assert images_in(api.last) == 6 and "a,b\n1,2\n" in api.last.texts()
        assert len(api.received) <= 6


async def test_two_rejected_files_are_both_found(api: ModelApi) -> None:
    async with conversation(api) as chat:
        files = [chat.attachments.add(f"{n}.png", "image/png", png(20, 20 + n)) for n in range(6)]
        await rejecting(chat, api, {1, 4})
        await chat.say("Look.", *files)
        problems = {row.name for row in chat.attachments.rows.values() if row.problem}
    assert problems == {"1.png", "4.png"}
    assert images_in(api.last) == 4


async def test_no_file_is_blamed_for_a_rejection_that_files_have_no_part_in(api: ModelApi) -> None:
    async with conversation(api) as chat:
        files = [chat.attachments.add(f"{n}.png", "image/png", png(20, 20 + n)) for n in range(6)]
        api.answer = lambda received: Error(400, "At most 0 of something.")
        with pytest.raises(Exception, match="At most 0"):
            await chat.say("Look.", *files)
        assert not [row for row in chat.attachments.rows.values() if row.problem]
    assert len(api.received) == 2


async def rejecting(chat: Conversation, api: ModelApi, numbers: set[int]) -> None:
    """Make the provider reject requests with the images of these numbers, without saying which."""
    sizes = {f"{20 + number}" for number in numbers}
    names = {f"{number}.png" for number in numbers}

    def answer(received: object) -> Error | Text:
        sent = json.dumps(api.last.body)
        announced = [
            name for name in names if f'{name}\\", \\"type\\": \\"image/png\\"' in sent and sizes
        ]
        has = [name for name in announced if left_in(sent, name)]
        return Error(400, "Invalid image.") if has else Text()

    api.answer = answer


def left_in(sent: str, name: str) -> bool:
    """Whether the content of an image stands behind its announcement."""
    after = sent.split(name, 1)[1]
    return after.find("data:image") != -1 and not 0 <= after.find("Note:") < after.find(
        "data:image"
    )
