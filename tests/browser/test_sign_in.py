"""Tokens that end: the page asks for another one, and what was written stays."""

from playwright.sync_api import expect

from tests.browser.conftest import PersonFactory
from tests.browser.files import text
from tests.browser.person import Person
from tests.browser.site import Site


def sign_in(alice: Person, user_id: str) -> None:
    dialog = alice.page.get_by_role("dialog", name="Sign in")
    dialog.get_by_label("Access token").fill(alice.site.token(user_id))
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_be_hidden()


def test_a_token_that_ends_is_asked_for_again_and_the_message_is_sent(alice: Person) -> None:
    alice.expects_console("401")
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")
    alice.page.evaluate("sessionStorage.setItem('chat.token', 'ended')")
    alice.send("What is this?")
    expect(alice.page.get_by_role("dialog", name="Sign in")).to_contain_text("stays")
    sign_in(alice, "user-of-the-new-token")
    # It is somebody else's token: the file is not theirs, and nothing of the message is lost.
    expect(alice.message_field).to_have_value("What is this?")
    expect(alice.upload("notes.txt")).to_be_visible()
    alice.expects_console("404")
    alice.page.get_by_role("button", name="Remove notes.txt").click()
    alice.message_field.press("Enter")
    alice.wait_for_answer()


def test_a_bad_token_is_no_dead_end(alice: Person) -> None:
    alice.expects_console("401")
    alice.page.evaluate("sessionStorage.setItem('chat.token', 'nonsense')")
    alice.page.get_by_role("link", name="New chat").click()
    alice.send("Hello")
    sign_in(alice, "alice")
    alice.wait_for_answer()


def test_a_person_can_sign_out(alice: Person) -> None:
    alice.page.get_by_role("button", name="Settings").click()
    # What signs every new document of the test in would also sign this one in again.
    alice.page.context.add_init_script("sessionStorage.removeItem('chat.token')")
    alice.page.get_by_role("button", name="Sign out").click()
    expect(alice.page.get_by_role("dialog", name="Sign in")).to_be_visible()
    sign_in(alice, "somebody-else")
    expect(alice.message_field).to_be_visible()


def test_a_token_that_is_bad_from_the_start_is_asked_for_again(
    site: Site, new_person: PersonFactory
) -> None:
    alice = new_person(site, path="/web/icon.svg", wait=False)
    alice.expects_console("401")
    alice.page.context.add_init_script("sessionStorage.setItem('chat.token', 'nonsense')")
    alice.open(wait=False)
    sign_in(alice, "alice")
    alice.send("Hello")
    alice.wait_for_answer()
