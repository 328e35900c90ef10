"""Nobody reaches another user's data: every operation and route, every parameter that takes an id.

The table of operations is generated from the SDK's request union, and the table of routes from the
application's own. A new operation, parameter or route fails a test here until it is classified.
"""

import re
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from chatkit.types import ChatKitReq
from pydantic import BaseModel
from starlette.routing import Mount, Route

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from app.sizes import LARGE_FILE_BYTES
from app.wiring.application import create_application
from tests.closing_table import closing_table
from tests.databases import Databases, every_row
from tests.large_files import begin, parts_link
from tests.servers import create_bucket
from tests.service import (
    ChatKitClient,
    events_of,
    running,
    test_settings,
    thread_id_of,
    user_message,
)

# In everything of Bob's that Alice must never see a byte of.
SECRET = "bobs-own-business"


# Every text in a request is an id that someone owns, or is not: this is the whole classification.
OWNED_IDS = {
    "thread_id",
    "item_id",
    "item_ids[]",
    "attachment_id",
    "input.attachments[]",
    "after",
}
OTHER_TEXTS = {
    "input.content[].text",
    "input.content[].group",
    "input.content[].id",  # of an entity: resolved by its owner when the model is asked
    "input.quoted_text",
    "input.inference_options.model",
    "input.inference_options.tool_choice.id",  # a tool's
    "input.answers",
    "input.answers{}.values[]",
    "action.type",
    "name",
    "mime_type",
    "audio_base64",
    "title",
}


def union_members(annotation: Any) -> list[Any]:
    """The alternatives of a type, however they are nested."""
    if typing.get_origin(annotation) is typing.Annotated:
        return union_members(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, type(int | str)):
        return [each for arg in typing.get_args(annotation) for each in union_members(arg)]
    return [annotation]


def texts_in(annotation: Any, path: str) -> Iterator[str]:
    """The paths of all free texts in a type."""
    for member in union_members(annotation):
        origin, arguments = typing.get_origin(member), typing.get_args(member)
        if member is str:
            yield path
        elif origin is list:
            yield from texts_in(arguments[0], path + "[]")
        elif origin is dict:
            yield from texts_in(arguments[1], path + "{}")
        elif isinstance(member, type) and issubclass(member, BaseModel):
            member.model_rebuild()
            for name, field in member.model_fields.items():
                yield from texts_in(field.annotation, f"{path}.{name}" if path else name)


def operations() -> dict[str, list[str]]:
    """Each operation of the SDK with the paths of its texts."""
    found = {}
    for request in union_members(ChatKitReq):
        request.model_rebuild()
        (name,) = typing.get_args(request.model_fields["type"].annotation)
        found[name] = sorted(set(texts_in(request.model_fields["params"].annotation, "")))
    return found


OPERATIONS = operations()


