"""Every assistant in examples/ does what its docstring says, driven by ChatKit's protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.settings.environment import Settings
from tests.model_api import Call, GeneratedImage, ModelApi, Reply, Text, model_api
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    Event,
    answer_of,
    running,
    test_settings,
    thread_id_of,
    user_message,
)
from tests.settings import changed
from tests.unit.fakes.attachments import png

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def provider() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket, provider: ModelApi) -> Settings:
    return test_settings(
        database_url,
        seaweedfs_bucket,
        openai_api_key="sk-test",
        openai_base_url=provider.base_url,
    )


@contextmanager
def example(settings: Settings, reference: str) -> Iterator[ChatKitClient]:
    """Run an example as `make run ASSISTANT=examples/…` does."""
    with running(changed(settings, assistant=f"{EXAMPLES}/{reference}")) as base_url:
        yield ChatKitClient.of(base_url)


def checked(events: list[Event]) -> list[Event]:
    """Return the events, none of which is an error."""
    assert [event for event in events if event["type"] == "error"] == []
    return events


def titled_thread(alice: ChatKitClient, provider: ModelApi) -> str:
    """Return a thread that has its title, so that the script's replies go to answers alone."""
    thread_id = thread_id_of(alice.say("hello"))
    provider.received.clear()
    return thread_id


def effects(events: list[Event]) -> list[tuple[str, Json]]:
    return [(each["name"], each["data"]) for each in events if each["type"] == "client_effect"]


def items_of(events: list[Event], kind: str) -> list[Json]:
    return [
        event["item"]
        for event in events
        if event["type"] in ("thread.item.done", "thread.item.replaced")
        and event["item"]["type"] == kind
    ]


def with_tag(text: str, entity: Json) -> Json:
    tag = {"type": "input_tag", "id": entity["id"], "text": entity["title"], "data": {}}
    message = user_message(text)
    message["content"].append(tag)
    return message


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_has_fewer_than_200_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 200


def test_the_greenhouse_keeps_a_plant_for_each_thread(
    settings: Settings, provider: ModelApi
) -> None:
    with example(settings, "greenhouse.py:Greenhouse") as alice:
        provider.script.extend([Call("water_plant", {"cups": 3}), Text("Watered.")])
        events = checked(alice.say("Water it."))
        thread_id = thread_id_of(events)
        assert effects(events) == [("update_plant", {"name": None, "moisture": 7, "light": 6})]
        assert alice.http.get(f"/plants/{thread_id}").json()["moisture"] == 7
        assert ChatKitClient(alice.http).http.get("/plants/thr_none").status_code == 404

        names = ["Fern", "Moss", "Ivy"]
        provider.script.append(Call("suggest_names", {"names": names}))
        [card] = items_of(checked(alice.say("A name?", thread_id=thread_id)), "widget")
        button = card["widget"]["children"][2]
        acted = checked(
            alice.stream(
                "threads.custom_action",
                thread_id=thread_id,
                item_id=card["id"],
                action=button["onClickAction"],
            )
        )
        [replaced] = items_of(acted, "widget")
        assert [each.get("label") for each in replaced["widget"]["children"]] == [
            None,
            "Moss it is",
        ]
        assert answer_of(acted) == "Moss is a good name for a plant."
        assert alice.call("threads.get_by_id", thread_id=thread_id)["title"] == "Moss's pot"
        checked(alice.say("Who are you?", thread_id=thread_id))
        assert "The user has called the plant Moss." in provider.last.texts()
        assert alice.http.get(f"/plants/{thread_id}").json()["name"] == "Moss"


def test_the_greenhouse_draws_pictures_with_progress(
    settings: Settings, provider: ModelApi
) -> None:
    with example(settings, "greenhouse.py:Greenhouse") as alice:
        picture = GeneratedImage(png(8, 8), [png(2, 2), png(4, 4), png(6, 6)])
        provider.script.append(Reply(picture, Text("Here it is.")))
        events = checked(alice.say("Draw it."))
        progress = [
            round(each["update"]["progress"], 2)
            for each in events
            if each["type"] == "thread.item.updated"
            and each["update"]["type"] == "generated_image.updated"
        ]
        assert progress == [0.0, 0.33, 0.67]
        options = [each for each in events if each["type"] == "stream_options"]
        assert [each["stream_options"]["allow_cancel"] for each in options] == [False]
        [image] = items_of(events, "generated_image")
        assert image["image"]["url"]


@pytest.mark.slow
def test_the_bike_desk_knows_and_serves_its_customer(
    settings: Settings, provider: ModelApi
) -> None:
    with example(settings, "bike_desk.py:BikeDesk") as alice:
        thread_id = titled_thread(alice, provider)
        extend = Call("extend_rental", {"rental": "R-7", "until": "Monday"})
        provider.script.extend([extend, Text("Until Monday.")])
        events = checked(alice.say("One more weekend, please.", thread_id=thread_id))
        *_, workflow = items_of(events, "workflow")  # the SDK ends one that a tool ended again
        assert workflow["workflow"]["summary"]["title"] == "Rental extended"
        assert [each["message"] for each in events if each["type"] == "notice"]

        provider.script.append(Call("ask_for_phone"))
        [form] = items_of(checked(alice.say("Call me.", thread_id=thread_id)), "widget")
        submit = form["widget"]["children"][0]["onSubmitAction"]
        entered = {**submit, "payload": {"phone": "555-7"}}
        acted = checked(
            alice.stream(
                "threads.custom_action", thread_id=thread_id, item_id=form["id"], action=entered
            )
        )
        [saved] = items_of(acted, "widget")
        assert saved["widget"]["children"][0]["value"] == "Phone: 555-7"
        [thanks] = items_of(acted, "assistant_message")
        alice.call("items.feedback", thread_id=thread_id, item_ids=[thanks["id"]], kind="positive")

        provider.script.append(Call("ask_about_ride"))
        asked = checked(alice.say("Which bike for me?", thread_id=thread_id))
        [questions] = items_of(asked, "structured_input")
        answers = {"purpose": {"values": ["Shopping"]}, "height": {"skipped": True}}
        answered = alice.stream(
            "threads.add_structured_input",
            thread_id=thread_id,
            item_id=questions["id"],
            input={"status": "answered", "answers": answers},
        )
        assert answer_of(checked(answered)) == "Noted."
    texts = provider.last.texts()
    assert "city bike until Monday" in texts and "'phone': '555-7'" in texts
    assert "What is the ride for?: Shopping" in texts


