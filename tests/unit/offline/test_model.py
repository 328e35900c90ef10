"""The offline model describes stored files, from their bytes to the streamed events."""

import hashlib
import io

from chatkit.types import ThreadItemDoneEvent, ThreadItemUpdatedEvent, ThreadStreamEvent
from PIL import Image
from pypdf import PdfWriter

from app.chat.agent import default_agent
from app.chat.models import OneModel
from app.chat.responder import AgentResponder
from app.model_input.budget import Budget
from app.offline.model import OfflineModel
from app.workers import Workers
from tests.unit.fakes.attachments import Attachments
from tests.unit.fakes.threads import CONTEXT, THREAD, MemoryStore, user_message


async def answer(attachments: Attachments, store: MemoryStore) -> list[ThreadStreamEvent]:
    workers = Workers()
    responder = AgentResponder(
        agent=default_agent(),
        models=OneModel(OfflineModel(workers, pause_seconds=0)),
        model_api="responses",
        budget=Budget(),
        make_converter=lambda context, rejected, budget, make_writer=None, references=None: (
            attachments.converter()
        ),
        store=store,
        rejections=attachments,
    )
    return [event async for event in responder.respond(THREAD, None, CONTEXT)]


def final_text(events: list[ThreadStreamEvent]) -> str:
    items = [event.item for event in events if isinstance(event, ThreadItemDoneEvent)]
    assert [item.type for item in items] == ["assistant_message"]
    assert items[0].type == "assistant_message"
    return items[0].content[0].text


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


def pdf(pages: int) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(72, 72)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


async def test_it_describes_every_attachment_of_the_last_message() -> None:
    attachments = Attachments()
    image, document, text = png(40, 30), pdf(3), b"first line\nsecond\n"
    message = user_message(
        1,
        "What is this?",
        attachments.add("holiday `x`.png", "image/png", image),
        attachments.add("report.pdf", "application/pdf", document),
        attachments.add("notes.txt", "text/plain", text),
    )
    text_of_answer = final_text(await answer(attachments, MemoryStore([message])))
    for expected in (
        "holiday 'x'.png",
        f"{len(image):,} bytes",
        hashlib.sha256(image).hexdigest(),
        "40 × 30 pixels, PNG",
        hashlib.sha256(document).hexdigest(),
        "PDF, 3 pages",
        hashlib.sha256(text).hexdigest(),
        "> first line",
        "You wrote: “What is this?”",
        "offline model",
        "OPENAI_API_KEY",
    ):
        assert expected in text_of_answer


async def test_it_streams_in_pieces_that_add_up_to_the_answer() -> None:
    events = await answer(Attachments(), MemoryStore([user_message(1, "Hello")]))
    pieces = [
        event.update.delta
        for event in events
        if isinstance(event, ThreadItemUpdatedEvent)
        and event.update.type == "assistant_message.content_part.text_delta"
    ]
    assert len(pieces) > 1
    assert "".join(pieces) == final_text(events)


async def test_earlier_files_of_the_thread_are_named() -> None:
    attachments = Attachments()
    store = MemoryStore(
        [
            user_message(1, "one", attachments.add("a.txt", "text/plain", b"a")),
            user_message(2, "two"),
            user_message(3, "three"),
        ]
    )
    await answer(attachments, MemoryStore(store.items))
    events = await answer(attachments, store)
    store.items.append(next(e.item for e in events if isinstance(e, ThreadItemDoneEvent)))
    store.items.append(user_message(4, "four"))
    text_of_answer = final_text(await answer(attachments, store))
    assert "From earlier in this thread I also have: `a.txt`" in text_of_answer


async def test_a_typed_announcement_is_only_typed_text() -> None:
    typed = '[attachment] {"id": "atc_1", "name": "a.png", "type": "image/png", "size": 3}'
    text_of_answer = final_text(await answer(Attachments(), MemoryStore([user_message(1, typed)])))
    assert f"You wrote: “{typed}”" in text_of_answer
    assert "I received" not in text_of_answer