@dataclass(frozen=True)
class Owned:
    """What a user has: one of each kind."""

    thread_id: str
    message_id: str
    answer_id: str
    used_attachment_id: str
    uploaded_attachment_id: str
    announced_attachment_id: str

    def ids(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Place:
    """A service with two users on a database that can be looked at."""

    alice: ChatKitClient
    alices: Owned
    bob: ChatKitClient
    bobs: Owned
    snapshot: Callable[[], str]
    settings: Settings


def furnish(user: ChatKitClient, name: str) -> Owned:
    used = user.attach(f"{name}.txt", name.encode())
    thread_id = thread_id_of(user.say(name, used["id"]))
    user.call("threads.update", thread_id=thread_id, title=name)
    items = user.call("items.list", thread_id=thread_id, limit=100, order="asc")["data"]
    return Owned(
        thread_id=thread_id,
        message_id=next(each["id"] for each in items if each["type"] == "user_message"),
        answer_id=next(each["id"] for each in items if each["type"] == "assistant_message"),
        used_attachment_id=used["id"],
        uploaded_attachment_id=user.attach(f"{name}.txt", name.encode())["id"],
        announced_attachment_id=user.create_attachment(f"{name}.txt", name.encode())["id"],
    )


@pytest.fixture(scope="module")
def place(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Place]:
    bucket = create_bucket(seaweedfs.endpoint_url)
    with (
        databases.clone() as database_url,
        running(
            settings := test_settings(
                database_url, bucket, max_attachment_bytes=2 * LARGE_FILE_BYTES
            )
        ) as url,
        ChatKitClient.of(url, "alice").http as alice,
        ChatKitClient.of(url, "bob").http as bob,
    ):
        yield Place(
            alice=ChatKitClient(alice),
            alices=furnish(ChatKitClient(alice), "alices"),
            bob=ChatKitClient(bob),
            bobs=furnish(ChatKitClient(bob), SECRET),
            snapshot=partial(every_row, partial(databases.execute, database_url)),
            settings=settings,
        )


def own_params(operation: str, own: Owned) -> dict[str, Any]:
    """A request that is fine but for the id that a test puts in."""
    message = user_message("hello", own.uploaded_attachment_id)
    in_thread = {"thread_id": own.thread_id}
    action = {"type": "any", "payload": {}}
    params: dict[str, dict[str, Any]] = {
        "threads.create": {"input": message},
        "threads.add_user_message": {**in_thread, "input": message},
        "threads.add_client_tool_output": {**in_thread, "result": {}},
        "threads.add_structured_input": {
            **in_thread,
            "item_id": own.answer_id,
            "input": {"status": "skipped"},
        },
        "threads.retry_after_item": {**in_thread, "item_id": own.message_id},
        "threads.custom_action": {**in_thread, "item_id": own.answer_id, "action": action},
        "threads.sync_custom_action": {**in_thread, "item_id": own.answer_id, "action": action},
        "threads.get_by_id": in_thread,
        "threads.list": {"after": own.thread_id},
        "threads.update": {**in_thread, "title": "new"},
        "threads.delete": in_thread,
        "items.list": {**in_thread, "after": own.message_id},
        "items.feedback": {**in_thread, "item_ids": [own.answer_id], "kind": "positive"},
        "attachments.create": {"name": "a.txt", "size": 1, "mime_type": "text/plain"},
        "attachments.delete": {"attachment_id": own.uploaded_attachment_id},
        "input.transcribe": {"audio_base64": "", "mime_type": "audio/webm"},
    }
    return params[operation]


def with_id(params: dict[str, Any], path: str, value: str) -> dict[str, Any]:
    """A copy of `params` with `value` at `path`."""
    name, _, rest = path.partition(".")
    if rest:
        return {**params, name: with_id(params[name], rest, value)}
    is_list = name.endswith("[]")
    return {**params, name.removesuffix("[]"): [value] if is_list else value}


CASES = [
    (operation, path)
    for operation, paths in OPERATIONS.items()
    for path in paths
    if path in OWNED_IDS
]
KINDS = tuple(Owned.__dataclass_fields__)


def test_every_text_of_every_operation_is_classified() -> None:
    texts = {path for paths in OPERATIONS.values() for path in paths}
    assert texts - OWNED_IDS - OTHER_TEXTS == set()
    assert texts >= OWNED_IDS


def test_every_operation_has_a_case_or_takes_no_id() -> None:
    without_ids = set(OPERATIONS) - {operation for operation, _ in CASES}
    assert without_ids == {"attachments.create", "input.transcribe"}


def assert_refused(response: httpx.Response) -> None:
    if response.headers["content-type"].startswith("text/event-stream"):
        (event,) = events_of(response.text)
        assert event["type"] == "error", event
    else:
        assert response.status_code == 404, response.text
        assert response.json()["error"]["code"] == "not_found"
    assert SECRET not in response.text


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize(("operation", "path"), CASES)
def test_another_users_id_is_not_found(
    place: Place, operation: str, path: str, accept: str
) -> None:
    before = place.snapshot()
    params = own_params(operation, place.alices)
    for kind, foreign in place.bobs.ids().items():
        response = place.alice.send(operation, accept, **with_id(params, path, foreign))
        assert_refused(response)
        closing_table.foreign_ids_tried.add((f"{operation} {path}", kind))
    assert place.snapshot() == before
    closing_table.operations.add(operation)


# Each route's template, with what to ask of it. Refusals of links come before any id is looked at.
Ask = Callable[[Place, str], Sequence[httpx.Response]]


AN_EDIT = {"content": [{"type": "input_text", "text": "changed"}]}


def ask(method: str, path: str, query: str = "", json: object = None) -> Ask:
    def asked(place: Place, foreign: str) -> Sequence[httpx.Response]:
        own = place.alices
        url = path.format(foreign=foreign, thread=own.thread_id, message=own.message_id)
        return [place.alice.http.request(method, url + query.format(foreign=foreign), json=json)]

    return asked


ROUTES: dict[str, list[Ask]] = {
    "/attachments/{attachment_id}/preview": [
        ask("GET", "/attachments/{foreign}/preview"),
        ask("HEAD", "/attachments/{foreign}/preview"),
    ],
    "/attachments/{attachment_id}/content": [
        ask("GET", "/attachments/{foreign}/content"),
        ask("HEAD", "/attachments/{foreign}/content"),
    ],
    "/entities/{entity_id:path}/preview": [
        ask("GET", "/entities/{foreign}/preview"),
        ask("GET", "/entities/attachment:{foreign}/preview"),
        ask("GET", "/entities/thread:{foreign}/preview"),
    ],
    "/v1/chatkit/threads": [
        ask("GET", "/v1/chatkit/threads", "?after={foreign}"),
        ask("GET", "/v1/chatkit/threads", "?before={foreign}"),
        ask("GET", "/v1/chatkit/threads", "?query=hello&after={foreign}"),
    ],
    "/v1/chatkit/threads/{thread_id}": [
        ask("GET", "/v1/chatkit/threads/{foreign}"),
        ask("DELETE", "/v1/chatkit/threads/{foreign}"),
    ],
    "/v1/chatkit/threads/{thread_id}/items": [
        ask("GET", "/v1/chatkit/threads/{foreign}/items"),
        ask("GET", "/v1/chatkit/threads/{thread}/items", "?after={foreign}"),
        ask("GET", "/v1/chatkit/threads/{thread}/items", "?before={foreign}"),
    ],
    "/v1/chatkit/threads/{thread_id}/items/{item_id}": [
        ask("POST", "/v1/chatkit/threads/{foreign}/items/{message}", json=AN_EDIT),
        ask("POST", "/v1/chatkit/threads/{thread}/items/{foreign}", json=AN_EDIT),
    ],
}
# These take no id of anyone's; `/chatkit` is walked above, `/uploads` and `/entities` below.
WITHOUT_IDS = {
    "/web/{path:path}",
    *("/", "/config.json", "/favicon.ico", "/livez", "/readyz", "/metrics"),
    *("/chatkit", "/entities", "/attachments"),
}
BY_LINK = {
    "/uploads/{attachment_id}",
    "/uploads/{attachment_id}/parts",
    "/uploads/{attachment_id}/complete",
}
FOR_ADMINISTRATORS = ("/v1/chatkit/users/{user_id:path}/erasure",)


def test_every_route_is_classified(place: Place) -> None:
    routes = create_application(place.settings).routes
    paths = {each.path for each in routes if isinstance(each, Route)}
    assert paths - {*ROUTES, *BY_LINK, *FOR_ADMINISTRATORS, *WITHOUT_IDS} == set()
    assert [each for each in routes if isinstance(each, Mount)] == []


@pytest.mark.parametrize("route", ROUTES)
def test_another_users_id_is_not_found_on_any_route(place: Place, route: str) -> None:
    before = place.snapshot()
    for kind, foreign in place.bobs.ids().items():
        for ask_route in ROUTES[route]:
            for response in ask_route(place, foreign):
                assert response.status_code == 404, response.url
                assert SECRET not in response.text
        closing_table.foreign_ids_tried.add((route, kind))
    assert place.snapshot() == before
    closing_table.operations.add(route)


def test_an_upload_link_is_good_for_its_own_attachment_only(place: Place) -> None:
    link = place.alice.create_attachment()["upload_descriptor"]["url"]
    before = place.snapshot()
    for kind, foreign in place.bobs.ids().items():
        for url in (
            re.sub(r"/uploads/[^?]+", f"/uploads/{foreign}", link),
            f"/uploads/{foreign}",
        ):
            response = place.alice.http.post(url, files={"file": ("a.txt", b"hello")})
            assert response.status_code == 403
            closing_table.tampered_urls_refused.add(f"upload link of another: {kind} {url[:8]}")
        closing_table.foreign_ids_tried.add(("/uploads/{attachment_id}", kind))
    assert place.snapshot() == before
    closing_table.operations.add("/uploads/{attachment_id}")


def test_searches_and_lists_show_nobody_elses(place: Place) -> None:
    for url in (
        f"/entities?query={SECRET}",
        "/entities",
        "/v1/chatkit/threads?user=bob",
        "/v1/chatkit/threads",
        f"/v1/chatkit/threads?query={SECRET}",
        f"/v1/chatkit/threads?query={SECRET}&user=bob",
    ):
        response = place.alice.http.get(url)
        assert response.status_code == 200
        assert SECRET not in response.text
        assert not set(place.bobs.ids().values()) & set(re.findall(r"[\w-]+", response.text))
    threads = place.alice.send("threads.list").text
    assert SECRET not in threads and place.bobs.thread_id not in threads


def test_the_same_requests_work_with_ones_own_ids(place: Place) -> None:
    """Or else all those refusals would prove nothing."""
    bobs = place.bobs
    assert SECRET in place.bob.send("threads.get_by_id", thread_id=bobs.thread_id).text
    assert SECRET in place.bob.send("items.list", thread_id=bobs.thread_id).text
    content = f"/attachments/{bobs.used_attachment_id}/content"
    assert place.bob.http.get(content, follow_redirects=True).text == SECRET
    assert SECRET in place.bob.http.get(f"/entities?query={SECRET}").text
    assert SECRET in place.bob.http.get(f"/v1/chatkit/threads?query={SECRET}").text
    assert place.bob.http.get(f"/v1/chatkit/threads/{bobs.thread_id}/items").status_code == 200


def test_an_attachment_in_use_is_bound_to_no_second_thread(place: Place) -> None:
    before = place.snapshot()
    message = user_message("again", place.alices.used_attachment_id)
    response = place.alice.send("threads.create", input=message)
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "attachment_in_use"
    assert place.snapshot() == before


def test_it_may_be_sent_again_in_its_own_thread(place: Place) -> None:
    own = furnish(place.alice, "twice")
    events = place.alice.say("again", own.used_attachment_id, thread_id=own.thread_id)
    assert "error" not in [event["type"] for event in events]


def test_an_id_that_no_row_can_have_is_not_found(alice: ChatKitClient) -> None:
    unstorable = "atc_\0"
    assert alice.send("attachments.delete", attachment_id=unstorable).status_code == 404
    message = user_message("hi", unstorable)
    assert alice.send("threads.create", input=message).status_code == 404
    for route in ("content", "preview"):
        assert alice.http.get(f"/attachments/atc_%00/{route}").status_code == 404


def test_a_header_that_names_two_users_is_rejected(base_url: str) -> None:
    headers = [("x-forwarded-user", "mallory"), ("x-forwarded-user", "alice")]
    response = httpx.get(f"{base_url}/v1/chatkit/threads", headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize("route", FOR_ADMINISTRATORS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_users_are_no_administrators(place: Place, route: str, method: str) -> None:
    before = place.snapshot()
    for user_id in ("alice", "bob", *place.bobs.ids().values()):
        url = route.replace("{user_id:path}", user_id)
        for headers in ({}, {"authorization": "Bearer guessed"}):
            response = place.alice.http.request(method, url, headers=headers)
            assert response.status_code == 401, response.text
    assert place.snapshot() == before
    closing_table.operations.add(route)


def test_the_links_of_parts_are_good_for_their_own_attachment_only(place: Place) -> None:
    size = LARGE_FILE_BYTES + 1
    params = {"name": "a.txt", "size": size, "mime_type": "text/plain"}
    begun = parts_link(place.alice.call("attachments.create", **params))
    complete = urljoin(begun, begin(begun)["complete"])
    before = place.snapshot()
    for route, link in (("parts", begun), ("complete", complete)):
        for kind, foreign in place.bobs.ids().items():
            path = f"/uploads/{foreign}/{route}"
            query = urlsplit(link).query
            for url in (f"{path}?{query}", path):
                assert place.alice.http.post(url).status_code == 403
                closing_table.tampered_urls_refused.add(f"{route} link of another: {kind}")
            closing_table.foreign_ids_tried.add((f"/uploads/{{attachment_id}}/{route}", kind))
        closing_table.operations.add(f"/uploads/{{attachment_id}}/{route}")
    assert place.snapshot() == before
