"""`/entities` over HTTP: what the composer's menu and its hover preview get."""

import io
from datetime import datetime

import httpx
import pytest
from chatkit.widgets import BasicRoot, DynamicWidgetComponent, WidgetComponent
from PIL import Image
from pydantic import TypeAdapter

from tests.service import ChatKitClient, answer_of, thread_id_of

_COMPONENT: TypeAdapter[WidgetComponent] = TypeAdapter(WidgetComponent)


def photo(side: int = 1200) -> bytes:
    """Large enough to get a thumbnail."""
    body = io.BytesIO()
    Image.effect_noise((side, side), 80).convert("RGB").save(body, "PNG")
    return body.getvalue()


def search(client: ChatKitClient, query: str) -> list[dict[str, object]]:
    response = client.http.get("/entities", params={"query": query})
    assert response.status_code == 200, response.text
    entities: list[dict[str, object]] = response.json()["entities"]
    return entities


def preview(client: ChatKitClient, entity_id: str) -> httpx.Response:
    return client.http.get(f"/entities/{entity_id}/preview")


def components(widget: object) -> list[dict[str, object]]:
    """A widget and all that is in it, in order."""
    if not isinstance(widget, dict):
        return []
    children = widget.get("children") or []
    inside = [part for child in children for part in components(child)]
    return [widget, *inside]


