"""Editing the last message, the list of shortcuts, and saving a chat."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.files import text
from tests.browser.person import Person
from tests.browser.scripted import slow_down


def editor(person: Person) -> Locator:
    return person.page.get_by_role("textbox", name="Edit message")


def open_editor(person: Person) -> Locator:
    person.page.locator(".message-user").last.hover()
    person.page.get_by_role("button", name="Edit message").click()
    expect(editor(person)).to_be_focused()
    return editor(person)


def test_the_last_message_is_edited_and_answered_anew(alice: Person) -> None:
    alice.send("First question")
    alice.wait_for_answer()
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")
    alice.send("Secnod question")
    alice.wait_for_answer(2)
    expect(alice.page.get_by_role("button", name="Edit message")).to_have_count(1)
    open_editor(alice).fill("Second question")
    expect(alice.page.get_by_text("The answer below is replaced.")).to_be_visible()
    alice.page.keyboard.press("Enter")
    expect(alice.messages).to_have_count(4)
    answer = alice.wait_for_answer(2)
    expect(answer).to_contain_text("Second question")
    expect(answer).to_contain_text("notes.txt")
    alice.page.reload()
    expect(alice.messages).to_have_count(4)
    expect(alice.messages.nth(0)).to_contain_text("First question")
    expect(alice.messages.nth(2)).to_contain_text("Second question")
    expect(alice.messages.nth(2)).to_contain_text("notes.txt")
    expect(alice.page.get_by_text("Secnod")).to_have_count(0)


def test_an_edit_that_is_not_taken_loses_nothing(alice: Person) -> None:
    alice.expects_console("ERR_INTERNET_DISCONNECTED")
    alice.send("A question")
    alice.wait_for_answer()
    open_editor(alice).fill("A better question")
    alice.page.context.set_offline(True)
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_role("alert").first).to_contain_text("The server can’t be reached")
    expect(editor(alice)).to_have_value("A better question")
    expect(alice.answers).to_contain_text("A question")
    alice.page.context.set_offline(False)
    alice.page.keyboard.press("Enter")
    expect(editor(alice)).to_be_hidden()
    expect(alice.wait_for_answer()).to_contain_text("A better question")


def test_an_answer_stays_until_the_new_one_begins(alice: Person) -> None:
    alice.expects_console("ERR_FAILED")
    alice.send("A question")
    alice.wait_for_answer()
    open_editor(alice).fill("A better question")
    alice.page.route("**/chatkit", lambda route: route.abort())
    alice.page.keyboard.press("Enter")
    expect(alice.messages.first).to_contain_text("A better question")
    again = alice.page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(alice.answers).to_contain_text("A question")
    alice.page.unroute("**/chatkit")
    again.click()
    expect(alice.answers).to_contain_text("A better question")
    alice.wait_for_answer()


def test_escape_leaves_the_message_as_it_was(alice: Person) -> None:
    alice.send("A question")
    alice.wait_for_answer()
    expect(alice.message_field).to_be_focused()
    alice.page.keyboard.press("ArrowUp")
    expect(editor(alice)).to_be_focused()
    editor(alice).fill("Something else")
    alice.page.keyboard.press("Escape")
    expect(editor(alice)).to_be_hidden()
    expect(alice.page.get_by_role("button", name="Edit message")).to_be_focused()
    expect(alice.messages.first).to_contain_text("A question")


def test_nothing_is_edited_while_an_answer_is_written(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, 0.2)
    alice.send("A question")
    expect(alice.page.get_by_role("button", name="Stop answering")).to_be_visible()
    alice.page.keyboard.press("ArrowUp")
    expect(alice.page.get_by_role("button", name="Edit message")).to_have_count(0)
    expect(editor(alice)).to_have_count(0)
    alice.page.keyboard.press("Escape")
    alice.wait_until_idle()


def test_the_shortcuts_are_listed_and_do_what_they_say(alice: Person) -> None:
    alice.send("A question")
    alice.wait_for_answer()
    dialog = alice.page.get_by_role("dialog", name="Keyboard shortcuts")
    alice.page.keyboard.press("Control+/")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("term")).to_contain_text(["Search chats", "New chat", "Send"])
    alice.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    alice.message_field.fill("really")
    alice.message_field.press("End")
    alice.page.keyboard.press("?")
    expect(alice.message_field).to_have_value("really?")
    expect(dialog).to_be_hidden()
    alice.page.get_by_role("button", name="Attach files").focus()
    alice.page.keyboard.press("?")
    expect(dialog).to_be_visible()
    alice.page.keyboard.press("Escape")
    alice.page.keyboard.press("Control+Shift+O")
    expect(alice.page.get_by_role("heading", name="What’s in your files?")).to_be_visible()


def test_a_chat_is_saved_with_all_that_was_said(alice: Person, tmp_path: Path) -> None:
    expect(alice.page.get_by_role("button", name="Save chat as Markdown")).to_be_hidden()
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")
    alice.send("What/is: this?")
    alice.wait_for_answer()
    with alice.page.expect_download() as download:
        alice.page.get_by_role("button", name="Save chat as Markdown").click()
    assert download.value.suggested_filename == "What is this.md"
    download.value.save_as(tmp_path / "chat.md")
    saved = (tmp_path / "chat.md").read_text(encoding="utf-8")
    assert saved.startswith("# What/is: this?\n")
    assert "## You\n\nWhat/is: this?\n\n- 📎 notes.txt" in saved
    assert "## Assistant\n\n" in saved