def test_the_tram_map_is_changed_by_both_sides(settings: Settings, provider: ModelApi) -> None:
    with example(settings, "tram_map.py:TramMap") as alice:
        thread_id = titled_thread(alice, provider)
        [market] = alice.http.get("/entities", params={"query": "market"}).json()["entities"]
        assert market["group"] == "Stops" and market["data"] == {"lines": "1"}
        preview = alice.http.get(f"/entities/{market['id']}/preview").json()["preview"]
        assert preview["children"][0]["value"] == "Old Market"

        provider.script.extend(
            [
                Call("add_stop", {"name": "Airport", "line": "2"}),
                Call("get_selected_stops"),
            ]
        )
        message = with_tag("Connect the airport with ", market)
        events = checked(
            alice.stream("threads.add_user_message", thread_id=thread_id, input=message)
        )
        assert '"name":"Old Market"' in provider.last.texts()
        assert effects(events)[0][0] == "draw_stop"
        assert "Airport" in [stop["name"] for stop in alice.http.get("/tram-map").json()]

        [call] = items_of(events, "client_tool_call")
        assert call["name"] == "get_selected_stops" and call["status"] == "pending"
        provider.script.extend([Call("show_stop", {"id": "stop_hill"}), Text("There.")])
        events = checked(
            alice.stream(
                "threads.add_client_tool_output", thread_id=thread_id, result=["stop_hill"]
            )
        )
        assert effects(events) == [("move_to", {"id": "stop_hill"})]
        assert answer_of(events) == "There."


def test_the_newsroom_lets_the_reader_choose_who_answers(
    settings: Settings, provider: ModelApi
) -> None:
    with example(settings, "newsroom.py:Newsroom") as alice:
        composer = alice.http.get("/config.json").json()["composer"]
        assert [tool["id"] for tool in composer["tools"]] == ["puzzle", "events"]
        assert [model["label"] for model in composer["models"]] == ["Fast", "Thorough"]

        thread_id = titled_thread(alice, provider)
        alice.http.headers["x-edition"] = "evening"
        provider.script.extend([Call("show_events"), Text("Enjoy it.")])
        options = {"tool_choice": {"id": "events"}, "model": "gpt-5.1"}
        message = {**user_message("This weekend?"), "inference_options": options}
        events = checked(
            alice.stream("threads.add_user_message", thread_id=thread_id, input=message)
        )
        first = provider.received[0]
        assert first.body["instructions"].startswith("You help to choose among this week's events")
        assert "evening edition" in first.body["instructions"]
        assert first.body["model"] == "gpt-5.1"

        [shown] = items_of(events, "widget")
        [line] = shown["widget"]["children"]
        at = {"thread_id": thread_id, "item_id": shown["id"]}
        answer = alice.call("threads.sync_custom_action", action=line["onClickAction"], **at)
        marked = answer["updated_item"]["widget"]["children"][0]["children"]
        assert [part.get("label") for part in marked] == [None, "Read"]

        provider.script.extend([Call("search_articles", {"words": "owls"}), Text("Four chicks.")])
        [owls] = alice.http.get("/entities", params={"query": "owls"}).json()["entities"]
        about = with_tag("What about ", owls)
        events = checked(alice.stream("threads.add_user_message", thread_id=thread_id, input=about))
        *_, workflow = items_of(events, "workflow")  # the SDK ends one that a tool ended again
        assert workflow["workflow"]["tasks"][0]["sources"][0]["title"] == "Owls in the tower"
        assert "Four chicks have hatched." in provider.last.texts()


@pytest.mark.slow
def test_the_plain_reader_reads_files_without_the_agents_sdk(
    settings: Settings, provider: ModelApi
) -> None:
    with example(settings, "plain_reader.py:PlainReader") as alice:
        attachment = alice.attach("report.csv", b"total;100 EUR\n", "text/csv")
        provider.script.extend([Text("A total of 100 EUR.")] * 2)  # one is the title
        events = checked(alice.say("Summarize it.", attachment["id"]))
        assert answer_of(events) == "A total of 100 EUR."
        assert [each["type"] for each in events].count("progress_update") == 1
        [asked] = [each for each in provider.received if each.body.get("stream")]
        assert "total;100 EUR" in asked.texts()
        assert "[attachment]" in asked.body["instructions"]
        alice.say("And now?", thread_id=thread_id_of(events))
        assert "A total of 100 EUR." in provider.last.texts()


def test_the_plain_reader_says_that_no_model_is_configured(settings: Settings) -> None:
    offline = settings.model_copy(
        update={"model": settings.model.model_copy(update={"api_key": None})}
    )
    with example(offline, "plain_reader.py:PlainReader") as alice:
        attachment = alice.attach()
        words = "There is no OPENAI_API_KEY. A model would read 2 parts now."
        assert answer_of(checked(alice.say("Summarize it.", attachment["id"]))) == words