def test_sent_files_and_titled_threads_are_offered_as_entities(alice: ChatKitClient) -> None:
    attachment = alice.attach("Quarterly report.txt", b"numbers", "text/plain")
    assert search(alice, "report") == []  # not before a message has used it
    thread_id = thread_id_of(alice.say("Look", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="Reporting deadlines")
    found = {entity["id"]: entity for entity in search(alice, "repo")}
    for entity in found.values():  # two of the same name differ by it
        about = entity["data"]
        assert isinstance(about, dict)
        assert datetime.fromisoformat(about.pop("created_at")).tzinfo is not None
    assert found == {
        attachment["id"]: {
            "id": attachment["id"],
            "title": "Quarterly report.txt",
            "icon": "square-text",
            "group": "Files",
            "interactive": True,
            "data": {
                "kind": "attachment",
                "mime_type": "text/plain",
                "size": "7",
                "thread_id": thread_id,
                "thread_title": "Reporting deadlines",
            },
        },
        thread_id: {
            "id": thread_id,
            "title": "Reporting deadlines",
            "icon": "notebook",
            "group": "Chats",
            "interactive": True,
            "data": {"kind": "thread", "thread_id": thread_id},
        },
    }
    assert {entity["id"] for entity in search(alice, "")} == set(found)


def test_a_group_is_in_one_piece_and_that_of_the_best_comes_first(alice: ChatKitClient) -> None:
    for number in range(3):
        attachment = alice.attach(f"zebra {number}.txt")
        thread_id = thread_id_of(alice.say("Look", attachment["id"]))
        alice.call("threads.update", thread_id=thread_id, title=f"zebra {number}")
    assert [entity["group"] for entity in search(alice, "zebra")] == ["Chats"] * 3 + ["Files"] * 3


@pytest.mark.slow
def test_an_image_is_previewed_with_its_thumbnail_and_its_thread(alice: ChatKitClient) -> None:
    body = photo()
    attachment = alice.attach("zebra <b>.png", body, "image/png")
    thread_id = thread_id_of(alice.say("Look", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="At the zoo")
    widget = preview(alice, attachment["id"]).json()["preview"]
    assert BasicRoot.model_validate(widget)
    parts = components(widget)
    for part in parts[1:]:
        known = _COMPONENT.validate_python(part)
        assert not isinstance(known, DynamicWidgetComponent), part
        assert set(part) <= set(type(known).model_fields), part
    [image] = [part for part in parts if part["type"] == "Image"]
    shown = httpx.get(str(image["src"]))
    assert shown.status_code == 200
    assert 0 < len(shown.content) < len(body)  # the thumbnail
    assert Image.open(io.BytesIO(shown.content)).format == "WEBP"
    told = [str(part["value"]) for part in parts if "value" in part]
    assert told[0] == "zebra <b>.png"
    assert told[1].startswith("image/png · ")
    assert "MiB" in told[1]
    assert told[2] == "In “At the zoo”"


def test_what_is_no_image_is_previewed_in_words(alice: ChatKitClient) -> None:
    attachment = alice.attach("notes.txt", b"hello", "text/plain")
    thread_id = thread_id_of(alice.say("Look", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="Notes")
    parts = components(preview(alice, attachment["id"]).json()["preview"])
    assert [part["type"] for part in parts] == ["Basic", "Col", "Text", "Caption", "Caption"]
    thread = components(preview(alice, thread_id).json()["preview"])
    assert [part.get("value") for part in thread][2] == "Notes"


def test_nobody_finds_or_previews_what_is_another_users(
    alice: ChatKitClient, bob: ChatKitClient
) -> None:
    attachment = alice.attach("report.txt")
    thread_id = thread_id_of(alice.say("Look", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="report")
    assert search(bob, "report") == []
    assert search(bob, "") == []
    for entity_id in (attachment["id"], thread_id, "atc_none"):
        refused = preview(bob, entity_id)
        assert refused.status_code == 404
        assert refused.json()["error"]["code"] == "not_found"
        assert "report" not in refused.text


def test_what_is_deleted_is_neither_found_nor_previewed(alice: ChatKitClient) -> None:
    attachment = alice.attach("report.txt")
    thread_id = thread_id_of(alice.say("Look", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="report")
    alice.call("threads.delete", thread_id=thread_id)
    assert search(alice, "report") == []
    assert preview(alice, attachment["id"]).status_code == 404
    assert preview(alice, thread_id).status_code == 404


@pytest.mark.parametrize("path", ["/entities?query=x", "/entities/atc_1/preview"])
def test_nothing_is_told_to_nobody(base_url: str, path: str) -> None:
    assert httpx.get(base_url + path).status_code == 401


def mentioning(*ids: str, text: str = "passwords.txt") -> dict[str, object]:
    """A message of mentions, with what a client may claim about them."""
    tags = [
        {"type": "input_tag", "id": id, "text": text, "data": {"name": text}, "interactive": True}
        for id in ids
    ]
    typed = {"type": "input_text", "text": "Look at this: "}
    return {"content": [typed, *tags], "attachments": [], "inference_options": {}}


def test_a_mention_brings_a_file_of_another_thread_to_the_model(alice: ChatKitClient) -> None:
    attachment = alice.attach("notes.txt", b"the first line\nthe second line", "text/plain")
    thread_id = thread_id_of(alice.say("Keep this", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="Where notes are kept")
    answer = answer_of(
        alice.stream("threads.create", input=mentioning(attachment["id"], thread_id))
    )
    assert "You mentioned:" in answer
    assert "`notes.txt`" in answer and "the first line" in answer
    assert "`Where notes are kept`" in answer and "Keep this" in answer


@pytest.mark.slow
def test_a_mention_of_what_is_not_ones_own_is_a_note_and_no_data(
    alice: ChatKitClient, bob: ChatKitClient
) -> None:
    attachment = alice.attach("notes.txt", b"the secret line", "text/plain")
    thread_id = thread_id_of(alice.say("The secret question", attachment["id"]))
    alice.call("threads.update", thread_id=thread_id, title="The secret title")
    ids = [attachment["id"], thread_id, "atc_none", "nul\0", "x" * 5000]
    for entity_id in ids:
        answer = answer_of(
            bob.stream("threads.create", input=mentioning(entity_id, text="any name"))
        )
        assert "no such file or chat" in answer, entity_id
        assert "secret" not in answer and "notes.txt" not in answer


def test_a_mention_of_what_was_deleted_is_a_note_in_later_turns(alice: ChatKitClient) -> None:
    attachment = alice.attach("notes.txt", b"the first line", "text/plain")
    kept_in = thread_id_of(alice.say("Keep this", attachment["id"]))
    events = alice.stream("threads.create", input=mentioning(attachment["id"]))
    assert "the first line" in answer_of(events)
    alice.call("threads.delete", thread_id=kept_in)
    again = alice.stream(
        "threads.add_user_message",
        thread_id=thread_id_of(events),
        input=mentioning(attachment["id"]),
    )
    assert "no such file or chat" in answer_of(again)
    assert "the first line" not in answer_of(again)
