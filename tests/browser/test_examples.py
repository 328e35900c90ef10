"""Every assistant in examples/ on the page: what its docstring promises is seen and works."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from examples import embedded
from tests.browser.conftest import PersonFactory, SiteFactory, allow_origin
from tests.browser.files import png, text
from tests.browser.host_page import clicked_entities, effects, keep_effects, mount
from tests.browser.person import Person, until
from tests.browser.site import Site
from tests.model_api import Call, GeneratedImage, ModelApi, Reply, Text, model_api
from tests.servers import TestBucket
from tests.service import test_settings
from tests.serving import serving

EXAMPLES = Path(__file__).parents[2] / "examples"

Guest = Callable[[str], Person]


@pytest.fixture
def provider() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api
        api.released.set()


@pytest.fixture
def at(new_site: SiteFactory, new_person: PersonFactory, provider: ModelApi) -> Guest:
    """Return a function that opens the page of an example, as `make run` serves it."""

    def open_page(reference: str) -> Person:
        site = new_site(
            origins=1,
            assistant=f"{EXAMPLES}/{reference}",
            openai_api_key="sk-test",
            openai_base_url=provider.base_url,
        )
        return new_person(site)

    return open_page


def begin_chat(person: Person, provider: ModelApi) -> None:
    """Begin a chat and wait for its title, so that the script's replies go to answers alone."""
    person.send("hello")
    person.wait_for_answer()
    provider.received.clear()


def open_steps(person: Person, title: str) -> Locator:
    """Unfold a workflow."""
    steps = person.page.locator("details.workflow").filter(has_text=title)
    steps.locator("summary").click()
    return steps


