"""The search over chats: what is found, where it leads, and that the keyboard is enough."""

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import PersonFactory
from tests.browser.person import Person, barriers
from tests.browser.site import Site
from tests.service import ChatKitClient, thread_id_of


def field(person: Person) -> Locator:
    return person.page.get_by_role("searchbox", name="Search chats")


def found(person: Person) -> Locator:
    return person.page.get_by_role("list", name="Chats found").get_by_role("listitem")


def chat(person: Person, site: Site, *said: str) -> str:
    """A chat of this person, begun elsewhere; its id."""
    token = person.page.evaluate("sessionStorage.getItem('chat.token')")
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, base_url=site.api_url) as http:
        client = ChatKitClient(http)
        thread_id = thread_id_of(client.say(said[0]))
        for text in said[1:]:
            client.say(text, thread_id=thread_id)
    return thread_id


def test_words_of_titles_and_messages_are_found_and_lead_to_their_place(
    alice: Person, site: Site
) -> None:
    wanted = chat(alice, site, "Trip to Lisbon", "Where is the harbour?", *(["More"] * 30))
    chat(alice, site, "The harbour in winter")
    chat(alice, site, "Invoices")
    alice.page.reload()
    expect(alice.chats).to_have_count(3)
    field(alice).fill("HARB")
    expect(found(alice)).to_have_count(2)
    expect(alice.page.get_by_text("2 chats found.")).to_be_visible()
    assert found(alice).locator("mark").all_text_contents()[0].casefold() == "harb"
    expect(alice.chats.first).to_be_hidden()
    found(alice).filter(has_text="Trip to Lisbon").get_by_role("link").click()
    expect(alice.page).to_have_url(f"{site.page_url}/#/chat/{wanted}")
    # The message is on the page before the newest 50 items.
    shown = alice.page.locator(".message", has_text="Where is the harbour?").first
    expect(shown).to_be_in_viewport()
    alice.page.get_by_role("button", name="End the search").click()
    expect(alice.chats).to_have_count(3)
    expect(field(alice)).to_have_value("")


def test_the_keyboard_is_enough(alice: Person, site: Site) -> None:
    for text in ("The harbour in winter", "A harbour in spring"):
        chat(alice, site, text)
    alice.page.reload()
    expect(alice.chats).to_have_count(2)
    alice.page.keyboard.press("Control+k")
    expect(field(alice)).to_be_focused()
    alice.page.keyboard.type("harbour")
    expect(found(alice)).to_have_count(2)
    alice.page.keyboard.press("ArrowDown")
    expect(found(alice).first.get_by_role("link")).to_be_focused()
    alice.page.keyboard.press("ArrowDown")
    expect(found(alice).last.get_by_role("link")).to_be_focused()
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_role("heading", name="The harbour in winter")).to_be_visible()
    alice.page.keyboard.press("Control+k")
    alice.page.keyboard.press("Escape")
    expect(field(alice)).to_have_value("")
    expect(alice.chats).to_have_count(2)


@pytest.mark.parametrize("query", ["zebra", "%", "__"])
def test_what_is_nowhere_is_said(alice: Person, site: Site, query: str) -> None:
    if query != "zebra":
        alice.expects_console("400")
    chat(alice, site, "The harbour in winter")
    field(alice).fill(query)
    expect(alice.page.get_by_text(f"No chat has “{query}”.")).to_be_visible()
    expect(found(alice)).to_have_count(0)


def test_more_are_shown_where_the_first_page_ends(alice: Person, site: Site) -> None:
    for number in range(21):
        chat(alice, site, f"Harbour {number}")
    field(alice).fill("harbour")
    expect(found(alice)).to_have_count(20)
    alice.page.get_by_role("button", name="Show more").click()
    expect(found(alice)).to_have_count(21)
    expect(found(alice).last.get_by_role("link")).to_be_focused()


def test_a_second_click_on_more_adds_nothing_twice(alice: Person, site: Site) -> None:
    for number in range(21):
        chat(alice, site, f"Harbour {number}")
    field(alice).fill("harbour")
    expect(found(alice)).to_have_count(20)
    held: list[Route] = []
    alice.page.route("**/threads?*after=*", lambda route: held.append(route))
    more = alice.page.get_by_role("button", name="Show more")
    for _ in range(2):
        with alice.page.expect_request("**/threads?*after=*"):
            more.click()
    for each in held:
        each.continue_()
    alice.page.wait_for_load_state("networkidle")
    expect(more).to_be_hidden()
    expect(found(alice)).to_have_count(21)


def test_the_list_is_in_the_same_order_after_a_reload(alice: Person, site: Site) -> None:
    first = chat(alice, site, "First chat")
    chat(alice, site, "Second chat")
    alice.open(f"/#/chat/{first}")
    expect(alice.answers).to_have_count(1)
    alice.send("One more thing")
    alice.wait_for_answer(2)
    expect(alice.chats.first).to_contain_text("First chat")
    alice.page.reload()
    expect(alice.chats).to_have_count(2)
    expect(alice.chats.first).to_contain_text("First chat")


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_no_barrier_in_a_search(
    site: Site, new_person: PersonFactory, color_scheme: str, locale: str
) -> None:
    alice = new_person(site, wait=False, color_scheme=color_scheme, locale=locale)
    expect(alice.page.get_by_role("searchbox")).to_be_visible()
    chat(alice, site, "The harbour in winter", "Where?")
    alice.page.get_by_role("searchbox").fill("harbour")
    expect(alice.page.locator(".found-row")).to_have_count(1)
    assert barriers(alice.page) == []
    alice.page.locator(".found-row a").click()
    expect(alice.answers).to_have_count(2)
    alice.page.locator(".message-edit").last.press("Enter")
    expect(alice.page.locator(".message-editor")).to_be_visible()
    assert barriers(alice.page) == []
    alice.page.keyboard.press("Escape")
    alice.page.keyboard.press("Control+/")
    expect(alice.page.get_by_role("dialog")).to_be_visible()
    assert barriers(alice.page) == []
