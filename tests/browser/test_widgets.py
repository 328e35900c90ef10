"""Widgets: every component is shown, and what a person does in one reaches the assistant."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from chatkit.actions import Action
from chatkit.types import (
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
)
from chatkit.widgets import DynamicWidgetRoot
from playwright.sync_api import expect

from app.chat.server import AssistantServer
from app.database.identifiers import new_id
from tests.browser.person import Person, barriers
from tests.browser.scripted import answer_with, said

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def action(type: str, **more: object) -> dict[str, object]:
    return {"type": type, "payload": {"id": 7}, **more}


ALL: dict[str, Any] = {
    "type": "Card",
    "asForm": True,
    "size": "lg",
    "status": {"text": "Draft", "icon": "write"},
    "confirm": {"label": "Order", "action": action("order")},
    "cancel": {"label": "Not now", "action": action("leave")},
    "children": [
        {"type": "Title", "value": "Tea order", "size": "lg"},
        {"type": "Text", "id": "lead", "value": "", "streaming": True},
        {"type": "Caption", "value": "Prices include tax"},
        {"type": "Markdown", "value": "**Free** delivery"},
        {
            "type": "Row",
            "children": [
                {"type": "Icon", "name": "star-filled", "color": "warning"},
                {"type": "Badge", "label": "New", "color": "success", "pill": True},
                {"type": "Spacer"},
                {"type": "Button", "label": "Sample", "onClickAction": action("sample")},
            ],
        },
        {"type": "Divider", "spacing": 2},
        {
            "type": "Col",
            "gap": 2,
            "children": [
                {"type": "Label", "value": "Your name", "fieldName": "person.name"},
                {"type": "Input", "name": "person.name", "required": True},
                {"type": "Label", "value": "Note", "fieldName": "note"},
                {"type": "Textarea", "name": "note", "rows": 2},
                {
                    "type": "Select",
                    "name": "kind",
                    "placeholder": "Kind of tea",
                    "options": [
                        {"label": "Green", "value": "green"},
                        {"label": "Black", "value": "black"},
                    ],
                },
                {"type": "DatePicker", "name": "day", "placeholder": "Day"},
                {"type": "Checkbox", "name": "gift", "label": "It is a present"},
                {
                    "type": "RadioGroup",
                    "name": "size",
                    "ariaLabel": "Size",
                    "options": [
                        {"label": "100 g", "value": "100"},
                        {"label": "250 g", "value": "250"},
                    ],
                },
                {"type": "Text", "value": "Alice", "editable": {"name": "giver"}},
            ],
        },
        {
            "type": "Chart",
            "data": [{"month": "Jan", "sold": 20}, {"month": "Feb", "sold": 35}],
            "series": [
                {"type": "bar", "dataKey": "sold", "label": "Sold"},
                {"type": "line", "dataKey": "sold", "label": "Trend"},
            ],
            "xAxis": "month",
            "showYAxis": True,
        },
        {
            "type": "Box",
            "padding": 3,
            "background": "surface-secondary",
            "radius": "md",
            "border": 1,
            "children": [
                {
                    "type": "Transition",
                    "children": {
                        "type": "Image",
                        "src": "/web/icon.svg",
                        "alt": "Leaf",
                        "size": 40,
                    },
                }
            ],
        },
        {"type": "Carousel", "children": []},
    ],
}


def widget(thread: ThreadMetadata, root: dict[str, Any]) -> WidgetItem:
    return WidgetItem(
        id=new_id("message"),
        thread_id=thread.id,
        created_at=datetime.now(),
        widget=DynamicWidgetRoot.model_validate(root),
        copy_text="Tea order",
    )


def test_every_component_is_shown_and_a_form_sends_what_was_written(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions: list[tuple[str, Any, str]] = []

    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        item = widget(thread, ALL)
        yield ThreadItemAddedEvent(item=item)
        for word in ("Once ", "upon"):
            delta = WidgetStreamingTextValueDelta(component_id="lead", delta=word, done=False)
            yield ThreadItemUpdatedEvent(item_id=item.id, update=delta)
        root = {**ALL, "children": [dict(child) for child in ALL["children"]]}
        root["children"][1]["value"] = "Once upon"
        yield ThreadItemDoneEvent(item=widget(thread, root).model_copy(update={"id": item.id}))

    async def act(
        self: AssistantServer,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: object,
    ) -> AsyncIterator[ThreadStreamEvent]:
        assert sender is not None
        actions.append((action.type, action.payload, sender.id))
        if action.type == "sample":
            root = {**ALL, "status": {"text": "Sample sent"}}
            update = WidgetRootUpdated(widget=DynamicWidgetRoot.model_validate(root))
            yield ThreadItemUpdatedEvent(item_id=sender.id, update=update)
        if action.type == "order":
            root = {"type": "Card", "children": [{"type": "Text", "value": "Ordered"}]}
            changed = widget(thread, root).model_copy(update={"id": sender.id})
            yield ThreadItemReplacedEvent(item=changed)
        async for event in said(thread, "Noted."):
            yield event

    answer_with(monkeypatch, answer)
    monkeypatch.setattr(AssistantServer, "action", act)
    alice.send("I want tea")
    shown = alice.wait_for_answer()
    for words in ("Draft", "Tea order", "Once upon", "Prices include tax", "Free delivery", "New"):
        expect(shown).to_contain_text(words)
    expect(shown).to_contain_text("This part can’t be shown here: Carousel.")
    expect(shown.locator("hr")).to_have_css("border-top-width", "1px")
    assert shown.locator("hr").evaluate("line => line.clientWidth") > 200
    expect(shown.locator(".widget-chart rect")).to_have_count(2)
    expect(shown.get_by_role("img", name="Leaf")).to_be_visible()
    for scheme in ("light", "dark"):
        alice.page.emulate_media(color_scheme=scheme)
        assert barriers(alice.page) == []

    order = shown.get_by_role("button", name="Order")
    order.click()  # the name is missing
    assert actions == []
    shown.get_by_label("Your name").fill("Bob")
    shown.get_by_role("button", name="Sample").click()
    expect(alice.answers.last).to_contain_text("Noted.")
    expect(shown).to_contain_text("Sample sent")
    expect(shown.get_by_label("Your name")).to_have_value("Bob")
    alice.wait_until_idle()
    shown.get_by_label("Note").fill("Ring twice")
    shown.get_by_role("combobox", name="kind").select_option("black")
    shown.get_by_label("Day").fill("2026-02-03")
    shown.get_by_label("It is a present").check()
    shown.get_by_label("250 g").check()
    order.click()
    expect(shown).to_contain_text("Ordered")
    alice.wait_until_idle()
    assert [each[0] for each in actions] == ["sample", "order"]
    assert actions[1][1] == {
        "id": 7,
        "person": {"name": "Bob"},
        "note": "Ring twice",
        "kind": "black",
        "day": "2026-02-03",
        "gift": True,
        "size": "250",
        "giver": "Alice",
    }
