"""An exported page shows what was written as text, and loads nothing from elsewhere."""

import re
from datetime import datetime
from html.parser import HTMLParser

from app.attachment_state import AttachmentState
from app.database.export_rows import ExportedFile, ExportedItem
from app.export import pages

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&</title>"

ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "article", "small", "pre", "p"),
    *("a", "br", "img", "details", "summary"),
}


class Tags(HTMLParser):
    """Collects the elements, the addresses and the texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


def item(item_type: str, **payload: object) -> ExportedItem:
    return ExportedItem(1, item_type, payload, datetime(2026, 1, 1), "positive")


def test_what_a_person_or_a_model_wrote_is_text() -> None:
    file = ExportedFile("atc_1", AttachmentState.ATTACHED, "k", EVIL, "image/png", 1, "e")
    files = {"atc_1": (file, "files/00001-a b#?.png")}
    items = [
        item("user_message", content=[{"text": EVIL}], attachments=[{"id": "atc_1"}]),
        item("assistant_message", content=[{"text": EVIL}]),
        item("widget", widget={"value": EVIL}),
        item(EVIL, content=None),
    ]
    html = pages.head(EVIL) + "".join(pages.item_html(each, files) for each in items) + pages.FOOT
    found = parsed(html)
    assert found.names <= ELEMENTS
    assert found.addresses == ["../files/00001-a%20b%23%3F.png"] * 2
    assert found.text.count("alert(1)") >= 5
    assert not re.search(r"https?://|//", "".join(found.addresses))


def test_a_file_without_bytes_is_said() -> None:
    file = ExportedFile("atc_1", AttachmentState.REJECTED, "k", "a.txt", "text/plain", 1, None)
    assert "the bytes are not there" in pages.file_html(file, "")


def test_generated_images_are_files_too() -> None:
    assert pages.file_ids({"image": {"id": "img_1"}}) == ["img_1"]
    assert pages.file_ids({"attachments": None, "image": None}) == []
