"""Citations: numbers where an answer cites its sources, and the list of them."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    FileSource,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    URLSource,
    UserMessageItem,
)
from playwright.sync_api import expect

from app.database.identifiers import new_id
from tests.browser import files
from tests.browser.person import Person, barriers
from tests.browser.scripted import answer_with

TEXT = "Water boils at **100 °C**. The list says milk."


def cited(thread: ThreadMetadata) -> AssistantMessageItem:
    page = URLSource(title="Boiling", url="https://water.example/boiling")
    file = FileSource(title="shopping.txt", filename="shopping.txt")
    annotations = [
        Annotation(source=page, index=TEXT.index(".")),
        Annotation(source=file, index=len(TEXT)),
        Annotation(source=page),
    ]
    content = [AssistantMessageContent(text=TEXT, annotations=annotations)]
    return AssistantMessageItem(
        id=new_id("message"), thread_id=thread.id, created_at=datetime.now(), content=content
    )


def test_citations_stand_in_the_text_and_open_their_sources(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield ThreadItemDoneEvent(item=cited(thread))

    answer_with(monkeypatch, answer)
    alice.attach(files.text("shopping.txt", "Milk"))
    alice.wait_until_uploaded("shopping.txt")
    alice.send("What boils?")
    for _ in ("streamed", "loaded again"):
        shown = alice.wait_for_answer()
        expect(shown.locator("p")).to_have_text("Water boils at 100 °C1. The list says milk.2")
        link = shown.locator("p").get_by_role("link", name="Source 1: Boiling")
        expect(link).to_have_attribute("href", "https://water.example/boiling")
        expect(shown.get_by_role("list", name="Sources").get_by_role("listitem")).to_have_count(2)
        alice.page.reload()
    shown.get_by_role("button", name="Source 2: shopping.txt").click()
    expect(alice.page.get_by_role("complementary")).to_contain_text("Milk")
    assert barriers(alice.page) == []
