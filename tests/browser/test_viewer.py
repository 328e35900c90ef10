"""What is in a file, shown beside the chat."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.files import png, text
from tests.browser.person import Person, until
from tests.browser.site import Site
from tests.corpus import sound


def pdf(name: str = "report.pdf") -> dict[str, object]:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(100, 700, "The third quarter")
    canvas.save()
    return {"name": name, "mimeType": "application/pdf", "buffer": buffer.getvalue()}


def send_files(alice: Person, *files: object) -> None:
    alice.attach(*files)  # type: ignore[arg-type] # a plain dict is a payload
    for file in files:
        alice.wait_until_uploaded(file["name"])  # type: ignore[index] # the same
    alice.send("Keep these")
    alice.wait_for_answer()


def viewer(alice: Person) -> Locator:
    return alice.page.get_by_role("complementary", name="File")


@pytest.mark.parametrize("origins", [1, 3])
def test_a_table_is_shown_as_one(
    new_site: SiteFactory, new_person: PersonFactory, origins: int
) -> None:
    alice = new_person(new_site(origins=origins))
    send_files(alice, text("regions.csv", 'region;revenue\nNorth;412\n"South; coast";367\n'))
    alice.page.get_by_role("button", name="Open regions.csv").click()
    table = viewer(alice).get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["region", "revenue"])
    expect(table.get_by_role("cell")).to_have_text(["North", "412", "South; coast", "367"])


def test_a_text_is_shown_and_markdown_and_code_as_what_they_are(alice: Person) -> None:
    send_files(alice, text("notes.md", "# Plan\n\n- one\n"), text("area.py", "def area(): pass\n"))
    alice.page.get_by_role("button", name="Open notes.md").click()
    expect(viewer(alice).get_by_role("heading", name="Plan")).to_be_visible()
    alice.page.get_by_role("button", name="Open area.py").click()
    expect(viewer(alice).locator(".hljs-keyword").first).to_have_text("def")
    alice.page.keyboard.press("Escape")
    expect(viewer(alice)).to_be_hidden()
    expect(alice.page.get_by_role("button", name="Open area.py")).to_be_focused()


def test_a_file_is_saved_from_its_preview(alice: Person) -> None:
    send_files(alice, text("shopping list.txt", "Milk"))
    alice.page.get_by_role("button", name="Open shopping list.txt").click()
    expect(viewer(alice)).to_contain_text("Milk")
    with alice.page.expect_download() as download:
        viewer(alice).get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "shopping list.txt"
    assert download.value.path().read_text() == "Milk"


@pytest.mark.parametrize("origins", [1, 3])
def test_a_recording_is_played(
    new_site: SiteFactory, new_person: PersonFactory, origins: int
) -> None:
    alice = new_person(new_site(origins=origins, allowed_mime_types="audio/*"))
    send_files(alice, {"name": "talk.wav", "mimeType": "audio/wav", "buffer": sound()})
    alice.page.get_by_role("button", name="Open talk.wav").click()
    player = viewer(alice).get_by_label("talk.wav")
    expect(player).to_have_js_property("duration", 0.1)
    expect(player).to_have_js_property("error", None)


def test_a_pdf_is_shown_by_the_browser_s_own_viewer(alice: Person) -> None:
    send_files(alice, pdf())
    alice.page.get_by_role("button", name="Open report.pdf").click()
    expect(viewer(alice).locator("iframe")).to_have_attribute("src", re.compile("^blob:"))

    def shows_a_page() -> bool:
        """Whether there is a white sheet on the viewer's dark ground."""
        shot = Image.open(io.BytesIO(viewer(alice).locator("iframe").screenshot()))
        counts = shot.convert("L").histogram()
        return counts[255] > 10_000 and sum(counts[:80]) > 10_000

    until(shows_a_page)


def test_pictures_are_gone_through_and_made_larger(alice: Person) -> None:
    send_files(alice, png("one.png"), png("two.png", width=64, height=64))
    alice.page.get_by_role("button", name="Open image one.png").click()
    picture = viewer(alice).get_by_role("img", name="one.png")
    expect(picture).to_have_js_property("naturalWidth", 320)
    width = picture.evaluate("image => image.clientWidth")
    viewer(alice).get_by_role("button", name="Larger").click()
    assert picture.evaluate("image => image.clientWidth") > width
    viewer(alice).get_by_role("button", name="Smaller").click()
    viewer(alice).get_by_role("region", name="one.png").focus()
    alice.page.keyboard.press("ArrowRight")
    expect(viewer(alice).get_by_role("img", name="two.png")).to_have_js_property("naturalWidth", 64)
    expect(viewer(alice).get_by_role("button", name="Next")).to_be_disabled()


def test_a_mentioned_picture_opens_as_an_attached_one_does(alice: Person) -> None:
    send_files(alice, png("plan.png"))
    alice.page.get_by_role("link", name="New chat").click()
    alice.message_field.press_sequentially("See @plan.png")
    expect(alice.page.get_by_role("option", name="plan.png")).to_be_visible()
    alice.page.keyboard.press("Enter")
    alice.message_field.press("Enter")
    alice.wait_for_answer()
    alice.page.get_by_role("button", name="@plan.png", exact=True).click()
    expect(viewer(alice).get_by_role("img", name="plan.png")).to_have_js_property(
        "naturalWidth", 320
    )


def test_on_a_phone_the_file_covers_the_chat(site: Site, new_person: PersonFactory) -> None:
    alice = new_person(site, viewport={"width": 360, "height": 740})
    send_files(alice, text("notes.txt", "Milk"))
    alice.page.get_by_role("button", name="Open notes.txt").click()
    expect(viewer(alice)).to_contain_text("Milk")
    box = viewer(alice).bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (360, 740)
    assert alice.page.evaluate("document.querySelector('main').inert")
    viewer(alice).get_by_role("button", name="Close").click()
    expect(alice.message_field).to_be_editable()
    assert not alice.page.evaluate("document.querySelector('main').inert")