def test_the_bike_desk_shows_steps_a_notice_a_form_and_questions(
    at: Guest, provider: ModelApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    alice = at("bike_desk.py:BikeDesk")
    begin_chat(alice, provider)
    provider.script.extend(
        [Call("extend_rental", {"rental": "R-7", "until": "Monday"}), Text("Until Monday.")]
    )
    alice.send("One more weekend, please.")
    expect(alice.answers.last).to_contain_text("Until Monday.")
    alice.wait_until_idle()
    steps = open_steps(alice, "Rental extended")
    expect(steps.get_by_text("Looking for a free bike")).to_be_visible()
    expect(steps.get_by_text("R-7 until Monday")).to_be_visible()
    expect(alice.page.locator(".notice")).to_contain_text("R-7 ends on Monday now.")

    provider.script.append(Call("ask_for_phone"))
    alice.send("Call me.")
    alice.page.get_by_label("Your phone number").fill("555-7")
    alice.wait_until_idle()
    alice.page.get_by_role("button", name="Save", exact=True).click()
    expect(alice.answers.last).to_contain_text("Thank you, we have saved your number.")
    expect(alice.answers.get_by_text("Phone: 555-7")).to_be_visible()
    expect(alice.page.get_by_label("Your phone number")).to_have_count(0)
    alice.wait_until_idle()
    alice.answers.last.get_by_role("button", name="Good answer").click()
    until(lambda: "positive feedback on 1 items" in caplog.messages)

    provider.script.append(Call("ask_about_ride"))
    alice.send("Which bike for me?")
    form = alice.page.get_by_role("form", name="Questions")
    form.get_by_role("group", name="What is the ride for?").get_by_label("Shopping").check()
    alice.wait_until_idle()
    form.get_by_role("button", name="Answer", exact=True).click()
    expect(alice.page.get_by_role("definition")).to_have_text(["Shopping", "Skipped"])
    expect(alice.answers.last).to_contain_text("Noted.")
    alice.wait_until_idle()
    texts = provider.last.texts()
    assert "city bike until Monday" in texts and "'phone': '555-7'" in texts
    assert "What is the ride for?: Shopping" in texts
    assert "The customer has entered a phone number." in texts
    expect(alice.page.get_by_text("has entered a phone number")).to_have_count(0)

    alice.page.reload()
    expect(alice.page.get_by_text("Phone: 555-7")).to_be_visible()
    expect(alice.page.get_by_role("definition")).to_have_text(["Shopping", "Skipped"])
    open_steps(alice, "Rental extended")


def test_the_greenhouse_changes_the_page_names_a_plant_and_draws_it(
    at: Guest, provider: ModelApi
) -> None:
    alice = at("greenhouse.py:Greenhouse")
    keep_effects(alice.page)
    provider.script.extend([Call("water_plant", {"cups": 3}), Text("Watered.")])
    alice.send("Water it.")
    expect(alice.wait_for_answer()).to_contain_text("Watered.")
    assert effects(alice.page) == [("update_plant", {"name": None, "moisture": 7, "light": 6})]

    provider.script.append(Call("suggest_names", {"names": ["Fern", "Moss", "Ivy"]}))
    alice.send("A name?")
    alice.page.get_by_role("button", name="Ivy").wait_for()
    alice.wait_until_idle()
    alice.page.get_by_role("button", name="Moss").click()
    expect(alice.page.get_by_role("button", name="Moss it is")).to_be_disabled()
    expect(alice.page.get_by_role("button", name="Ivy")).to_have_count(0)
    expect(alice.answers.last).to_contain_text("Moss is a good name for a plant.")
    expect(alice.chats).to_contain_text("Moss's pot")
    assert effects(alice.page)[1:] == [
        ("update_plant", {"name": "Moss", "moisture": 7, "light": 6})
    ]
    alice.wait_until_idle()

    partial = [png()["buffer"]] * 3
    picture = GeneratedImage(png(width=64, height=48)["buffer"], partial, hang_after=2)
    provider.script.append(Reply(picture, Text("Here it is.")))
    alice.send("Draw it.")
    progress = alice.page.get_by_role("progressbar", name="Drawing…")
    expect(progress).to_have_js_property("position", 1 / 3)
    expect(alice.page.get_by_role("button", name="Stop answering")).to_be_hidden()
    alice.page.keyboard.press("Escape")  # stops an answer that can be stopped
    provider.released.set()
    expect(alice.answers.last).to_contain_text("Here it is.")
    alice.wait_until_idle()
    assert "The user has called the plant Moss." in provider.last.texts()
    expect(alice.page.get_by_text("has called the plant")).to_have_count(0)
    for _ in range(2):
        image = alice.page.get_by_role("img", name="Generated image")
        expect(image).to_have_js_property("naturalWidth", 64)
        expect(progress).to_have_count(0)
        alice.page.reload()


def test_the_newsroom_takes_a_model_a_tool_a_mention_and_a_click(
    at: Guest, provider: ModelApi
) -> None:
    alice = at("newsroom.py:Newsroom")
    begin_chat(alice, provider)
    provider.script.extend([Call("show_events"), Text("Enjoy it.")])
    alice.page.get_by_role("combobox", name="Model").select_option("Thorough")
    alice.page.get_by_role("combobox", name="Tool").select_option("Make a puzzle")
    expect(alice.message_field).to_have_attribute("placeholder", "A puzzle about …")
    events = alice.page.get_by_role("button", name="Find events")
    events.click()
    alice.send("This weekend?")
    expect(alice.answers.last).to_contain_text("Enjoy it.")
    alice.wait_until_idle()
    expect(events).to_have_attribute("aria-pressed", "false")
    body = provider.received[0].body
    assert body["model"] == "gpt-5.1"
    assert body["instructions"].startswith("You help to choose among this week's events.")

    asked = len(provider.received)
    messages = alice.messages.count()
    choir = alice.page.get_by_role("listitem").filter(has_text="Choir in the park").last
    choir.get_by_role("button").click()
    expect(choir).to_contain_text("Read")
    assert (len(provider.received), alice.messages.count()) == (asked, messages)

    provider.script.extend([Call("search_articles", {"words": "owls"}), Text("Four chicks.")])
    alice.message_field.press_sequentially("What about @owls")
    option = alice.page.get_by_role("option", name="Owls in the tower")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(alice.page.get_by_role("listbox")).to_contain_text("Articles")
    alice.page.keyboard.press("Enter")
    expect(alice.message_field).to_have_value("What about @Owls in the tower ")
    alice.page.keyboard.press("Enter")
    expect(alice.answers.last).to_contain_text("Four chicks.")
    alice.wait_until_idle()
    assert "Four chicks have hatched." in provider.last.texts()
    expect(alice.messages.get_by_text("@Owls in the tower")).to_be_visible()
    steps = alice.page.locator("details.workflow")
    steps.locator("summary").click()
    expect(steps.get_by_role("link", name="Owls in the tower")).to_be_visible()


def test_the_tram_map_is_changed_by_the_assistant_and_asked_for_its_selection(
    at: Guest, provider: ModelApi
) -> None:
    alice = at("tram_map.py:TramMap")
    calls: list[object] = []

    def run_tool(call: dict[str, object]) -> list[str]:
        calls.append(call)
        return ["stop_hill"]

    mount(alice.page, run_tool=run_tool)
    begin_chat(alice, provider)
    alice.message_field.press_sequentially("Connect the airport with @market")
    expect(alice.page.get_by_role("option", name="Old Market")).to_be_visible()
    preview = alice.page.locator(".mention-preview")
    expect(preview).to_contain_text("Old Market")
    expect(preview).to_contain_text("Line 1")
    alice.page.keyboard.press("Enter")
    expect(alice.message_field).to_have_value("Connect the airport with @Old Market ")
    provider.script.extend(
        [
            Call("add_stop", {"name": "Airport", "line": "2"}),
            Call("get_selected_stops"),
            Call("show_stop", {"id": "stop_hill"}),
            Text("There."),
        ]
    )
    alice.page.keyboard.press("Enter")
    expect(alice.answers.last).to_contain_text("There.")
    alice.wait_until_idle()
    assert calls == [{"name": "get_selected_stops", "params": {}}]
    expect(alice.page.get_by_text("“get_selected_stops” has run in this page.")).to_be_visible()
    assert [name for name, _ in effects(alice.page)] == ["draw_stop", "move_to"]
    texts = provider.last.texts()
    assert '"name":"Old Market"' in texts

    mention = alice.messages.get_by_role("button", name="@Old Market")
    mention.hover()
    expect(alice.page.locator(".entity-popover")).to_contain_text("Line 1")
    mention.click()
    assert clicked_entities(alice.page) == ["stop_market"]

    alice.message_field.press_sequentially("And @airport")
    expect(alice.page.get_by_role("option", name="Airport")).to_be_visible()


def test_the_plain_reader_says_that_it_reads_and_streams_its_summary(
    at: Guest, provider: ModelApi
) -> None:
    alice = at("plain_reader.py:PlainReader")
    provider.answer = lambda received: (
        Text("A total of 100 EUR.", hang_after=0) if received.body.get("stream") else Text("Total")
    )
    alice.attach(text("report.txt", "total: 100 EUR"))
    alice.wait_until_uploaded("report.txt")
    alice.send("Summarize it.")
    expect(alice.page.get_by_text("Reading")).to_be_visible()
    provider.released.set()
    expect(alice.answers.last).to_contain_text("A total of 100 EUR.")
    alice.wait_until_idle()
    expect(alice.page.get_by_text("Reading")).to_have_count(0)
    [asked] = [each for each in provider.received if each.body.get("stream")]
    assert "total: 100 EUR" in asked.texts()


@pytest.fixture
def embedded_site(database_url: str, seaweedfs_bucket: TestBucket) -> Iterator[Site]:
    settings = test_settings(database_url, seaweedfs_bucket, auth_mode="dev")
    with serving(embedded.create(settings)) as outer_url:
        allow_origin(seaweedfs_bucket, outer_url)
        url = f"{outer_url}/chat"
        yield Site(url, url, f"{seaweedfs_bucket.endpoint_url}/{seaweedfs_bucket.name}")


def test_the_embedded_page_takes_and_opens_files_below_its_prefix(
    embedded_site: Site, new_person: PersonFactory
) -> None:
    alice = new_person(embedded_site)
    alice.attach(text("report.txt", "total: 100 EUR"))
    alice.wait_until_uploaded("report.txt")
    alice.send("Summarize it.")
    expect(alice.wait_for_answer()).to_contain_text("A model would read 2 parts now.")
    alice.page.reload()
    alice.messages.first.get_by_role("button", name="report.txt").click()
    viewer = alice.page.get_by_role("complementary", name="File")
    expect(viewer).to_contain_text("total: 100 EUR")
