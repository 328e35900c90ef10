"""Mentions: "@", a name, Enter; and what becomes of them in the message."""

import pytest
from playwright.sync_api import expect

from tests.browser.files import png, text
from tests.browser.person import Person


@pytest.fixture
def alice_with_files(alice: Person) -> Person:
    """She has sent two files before, and starts a new chat."""
    alice.attach(text("quarterly report.txt", "Revenue grew by 14 %."), png("floor plan.png"))
    alice.wait_until_uploaded("quarterly report.txt")
    alice.wait_until_uploaded("floor plan.png")
    alice.send("Keep these")
    alice.wait_for_answer()
    alice.page.get_by_role("link", name="New chat").first.click()
    expect(alice.messages).to_have_count(0)
    return alice


def test_a_file_is_mentioned_by_keyboard(alice_with_files: Person) -> None:
    alice = alice_with_files
    keyboard = alice.page.keyboard
    keyboard.type("Compare @quart")
    option = alice.page.get_by_role("option", name="quarterly report.txt")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(alice.message_field).to_have_attribute("aria-activedescendant", "mention-0")
    expect(alice.page.locator(".mention-preview")).to_contain_text("Text · TXT")
    keyboard.press("Enter")
    expect(alice.message_field).to_have_value("Compare @quarterly report.txt ")
    expect(alice.page.get_by_role("listbox")).to_be_hidden()
    keyboard.type("with @plan")
    expect(alice.page.get_by_role("option", name="floor plan.png")).to_be_visible()
    keyboard.press("Tab")
    expect(alice.message_field).to_have_value("Compare @quarterly report.txt with @floor plan.png ")
    keyboard.press("Backspace")  # the space,
    keyboard.press("Backspace")  # and the mention as a whole
    expect(alice.message_field).to_have_value("Compare @quarterly report.txt with ")
    with alice.page.expect_request(lambda r: "threads.create" in (r.post_data or "")) as sent:
        keyboard.press("Enter")
    content = sent.value.post_data_json["params"]["input"]["content"]  # type: ignore[index] # it is what we typed
    assert [part["type"] for part in content] == ["input_text", "input_tag", "input_text"]
    assert content[1]["text"] == "quarterly report.txt"
    assert content[1]["id"].startswith("atc_")

    alice.wait_for_answer()
    chip = alice.messages.first.get_by_role("button", name="@quarterly report.txt")
    chip.focus()
    expect(alice.page.locator(".entity-popover")).to_contain_text("Text · TXT")


def test_files_of_the_same_name_differ_in_the_list(alice: Person) -> None:
    for body in ("Milk", "Milk and a much longer list of things to buy"):
        alice.page.get_by_role("link", name="New chat").first.click()
        alice.attach(text("notes.txt", body))
        alice.wait_until_uploaded("notes.txt")
        alice.send("Keep it")
        alice.wait_for_answer()
    alice.page.get_by_role("link", name="New chat").first.click()
    alice.message_field.press_sequentially("@notes.txt")
    options = alice.page.get_by_role("option", name="notes.txt")
    expect(options).to_have_count(2)
    first, second = options.all_inner_texts()
    assert first != second


def test_the_menu_moves_by_arrows_and_closes_by_escape(alice_with_files: Person) -> None:
    alice = alice_with_files
    alice.page.get_by_role("button", name="Mention a file or chat").click()
    options = alice.page.get_by_role("option")
    expect(options).to_have_count(3)  # two files and a chat
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    alice.page.keyboard.press("ArrowUp")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    alice.page.keyboard.press("ArrowDown")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    alice.page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(alice.message_field).to_have_value("@")


def test_text_that_only_looks_like_a_mention_stays_text(alice_with_files: Person) -> None:
    alice = alice_with_files
    alice.page.keyboard.type("mail me@example.com or @nobody at all")
    expect(alice.page.get_by_role("listbox")).to_be_hidden()
    with alice.page.expect_request(lambda r: "threads.create" in (r.post_data or "")) as sent:
        alice.page.keyboard.press("Enter")
    assert '"input_tag"' not in (sent.value.post_data or "")
    alice.wait_for_answer()
