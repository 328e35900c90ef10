"""The page around the chat: what an operator configures, and what stays out of a user's sight."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.files import text
from tests.browser.person import Person
from tests.browser.site import Site


def test_suggestions_are_asked_and_a_disclaimer_stands_below_the_field(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    site = new_site(
        origins=1,
        page_prompts=("What stands out?", "Compare these files"),
        page_disclaimer="Answers may be wrong.",
    )
    alice = new_person(site)
    expect(alice.page.get_by_text("Answers may be wrong.")).to_be_visible()
    alice.page.get_by_role("button", name="What stands out?").click()
    expect(alice.wait_for_answer()).to_contain_text("What stands out?")


def test_transports_are_chosen_on_a_demo_only(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    alice = new_person(new_site(is_demo=False))
    expect(alice.page.get_by_text("OPENAI_API_KEY")).to_be_hidden()
    alice.page.get_by_role("button", name="Settings").click()
    expect(alice.page.get_by_role("group", name="Appearance")).to_be_visible()
    expect(alice.page.get_by_role("group", name="Uploads")).to_be_hidden()
    expect(alice.page.get_by_role("dialog")).not_to_contain_text("bucket")


def test_the_offline_note_is_for_the_offline_model_alone(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    note = "You’re talking to the offline model"
    expect(new_person(new_site(origins=1)).page.get_by_text(note)).to_be_visible()
    own = new_site(origins=1, agent="tests.browser.agents:with_a_model_of_its_own")
    expect(new_person(own).page.get_by_text(note)).to_be_hidden()


def test_the_first_visit_asks_for_little(new_site: SiteFactory, new_person: PersonFactory) -> None:
    """What was measured of its time stands in docs/performance.md."""
    alice = new_person(new_site(origins=1), path="/livez", wait=False)
    requests = alice.requests()
    alice.open()
    alice.page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in requests]
    assert len(requests) <= 12, [request.url for request in requests]
    assert sum(each["responseBodySize"] for each in sizes) <= 110_000


def test_the_second_visit_asks_for_the_document_and_the_chats_alone(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    alice = new_person(new_site(origins=1))
    alice.page.wait_for_load_state("networkidle")
    asked: dict[str, str] = {}
    received: list[str] = []
    network = alice.page.context.new_cdp_session(alice.page)
    network.send("Network.enable")
    network.on(
        "Network.requestWillBeSent",
        lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
    )

    def finished(event: dict[str, Any]) -> None:
        if event["encodedDataLength"] > 0:  # not from the cache
            received.append(asked[event["requestId"]].removeprefix(alice.site.page_url))

    network.on("Network.loadingFinished", finished)
    alice.open()
    alice.page.wait_for_load_state("networkidle")
    assert sorted(received) == ["/", "/chatkit"]


def test_nothing_shows_through_where_files_are_dropped(alice: Person) -> None:
    transfer = alice.page.evaluate_handle(
        "() => { const data = new DataTransfer();"
        " data.items.add(new File([''], 'a.txt')); return data; }"
    )
    alice.page.dispatch_event(".thread", "dragenter", {"dataTransfer": transfer})
    overlay = alice.page.get_by_text("Drop to attach").locator("..")
    colour = overlay.evaluate("element => getComputedStyle(element).backgroundColor")
    alpha = re.search(r"/ ([\d.]+)\)$|rgba\(.*, ([\d.]+)\)$", colour)
    assert alpha is None or float(alpha[1] or alpha[2]) >= 0.9


def test_fingers_have_44_pixels_to_hit(site: Site, new_person: PersonFactory) -> None:
    alice = new_person(site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")
    alice.message_field.fill("Hello")
    alice.page.get_by_role("button", name="Send").tap()  # Enter begins a new line on a phone
    alice.wait_for_answer()
    sizes = alice.page.get_by_role("button").evaluate_all(
        """buttons => buttons.filter(button => button.matches('.icon-button, .send-button'))
            .map(button => button.getBoundingClientRect())
            .map(({ width, height }) => Math.min(width, height))"""
    )
    assert sizes
    assert min(sizes) >= 44
