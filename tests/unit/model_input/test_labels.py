"""Labels survive what the Agents SDK does with the input of a run, and are never sent."""

import copy
import json
from typing import Any

import pytest
from agents.items import ItemHelpers
from agents.models.chatcmpl_converter import Converter

from app.chat.tools import _output
from app.model_input.announcements import attachment_parts, left_out, mention_part, text_part
from app.model_input.input_items import Item, parts_of
from app.model_input.labels import Label, LabelledPart, LabelTable, attachments_in, label_of
from app.model_input.rendition import Rendition, note
from tests.unit.fakes.attachments import Row

TEXT = Rendition("text", "hello", total_chars=5)
IMAGE = Rendition("image", "data:image/png;base64,QUJD")
FILE = Rendition("file", "data:application/pdf;base64,QUJD")


def row(number: int) -> Row:
    return Row(f"atc_{number}", f"{number}.pdf", "application/pdf", 3, "key", "etag")


def message(*parts: Any) -> Item:
    return {"type": "message", "role": "user", "content": list(parts)}


def remembered(*parts: Any) -> LabelTable:
    table = LabelTable()
    table.remember(parts)
    return table


def labels(item: Item) -> list[Label | None]:
    return [label_of(part) for part in parts_of(item)]


def rewritten(item: Item) -> Item:
    """The item as the SDK hands it to the input filter."""
    [plain] = ItemHelpers.input_to_new_input_list([item])  # type: ignore[list-item]  # a TypedDict
    assert not any(isinstance(part, LabelledPart) for part in parts_of(plain))
    return plain


@pytest.mark.parametrize("rendition", [TEXT, IMAGE, FILE, note("it is damaged.")])
@pytest.mark.parametrize("copied", [rewritten, copy.deepcopy, dict], ids=lambda each: each.__name__)
def test_a_copied_message_gets_its_labels_back(rendition: Rendition, copied: Any) -> None:
    parts = [
        text_part("Look."),
        *attachment_parts(row(1), rendition),
        *attachment_parts(row(2), rendition),
        mention_part(row(3), TEXT),
    ]
    written = message(*parts)
    restored = remembered(*parts).restored(copied(written))
    assert restored == written
    assert labels(restored) == [label_of(part) for part in parts]


@pytest.mark.parametrize("rendition", [TEXT, IMAGE, FILE])
def test_the_output_of_a_tool_gets_its_labels_back(rendition: Rendition) -> None:
    parts = attachment_parts(row(1), rendition)
    by_sdk = ItemHelpers._convert_tool_output([_output(part) for part in parts])
    item = {"type": "function_call_output", "call_id": "call_1", "output": by_sdk}
    assert labels(remembered(*parts).restored(item)) == [part.label for part in parts]


def test_an_equal_text_that_a_person_typed_gets_none() -> None:
    [part] = attachment_parts(row(1), TEXT)
    typed = json.loads(json.dumps(part["text"]))
    assert typed == part["text"]
    assert labels(remembered(part).restored(message(text_part(typed)))) == [None]


def test_an_image_without_its_announcement_gets_none() -> None:
    announced, image = attachment_parts(row(1), IMAGE)
    table = remembered(announced, image)

    def restored(*parts: Any) -> list[Label | None]:
        return labels(table.restored(rewritten(message(*parts))))

    assert restored(image) == [None]
    assert restored(announced, text_part("x"), image)[1:] == [None, None]
    assert restored(announced, image, image)[1:] == [image.label, None]


def test_the_attachments_of_a_request_are_those_whose_content_it_holds() -> None:
    items = [
        message(*attachment_parts(row(1), IMAGE), *attachment_parts(row(2), TEXT)),
        message(mention_part(row(3), TEXT), *attachment_parts(row(4), note("gone"))),
        message(*(left_out(part.label) for part in attachment_parts(row(5), FILE))),
    ]
    assert list(attachments_in(items)) == ["atc_1", "atc_2"]


def test_a_label_is_in_no_request() -> None:
    parts = attachment_parts(row(1), IMAGE)
    plain = [dict(part) for part in parts]
    assert json.dumps(parts) == json.dumps(plain)
    messages = [Converter.items_to_messages([message(*each)]) for each in (parts, plain)]  # type: ignore[list-item]
    assert messages[0] == messages[1]
