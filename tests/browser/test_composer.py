"""Writing a message: waiting for uploads, drafts, and what must not get lost."""

from playwright.sync_api import expect

from tests.browser.conftest import PersonFactory
from tests.browser.files import large_text, png, text
from tests.browser.person import Person
from tests.browser.site import Site


def test_enter_pressed_again_while_files_travel_still_sends(alice: Person) -> None:
    alice.throttle(60_000)
    alice.attach(large_text("book.txt", 400_000))
    expect(alice.uploads).to_have_attribute("data-state", "uploading")
    alice.send("Here it is")
    expect(alice.page.get_by_text("Sending when the uploads are done…")).to_be_visible()
    alice.message_field.press("Enter")
    expect(alice.page.get_by_role("button", name="Don’t send yet")).to_be_visible()
    alice.throttle(0)
    expect(alice.wait_for_answer()).to_contain_text("book.txt")


def test_a_message_that_waits_for_files_can_be_held_back(alice: Person) -> None:
    alice.throttle(60_000)
    alice.attach(large_text("book.txt", 300_000))
    expect(alice.uploads).to_have_attribute("data-state", "uploading")
    alice.send("Here it is")
    alice.page.get_by_role("button", name="Don’t send yet").click()
    alice.throttle(0)
    alice.wait_until_uploaded("book.txt")
    expect(alice.message_field).to_have_value("Here it is")
    expect(alice.messages).to_have_count(0)


def test_a_key_that_is_held_down_sends_once(alice: Person) -> None:
    alice.message_field.fill("Hello")
    alice.message_field.evaluate(
        """field => {
            for (const repeat of [false, true, true]) {
                field.dispatchEvent(new KeyboardEvent('keydown', {
                    key: 'Enter', repeat, bubbles: true, cancelable: true }));
                if (!repeat) field.value = 'and more';
            }
        }"""
    )
    alice.wait_for_answer()
    expect(alice.messages).to_have_count(2)


def test_each_chat_has_a_draft_that_survives_a_reload(alice: Person) -> None:
    alice.send("First chat")
    alice.wait_for_answer()
    alice.message_field.fill("For the first chat")
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")

    alice.page.get_by_role("link", name="New chat").click()
    expect(alice.message_field).to_have_value("")
    expect(alice.uploads).to_have_count(0)
    alice.message_field.fill("For a new one")

    alice.page.reload()
    expect(alice.message_field).to_have_value("For a new one")
    alice.chats.get_by_role("link").first.click()
    expect(alice.message_field).to_have_value("For the first chat")
    alice.message_field.press("Enter")
    expect(alice.wait_for_answer(2)).to_contain_text("notes.txt")
    alice.page.reload()
    expect(alice.message_field).to_have_value("")


def test_a_message_that_waits_is_sent_to_its_own_chat(alice: Person) -> None:
    alice.send("First chat")
    alice.wait_for_answer()
    alice.throttle(60_000)
    alice.attach(large_text("book.txt", 300_000))
    expect(alice.uploads).to_have_attribute("data-state", "uploading")
    alice.send("For the first chat")
    alice.page.get_by_role("link", name="New chat").click()
    expect(alice.message_field).to_be_editable()
    alice.throttle(0)
    alice.chats.get_by_role("link").first.click()
    expect(alice.page.get_by_text("For the first chat", exact=True)).to_be_visible()
    alice.wait_for_answer(2)
    expect(alice.chats).to_have_count(1)


def test_leaving_while_files_travel_is_asked_about(alice: Person) -> None:
    alice.throttle(10_000)
    alice.attach(large_text("book.txt", 100_000))
    expect(alice.uploads).to_have_attribute("data-state", "uploading")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined] # playwright's Dialog
        dialog.dismiss()  # type: ignore[attr-defined] # the same

    alice.page.on("dialog", stay)
    alice.page.close(run_before_unload=True)
    expect(alice.uploads).to_have_count(1)
    assert asked == ["beforeunload"]
    alice.page.get_by_role("button", name="Cancel upload of book.txt").click()


def test_a_mention_that_was_chosen_can_be_undone(alice: Person) -> None:
    alice.attach(text("plan.txt"))
    alice.wait_until_uploaded("plan.txt")
    alice.send("Keep it")
    alice.wait_for_answer()
    alice.message_field.press_sequentially("See @pla")
    expect(alice.page.get_by_role("option", name="plan.txt")).to_be_visible()
    alice.page.keyboard.press("Enter")
    expect(alice.message_field).to_have_value("See @plan.txt ")
    alice.page.keyboard.press("Control+z")
    expect(alice.message_field).to_have_value("See @pla")


def test_a_chat_is_not_offered_to_mention_itself(alice: Person) -> None:
    alice.send("Winter tyres")
    alice.wait_for_answer()
    alice.message_field.press_sequentially("@Winter")
    expect(alice.page.get_by_role("option")).to_have_count(0)
    expect(alice.page.get_by_text("No file or chat matches")).to_be_visible()


def test_a_picture_that_is_none_shows_an_icon_and_is_sent_as_what_it_is(alice: Person) -> None:
    alice.attach({"name": "scan.png", "mimeType": "image/png", "buffer": b"%PDF-1.7\n1 0 obj\n"})
    alice.wait_until_uploaded("scan.png")
    expect(alice.upload("scan.png").locator(".file-icon")).to_be_visible()
    alice.send("Look")
    expect(alice.wait_for_answer()).to_contain_text("application/pdf")


def test_a_rejected_file_is_named_and_takes_no_other_with_it(alice: Person) -> None:
    alice.attach(
        text("a.txt", "words"), {"name": "b.png", "mimeType": "image/png", "buffer": b"<html>"}
    )
    alice.wait_until_uploaded("a.txt")
    alice.wait_until_uploaded("b.png")
    alice.send("Look")
    expect(alice.page.locator(".notice")).to_contain_text("b.png")
    expect(alice.wait_for_answer(2)).to_contain_text("a.txt")  # the notice stands before it


def test_files_are_pasted_wherever_the_focus_is(alice: Person) -> None:
    alice.page.get_by_role("button", name="Settings").focus()
    alice.page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File(['pasted'], 'notes.txt', {type: 'text/plain'}));
            document.activeElement.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }"""
    )
    alice.wait_until_uploaded("notes.txt")


def test_names_and_words_of_right_to_left_scripts_stand_right(
    site: Site, new_person: PersonFactory
) -> None:
    alice = new_person(site)
    alice.attach(text("ملف عربي مهم.txt"), png("plan.png"))
    alice.wait_until_uploaded("ملف عربي مهم.txt")
    arabic = alice.page.locator(".upload .file-name").first
    stem, suffix = arabic.evaluate(
        """name => [...name.childNodes].map(node => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return range.getBoundingClientRect().left;
        })"""
    )
    assert suffix < stem, "the suffix stands behind the words, which run from right to left"
    alice.message_field.fill("ما هذا؟")
    expect(alice.message_field).to_have_css("direction", "rtl")
    alice.message_field.press("Enter")
    alice.wait_for_answer()
    expect(alice.page.locator(".message-user .message-body")).to_have_css("direction", "rtl")
