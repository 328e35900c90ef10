"""The list of chats: names, order, links, and what happens without connection."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.person import Person
from tests.browser.site import Site
from tests.service import ChatKitClient


@pytest.fixture
def two_chats(alice: Person) -> Iterator[Person]:
    """The second one is open."""
    for title in ("First chat", "Second chat"):
        alice.page.get_by_role("link", name="New chat").click()
        alice.send(title)
        alice.wait_for_answer()
    yield alice


def rename(chat: Locator, title: str) -> None:
    chat.hover()
    chat.get_by_role("button", name="Rename").click()
    field = chat.get_by_role("textbox", name="Title of the chat")
    field.fill(title)
    field.press("Enter")


def test_renaming_another_chat_does_not_open_it(two_chats: Person) -> None:
    alice = two_chats
    address = alice.page.url
    rename(alice.chats.last, "Groceries")
    expect(alice.chats.last).to_contain_text("Groceries")
    expect(alice.chats.last.get_by_role("link")).to_be_focused()
    assert alice.page.url == address


def test_the_open_chat_s_new_name_is_shown_everywhere_at_once(two_chats: Person) -> None:
    alice = two_chats
    rename(alice.chats.first, "Groceries")
    expect(alice.page.get_by_role("heading", name="Groceries")).to_be_visible()
    expect(alice.page).to_have_title("Groceries · Chat")


def test_without_connection_a_chat_keeps_its_name_and_its_place(two_chats: Person) -> None:
    alice = two_chats
    alice.expects_console("ERR_INTERNET_DISCONNECTED")
    alice.page.context.set_offline(True)
    rename(alice.chats.last, "Groceries")
    expect(alice.page.get_by_role("alert")).to_contain_text("The server can’t be reached")
    expect(alice.chats.last).to_contain_text("First chat")
    alice.chats.last.hover()
    alice.chats.last.get_by_role("button", name="Delete").click()
    alice.page.get_by_role("button", name="Delete", exact=True).click()
    expect(alice.page.get_by_role("dialog")).to_be_hidden()
    expect(alice.chats).to_have_count(2)
    alice.page.context.set_offline(False)


def test_a_report_stands_over_the_chat_and_can_be_dismissed(two_chats: Person) -> None:
    alice = two_chats
    alice.expects_console("ERR_INTERNET_DISCONNECTED")
    alice.page.context.set_offline(True)
    rename(alice.chats.last, "Groceries")
    report = alice.page.locator(".toast")
    expect(report.get_by_role("alert")).to_contain_text("The server can’t be reached")
    over, chat = report.bounding_box(), alice.page.locator("main").bounding_box()
    assert over is not None
    assert chat is not None
    assert over["x"] + over["width"] / 2 == pytest.approx(chat["x"] + chat["width"] / 2, abs=2)
    report.get_by_role("button", name="Dismiss").click()
    expect(report).to_be_hidden()
    alice.page.context.set_offline(False)


def test_a_chat_that_goes_on_comes_first(two_chats: Person) -> None:
    alice = two_chats
    alice.chats.last.get_by_role("link").click()
    expect(alice.chats.last.get_by_role("link")).to_have_attribute("aria-current", "page")
    expect(alice.page.get_by_text("First chat", exact=True).last).to_be_visible()
    alice.send("One more thing")
    alice.wait_for_answer(2)
    expect(alice.chats.first).to_contain_text("First chat")


def test_a_chat_opens_in_a_tab_of_its_own(two_chats: Person) -> None:
    alice = two_chats
    with alice.page.context.expect_page() as opened:
        alice.chats.last.get_by_role("link").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="First chat")).to_be_visible()


def test_an_open_chat_is_listed_though_the_list_begins_after_it(alice: Person, site: Site) -> None:
    alice.send("The oldest chat")
    alice.wait_for_answer()
    token = alice.page.evaluate("sessionStorage.getItem('chat.token')")
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, base_url=site.api_url) as http:
        for number in range(30):  # as many as the page asks for at once
            ChatKitClient(http).say(f"Chat {number}")
    alice.page.reload()
    expect(alice.chats).to_have_count(31)
    current = alice.chats.filter(has=alice.page.locator("[aria-current=page]"))
    expect(current).to_contain_text("The oldest chat")


def test_the_drawer_of_a_phone_takes_the_focus_and_gives_it_back(alice: Person) -> None:
    alice.page.set_viewport_size({"width": 360, "height": 740})
    menu = alice.page.get_by_role("button", name="Chats")
    menu.press("Enter")
    expect(alice.page.get_by_role("link", name="New chat")).to_be_focused()
    for _ in range(6):  # round and round, but never into the page behind
        alice.page.keyboard.press("Tab")
        assert not alice.page.evaluate(
            "document.querySelector('main').contains(document.activeElement)"
        )
    alice.page.get_by_role("link", name="New chat").focus()
    alice.page.keyboard.press("Escape")
    expect(menu).to_be_focused()


def test_an_answer_is_copied_on_a_page_without_https(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.page.context.add_init_script(
        "Object.defineProperty(window, 'isSecureContext', { get: () => false })"
    )
    alice.page.reload()
    alice.send("Hello")
    alice.wait_for_answer()
    alice.page.get_by_role("button", name="Copy answer").click()
    expect(alice.page.get_by_role("status").filter(has_text="Copied.")).to_be_attached()
    assert "You wrote" in alice.page.evaluate("navigator.clipboard.readText()")


def test_two_tabs_show_the_same(alice: Person) -> None:
    alice.send("First question")
    alice.wait_for_answer()
    other = alice.page.context.new_page()
    other.goto(alice.page.url)
    expect(other.get_by_text("First question", exact=True).last).to_be_visible()

    alice.send("Second question")
    alice.wait_for_answer(2)
    expect(other.locator(".message-assistant")).to_have_count(2)
    rename(alice.chats.first, "Groceries")
    expect(other.get_by_role("heading", name="Groceries")).to_be_visible()
    expect(other.locator(".thread-row")).to_contain_text("Groceries")

    alice.chats.first.hover()
    alice.chats.first.get_by_role("button", name="Delete").click()
    alice.page.get_by_role("button", name="Delete", exact=True).click()
    expect(other.locator(".thread-row")).to_have_count(0)
    expect(other.get_by_role("alert")).to_contain_text("This chat does not exist any more.")
    expect(other.get_by_role("heading", name="What’s in your files?")).to_be_visible()


def test_a_chat_that_was_deleted_on_another_device_leaves_the_list(
    alice: Person, site: Site
) -> None:
    alice.expects_console("404")
    alice.send("First question")
    alice.wait_for_answer()
    thread_id = alice.page.url.rpartition("/")[2]
    token = alice.page.evaluate("sessionStorage.getItem('chat.token')")
    call = {"type": "threads.delete", "params": {"thread_id": thread_id}}
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(f"{site.api_url}/chatkit", json=call, headers=headers).raise_for_status()
    alice.send("Second question")
    expect(alice.page.get_by_role("alert").first).to_contain_text("does not exist any more")
    expect(alice.chats).to_have_count(0)
    expect(alice.message_field).to_have_value("Second question")
    alice.message_field.press("Enter")
    alice.wait_for_answer()
