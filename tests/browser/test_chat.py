"""The chat around the files: answers, stop, retry, threads, other people, other pages."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.files import large_text, png, text
from tests.browser.person import Person, barriers, until
from tests.browser.scripted import slow_down
from tests.browser.site import Site
from tests.service import ChatKitClient, thread_id_of


def test_a_stopped_answer_keeps_what_was_written(
    new_site: SiteFactory, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, 3)  # it has to be there still when the button is found
    alice = new_person(new_site())
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")
    alice.send("Tell me everything")
    expect(alice.answers).to_contain_text("You wrote")
    alice.page.get_by_role("button", name="Stop answering").click()
    alice.wait_until_idle()
    written = alice.answers.inner_text()
    assert "OPENAI_API_KEY" not in written  # the end of every answer of the offline model
    alice.page.reload()
    expect(alice.answers).to_contain_text("You wrote")
    expect(alice.answers).not_to_contain_text("OPENAI_API_KEY")


def test_escape_stops_an_answer(
    new_site: SiteFactory, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, 3)  # it must still go on when Escape is pressed
    alice = new_person(new_site())
    alice.send("Tell me everything")
    expect(alice.answers).to_contain_text("You wrote")
    alice.page.keyboard.press("Escape")
    alice.wait_until_idle()
    expect(alice.answers).not_to_contain_text("OPENAI_API_KEY")


def test_an_answer_goes_on_while_another_chat_is_open(
    new_site: SiteFactory, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, 0.3)
    alice = new_person(new_site())
    alice.send("Take your time")
    expect(alice.answers).to_contain_text("You wrote")
    alice.page.get_by_role("link", name="New chat").first.click()
    expect(alice.page.get_by_role("heading", name="What’s in your files?")).to_be_visible()
    alice.chats.get_by_role("link").first.click()
    expect(alice.wait_for_answer()).to_contain_text("OPENAI_API_KEY")


def test_an_answer_can_be_rated_and_asked_for_again(alice: Person) -> None:
    alice.send("Hello")
    first = alice.wait_for_answer().get_attribute("data-item-id")
    with alice.page.expect_request(lambda r: "items.feedback" in (r.post_data or "")) as rated:
        alice.page.get_by_role("button", name="Good answer").click()
    assert '"kind":"positive"' in (rated.value.post_data or "")
    expect(alice.page.get_by_role("button", name="Good answer")).to_have_attribute(
        "aria-pressed", "true"
    )
    alice.page.reload()
    expect(alice.page.get_by_role("button", name="Good answer")).to_have_attribute(
        "aria-pressed", "true"
    )
    alice.page.get_by_role("button", name="Answer again").click()
    expect(alice.page.locator(f"[data-item-id='{first}']")).to_have_count(0)
    alice.wait_for_answer()
    expect(alice.messages).to_have_count(2)


def test_only_the_last_answer_can_be_asked_for_again(alice: Person) -> None:
    """The server removes all that follows the question, so an earlier one would cost the rest."""
    for number in range(1, 4):
        alice.send(f"Question {number}")
        alice.wait_for_answer(number)
    alice.answers.first.hover()
    expect(alice.answers.first.get_by_role("button", name="Copy answer")).to_be_visible()
    expect(alice.answers.first.get_by_role("button", name="Answer again")).to_be_hidden()
    alice.answers.last.get_by_role("button", name="Answer again").click()
    alice.wait_for_answer(3)
    alice.page.reload()
    expect(alice.messages).to_have_count(6)


def test_an_answer_stays_until_the_server_has_taken_the_request_for_another(alice: Person) -> None:
    alice.send("Hello")
    alice.wait_for_answer()
    alice.expects_console("ERR_INTERNET_DISCONNECTED")
    alice.page.context.set_offline(True)
    alice.page.get_by_role("button", name="Answer again").click()
    expect(alice.page.get_by_role("alert")).to_contain_text("The server can’t be reached")
    expect(alice.answers).to_have_count(1)
    alice.page.context.set_offline(False)
    alice.page.get_by_role("button", name="Try again").click()
    expect(alice.page.get_by_role("alert")).to_be_hidden()
    alice.wait_for_answer()


def test_a_long_chat_opens_at_its_end_and_shows_earlier_messages(
    site: Site, new_person: PersonFactory
) -> None:
    alice = new_person(site, "alice")
    with httpx.Client(headers={"Authorization": f"Bearer {site.token('alice')}"}) as http:
        client = ChatKitClient(http)
        http.base_url = httpx.URL(site.api_url)
        thread_id = thread_id_of(client.say("Message 0"))
        for number in range(1, 30):
            client.say(f"Message {number}", thread_id=thread_id)
    alice.open(f"/#/chat/{thread_id}")
    alice.page.reload()
    expect(alice.page.get_by_text("Message 29", exact=True)).to_be_in_viewport()
    questions = alice.page.locator(".message-user .message-body")
    expect(questions).to_have_count(25)
    # What is being read stays where it is.
    alice.page.locator(".thread-scroll").evaluate("list => list.scrollTo(0, 0)")
    read = alice.page.get_by_text("Message 5", exact=True)
    before = read.bounding_box()
    alice.page.get_by_role("button", name="Show earlier messages").click()
    expect(alice.page.get_by_role("button", name="Show earlier messages")).to_be_hidden()
    expect(questions).to_have_text([f"Message {number}" for number in range(30)])
    after = read.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 40  # the button itself has gone


def test_chats_are_listed_renamed_and_deleted(alice: Person) -> None:
    alice.send("First chat")
    alice.wait_for_answer()
    alice.page.get_by_role("link", name="New chat").first.click()
    alice.send("Second chat")
    alice.wait_for_answer()
    expect(alice.chats).to_have_count(2)

    alice.chats.first.hover()
    alice.chats.first.get_by_role("button", name="Rename").click()
    title = alice.page.get_by_role("textbox", name="Title of the chat")
    title.fill("Groceries")
    title.press("Enter")
    expect(alice.chats.first).to_contain_text("Groceries")
    alice.page.reload()
    expect(alice.page.get_by_role("heading", name="Groceries")).to_be_visible()

    alice.chats.first.hover()
    alice.chats.first.get_by_role("button", name="Delete").click()
    alice.page.get_by_role("button", name="Delete", exact=True).click()
    expect(alice.chats).to_have_count(1)
    expect(alice.page.get_by_role("heading", name="What’s in your files?")).to_be_visible()


def test_a_second_person_sees_nothing_of_the_first(
    alice: Person, site: Site, new_person: PersonFactory
) -> None:
    alice.attach(png("private.png"))
    alice.wait_until_uploaded("private.png")
    alice.send("Mine alone")
    alice.wait_for_answer()
    address = alice.page.url.removeprefix(site.page_url)

    bob = new_person(site, path=address)
    bob.expects_console("404")
    expect(bob.page.get_by_role("alert")).to_contain_text("This chat does not exist any more.")
    expect(bob.chats).to_have_count(0)
    expect(bob.messages).to_have_count(0)
    bob.message_field.press_sequentially("@private")
    expect(bob.page.get_by_role("option")).to_have_count(0)


def test_each_browser_is_a_person_of_its_own_with_the_dev_cookie(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    site = new_site(origins=1)
    alice, bob = new_person(site), new_person(site)
    alice.send("Hello")
    alice.wait_for_answer()
    alice.page.reload()
    expect(alice.messages).to_have_count(2)
    bob.page.reload()
    expect(bob.page.get_by_text("Your chats will be listed here.")).to_be_visible()


def test_an_expired_preview_is_renewed(new_site: SiteFactory, new_person: PersonFactory) -> None:
    alice = new_person(new_site(preview_ttl_seconds=10))
    alice.attach(png("chart.png"))
    alice.wait_until_uploaded("chart.png")
    alice.send("Look")
    alice.wait_for_answer()
    picture = alice.page.get_by_role("img", name="chart.png")
    expect(picture).to_have_js_property("naturalWidth", 320)
    first_url = picture.get_attribute("src")
    assert first_url is not None

    alice.expects_console("403")
    until(lambda: httpx.get(first_url).status_code == 403)
    # The browser lost the picture, and asks for it under the address that it knows.
    picture.evaluate("(image, url) => { image.src = ''; image.src = url + '#again'; }", first_url)
    expect(picture).to_have_js_property("naturalWidth", 320)
    assert picture.get_attribute("src") != first_url


def test_a_message_that_is_rejected_comes_back_with_its_reason(alice: Person) -> None:
    alice.expects_console("409")
    reason = {"message": "This chat is closed.", "error": {"code": "thread_not_open"}}
    alice.page.route("**/chatkit", lambda route: route.fulfill(status=409, json=reason), times=1)
    alice.send("What is this?")
    expect(alice.message_field).to_have_value("What is this?")
    expect(alice.messages).to_have_count(0)
    expect(alice.chats).to_have_count(0)
    alice.message_field.press("Enter")
    alice.wait_for_answer()


def test_markup_in_a_message_or_a_name_stays_text(alice: Person) -> None:
    alice.attach(
        text("<img src=x onerror=alert(1)>.txt", "<script>alert(1)</script>\n[a](javascript:x)")
    )
    expect(alice.uploads).to_have_attribute("data-state", "done")
    alice.send("<b onclick=alert(1)>bold</b> ![x](http://127.0.0.1:9/pixel.png)")
    alice.wait_for_answer()
    assert alice.page.locator(".messages :is(script, b, [onerror], [onclick])").count() == 0
    assert alice.page.locator(".messages a[href^='javascript']").count() == 0
    assert alice.page.locator(".message-assistant img").count() == 0


def test_everything_can_be_done_from_the_keyboard(alice: Person) -> None:
    keyboard = alice.page.keyboard
    expect(alice.message_field).to_be_focused()
    keyboard.type("First line")
    keyboard.press("Shift+Enter")
    keyboard.type("second line")
    keyboard.press("Enter")
    expect(alice.wait_for_answer()).to_contain_text("First line second line")
    expect(
        alice.page.get_by_role("status").filter(has_text="Assistant: You wrote")
    ).to_be_attached()
    keyboard.press("Shift+Tab")  # the last answer's own tools come before the message field
    expect(alice.page.get_by_role("button", name="Answer again")).to_be_focused()
    alice.page.get_by_role("button", name="Settings").focus()
    keyboard.press("Enter")
    expect(alice.page.get_by_role("dialog", name="Settings")).to_be_visible()
    keyboard.press("Escape")
    expect(alice.page.get_by_role("button", name="Settings")).to_be_focused()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_no_barrier(site: Site, new_person: PersonFactory, color_scheme: str) -> None:
    alice = new_person(site, color_scheme=color_scheme)
    assert barriers(alice.page) == []
    alice.attach(png(), {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3"})
    alice.wait_until_uploaded("chart.png")
    assert barriers(alice.page) == []
    alice.page.get_by_role("button", name="Remove song.mp3").click()
    alice.send("Look")
    alice.wait_for_answer()
    assert barriers(alice.page) == []
    alice.page.get_by_role("button", name="Open image chart.png").click()
    expect(alice.page.get_by_role("complementary", name="File")).to_be_visible()
    assert barriers(alice.page) == []
    alice.page.get_by_role("button", name="Settings", exact=True).click()
    expect(alice.page.get_by_role("dialog", name="Settings")).to_be_visible()
    assert barriers(alice.page) == []


def test_a_phone_shows_one_column_and_a_drawer(site: Site, new_person: PersonFactory) -> None:
    alice = new_person(site, viewport={"width": 360, "height": 740})
    alice.attach(png(), large_text("a very long name that does not fit on one line.txt", 900))
    expect(alice.page.locator(".upload[data-state=done]")).to_have_count(2)
    alice.send("A word " + "averyveryverylongwordwithoutanyspaces" * 4)
    alice.wait_for_answer()
    width = alice.page.evaluate("document.documentElement.scrollWidth")
    assert width == 360
    chats = alice.page.get_by_role("navigation", name="Chats")
    expect(chats).to_be_hidden()
    alice.page.get_by_role("button", name="Chats").click()
    expect(chats).to_be_visible()
    chats.get_by_role("link", name="New chat").click()
    expect(chats).to_be_hidden()


@pytest.mark.parametrize("strategy", ["two_phase", "direct"])
def test_the_example_sends_a_chart_from_elsewhere_in_the_page(
    site: Site, new_person: PersonFactory, strategy: str
) -> None:
    alice = new_person(site)
    alice.page.evaluate(f"localStorage.setItem('chat.strategy', '{strategy}')")
    alice.open("/web/examples/ask-about-chart.html")
    alice.page.get_by_role("textbox", name="Ask about this chart").fill("Which month is best?")
    alice.page.get_by_role("button", name="Ask", exact=True).click()
    answer = alice.wait_for_answer()
    expect(answer).to_contain_text("uploads-by-month.png")
    expect(answer).to_contain_text("1280 × 640")
    expect(answer).to_contain_text("Which month is best?")
