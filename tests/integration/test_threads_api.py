"""`/v1/chatkit/threads`, through the official `openai` client against the running application."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx
import pytest
from chatkit.types import (
    Annotation,
    AssistantMessageContent,
    AssistantMessageItem,
    ClientToolCallItem,
    ClosedStatus,
    CustomTask,
    EndOfTurnItem,
    EntitySource,
    FileSource,
    FileTask,
    GeneratedImageItem,
    HiddenContextItem,
    ImageTask,
    InferenceOptions,
    LockedStatus,
    SDKHiddenContextItem,
    SearchTask,
    StructuredInputItem,
    Task,
    TaskItem,
    ThoughtTask,
    ThreadItem,
    ThreadMetadata,
    ToolChoice,
    URLSource,
    UserMessageItem,
    UserMessageTagContent,
    UserMessageTextContent,
    WidgetItem,
    Workflow,
    WorkflowItem,
)
from chatkit.widgets import Card, Text
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from PIL import Image
from sqlalchemy import text

from app.context import RequestContext
from app.database.engine import Database
from app.database.thread_store import PostgresStore
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from tests.databases import Databases
from tests.model_api.document import DOCUMENT, openai_document
from tests.servers import create_bucket, missing
from tests.service import ChatKitClient, running, test_settings, thread_id_of
from tests.unit.fakes.attachments import png

ALICE = RequestContext(user_id="alice", request_id="r", base_url="")
BOB = RequestContext(user_id="bob", request_id="r", base_url="")
NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
ADMIN_TOKEN = "an-admin-token-for-tests"


@pytest.fixture(scope="module")
def service(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Settings]:
    """Settings of a service that these tests share: it has an admin, who sees all there is."""
    with databases.clone() as url:
        yield test_settings(url, create_bucket(seaweedfs.endpoint_url), admin_token=ADMIN_TOKEN)


@pytest.fixture(scope="module")
def module_url(service: Settings) -> Iterator[str]:
    with running(service) as url:
        yield url


@pytest.fixture
async def database(service: Settings) -> AsyncIterator[Database]:
    """The service's database, empty."""
    async with Database(service.database.url.get_secret_value()) as database:
        async with database.begin() as connection:
            await connection.execute(text("TRUNCATE threads, attachments CASCADE"))
        yield database


@pytest.fixture
def store(database: Database) -> PostgresStore:
    return PostgresStore(database)


@pytest.fixture
def base_url(module_url: str) -> str:
    return module_url


@pytest.fixture
def alice(base_url: str) -> Iterator[ChatKitClient]:
    """The same user as `client`, in the chat."""
    with ChatKitClient.of(base_url, "alice").http as http:
        yield ChatKitClient(http)


@pytest.fixture
def client(base_url: str) -> Iterator[OpenAI]:
    with as_user(base_url, "alice") as client:
        yield client


def as_user(base_url: str, user_id: str) -> OpenAI:
    return OpenAI(
        base_url=f"{base_url}/v1",
        api_key="unused",
        default_headers={"x-forwarded-user": user_id},
        max_retries=0,
    )


def as_admin(base_url: str, token: str = ADMIN_TOKEN) -> OpenAI:
    return OpenAI(base_url=f"{base_url}/v1", api_key=token, max_retries=0)


def note(item_id: str, thread_id: str = "thr_1") -> AssistantMessageItem:
    return AssistantMessageItem(
        id=item_id,
        thread_id=thread_id,
        created_at=NOW,
        content=[AssistantMessageContent(text="hello")],
    )


def hidden(item_id: str) -> SDKHiddenContextItem:
    return SDKHiddenContextItem(id=item_id, thread_id="thr_1", created_at=NOW, content="secret")


async def new_thread(
    store: PostgresStore,
    thread_id: str = "thr_1",
    items: int = 0,
    context: RequestContext = ALICE,
) -> list[str]:
    await store.save_thread(ThreadMetadata(id=thread_id, created_at=NOW), context)
    ids = [f"msg_{number:02}" for number in range(items)]
    for item_id in ids:
        await store.add_thread_item(thread_id, note(item_id, thread_id), context)
    return ids


# Types


BASE: dict[str, Any] = {"thread_id": "thr_1", "created_at": NOW}
TASKS: list[Task] = [
    CustomTask(title="t", content="c"),
    ThoughtTask(title="h", content="hm"),
    SearchTask(title_query="q?", queries=["a", "b"]),
    FileTask(title="f", sources=[FileSource(title="x", filename="x.pdf")]),
    ImageTask(title="i"),
]
KINDS: list[ThreadItem] = [
    UserMessageItem(
        **BASE,
        id="user",
        content=[
            UserMessageTextContent(text="hi"),
            UserMessageTagContent(id="e", text="@entity", data={}),
        ],
        quoted_text="quoted",
        inference_options=InferenceOptions(model="m", tool_choice=ToolChoice(id="tool")),
    ),
    SDKHiddenContextItem(**BASE, id="hidden_1", content="secret"),
    AssistantMessageItem(
        **BASE,
        id="assistant",
        content=[
            AssistantMessageContent(
                text="answer",
                annotations=[
                    Annotation(source=URLSource(title="u", url="https://e.example")),
                    Annotation(source=FileSource(title="f", filename="f.pdf")),
                    Annotation(source=EntitySource(title="e", id="e")),
                ],
            )
        ],
    ),
    ClientToolCallItem(**BASE, id="pending", call_id="c", name="n", arguments={"a": 1}),
    ClientToolCallItem(
        **BASE,
        id="completed",
        call_id="c",
        name="n",
        arguments={},
        output={"ok": True},
        status="completed",
    ),
    HiddenContextItem(**BASE, id="hidden_2", content="secret"),
    WidgetItem(**BASE, id="widget", widget=Card(children=[Text(value="v")])),
    GeneratedImageItem(**BASE, id="generated"),
    StructuredInputItem(**BASE, id="structured", inputs=[]),
    *[TaskItem(**BASE, id=f"task_{task.type}", task=task) for task in TASKS],
    EndOfTurnItem(**BASE, id="end"),
    WorkflowItem(**BASE, id="workflow", workflow=Workflow(type="custom", tasks=TASKS)),
]


async def test_every_response_is_what_the_official_document_describes(
    store: PostgresStore, alice: ChatKitClient
) -> None:
    """The document's objects are taken as closed: nothing is missing, and nothing is extra."""
    if not DOCUMENT.exists():
        missing(f"OpenAI's OpenAPI document (expected at {DOCUMENT})")
    await new_thread(store)
    for item in KINDS:
        await store.add_thread_item("thr_1", item, ALICE)
    for status in (LockedStatus(reason="paid"), LockedStatus(), ClosedStatus(reason="done")):
        thread_id = f"thr_{status.type}_{status.reason}"
        thread = ThreadMetadata(id=thread_id, created_at=NOW, title="A title", status=status)
        await store.save_thread(thread, ALICE)
    attachment = alice.attach("dot.png", png(2, 2), "image/png")
    answered = thread_id_of(alice.say("Look.", attachment["id"], alice.attach()["id"]))

    def problems(component: str, path: str, method: str = "GET") -> list[str]:
        response = alice.http.request(method, f"/v1/chatkit/threads{path}")
        assert response.status_code == 200
        return openai_document().problems_of(component, response.json())

    assert problems("ThreadListResource", "") == []
    assert problems("ThreadListResource", "?limit=1") == []
    assert problems("ThreadItemListResource", "/thr_1/items") == []
    assert problems("ThreadItemListResource", f"/{answered}/items") == []
    for thread_id in ("thr_1", "thr_locked_paid", "thr_locked_None", "thr_closed_done"):
        assert problems("ThreadResource", f"/{thread_id}") == []
    assert problems("DeletedThreadResource", "/thr_1", "DELETE") == []
    unknown = alice.http.get("/v1/chatkit/threads/thr_1")
    assert openai_document().problems_of("ErrorResponse", {"error": unknown.json()["error"]}) == []


async def test_every_kind_of_item_has_the_official_type(
    store: PostgresStore, client: OpenAI
) -> None:
    await new_thread(store)
    for item in KINDS:
        await store.add_thread_item("thr_1", item, ALICE)
    page = await asyncio.to_thread(client.beta.chatkit.threads.list_items, "thr_1", order="asc")
    found = {item.id: item.to_dict() for item in page.data}
    assert not page.has_more

    common = {"thread_id": "thr_1", "created_at": 1795230245, "object": "chatkit.thread_item"}
    group: list[dict[str, str | None]] = [
        {"type": "custom", "heading": "t", "summary": "c"},
        {"type": "thought", "heading": "h", "summary": "hm"},
        {"type": "custom", "heading": "q?", "summary": "a, b"},
        {"type": "custom", "heading": "f", "summary": "x.pdf"},
        {"type": "custom", "heading": "i", "summary": None},
    ]
    widget = found["widget"].pop("widget")
    assert isinstance(widget, str)
    assert json.loads(widget)["children"] == [{"type": "Text", "value": "v"}]
    call = {"type": "chatkit.client_tool_call", "call_id": "c", "name": "n"}
    expected: dict[str, dict[str, Any]] = {
        "user": {
            "type": "chatkit.user_message",
            "content": [
                {"type": "quoted_text", "text": "quoted"},
                {"type": "input_text", "text": "hi"},
                {"type": "input_text", "text": "@entity"},
            ],
            "attachments": [],
            "inference_options": {"model": "m", "tool_choice": {"id": "tool"}},
        },
        "assistant": {
            "type": "chatkit.assistant_message",
            "content": [
                {
                    "type": "output_text",
                    "text": "answer",
                    "annotations": [
                        {"type": "url", "source": {"type": "url", "url": "https://e.example"}},
                        {"type": "file", "source": {"type": "file", "filename": "f.pdf"}},
                    ],
                }
            ],
        },
        "pending": {**call, "arguments": '{"a": 1}', "output": None, "status": "in_progress"},
        "completed": {
            **call,
            "arguments": "{}",
            "output": '{"ok": true}',
            "status": "completed",
        },
        "widget": {"type": "chatkit.widget"},
        **{
            f"task_{task.type}": {
                "type": "chatkit.task",
                "task_type": as_group["type"],
                "heading": as_group["heading"],
                "summary": as_group["summary"],
            }
            for task, as_group in zip(TASKS, group, strict=True)
        },
        "workflow": {"type": "chatkit.task_group", "tasks": group},
    }
    assert found == {key: {"id": key, **common, **value} for key, value in expected.items()}
    assert list(found) == list(expected)


async def test_a_thread_has_the_official_type(store: PostgresStore, client: OpenAI) -> None:
    for number, status in enumerate([LockedStatus(reason="why"), ClosedStatus()]):
        await store.save_thread(
            ThreadMetadata(id=f"thr_{number}", created_at=NOW, title="t", status=status), ALICE
        )
    locked, closed = client.beta.chatkit.threads.list(order="asc").data
    assert locked.to_dict() == {
        "id": "thr_0",
        "object": "chatkit.thread",
        "created_at": 1795230245,
        "title": "t",
        "user": "alice",
        "status": {"type": "locked", "reason": "why"},
    }
    assert closed.status.type == "closed"
    assert client.beta.chatkit.threads.retrieve("thr_0") == locked


def test_attachments_come_with_a_preview_that_works(alice: ChatKitClient, client: OpenAI) -> None:
    drawn = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(drawn, "PNG")
    attachment = alice.attach("a.png", drawn.getvalue(), "image/png")
    thread_id = thread_id_of(alice.say("look", attachment["id"]))
    page = client.beta.chatkit.threads.list_items(thread_id, order="asc")
    message = page.data[0]
    assert message.type == "chatkit.user_message"
    (shown,) = message.attachments
    assert (shown.id, shown.name, shown.type) == (attachment["id"], "a.png", "image")
    assert shown.preview_url is not None
    assert httpx.get(shown.preview_url).content == drawn.getvalue()


# Pages


async def test_left_out_items_leave_no_holes(store: PostgresStore, client: OpenAI) -> None:
    await new_thread(store)
    for number in range(12):
        await store.add_thread_item("thr_1", hidden(f"hidden_{number}"), ALICE)
        if number % 4 == 3:
            await store.add_thread_item("thr_1", note(f"msg_{number}"), ALICE)
    page = client.beta.chatkit.threads.list_items("thr_1", order="asc", limit=2)
    assert [item.id for item in page.data] == ["msg_3", "msg_7"]
    assert page.has_more
    assert [item.id for item in page.get_next_page().data] == ["msg_11"]


async def test_pages_name_their_ends(store: PostgresStore, base_url: str) -> None:
    await new_thread(store, items=25)
    headers = {"x-forwarded-user": "alice"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers) as http:

        async def listed(**params: str) -> Any:
            return (await http.get("/v1/chatkit/threads/thr_1/items", params=params)).json()

        page = await listed()
        assert page["object"] == "list"
        assert len(page["data"]) == 20
        assert (page["first_id"], page["last_id"]) == ("msg_24", "msg_05")
        assert page["has_more"] is True
        rest = await listed(after="msg_05")
        assert (rest["first_id"], rest["last_id"]) == ("msg_04", "msg_00")
        assert rest["has_more"] is False
        end = await listed(after="msg_00")
        assert end == {
            "object": "list",
            "data": [],
            "first_id": None,
            "last_id": None,
            "has_more": False,
        }


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_the_client_pages_from_the_beginning_up_to_before(
    store: PostgresStore, client: OpenAI, order: Any, limit: int
) -> None:
    ids = await new_thread(store, items=8)
    ids = ids if order == "asc" else ids[::-1]
    pages = client.beta.chatkit.threads.list_items(
        "thr_1", before=ids[-2], order=order, limit=limit
    )
    assert [item.id for item in pages] == ids[:-2]


async def test_after_and_before_together_are_what_lies_between(
    store: PostgresStore, client: OpenAI
) -> None:
    ids = await new_thread(store, items=8)
    between = client.beta.chatkit.threads.list_items(
        "thr_1", after=ids[1], before=ids[6], order="asc", limit=2
    )
    assert [item.id for item in between] == ids[2:6]
    between = client.beta.chatkit.threads.list_items(
        "thr_1", after=ids[6], before=ids[1], order="desc", limit=2
    )
    assert [item.id for item in between] == ids[2:6][::-1]


async def test_the_client_pages_through_a_growing_thread(
    store: PostgresStore, base_url: str
) -> None:
    """Sync and async, forwards and backwards: nothing lost, nothing twice."""
    old = await new_thread(store, items=30)
    growing = threading.Event()
    stop = threading.Event()
    added: list[str] = []

    async def grow() -> None:
        while not stop.is_set():
            item_id = f"new_{len(added)}"
            await store.add_thread_item("thr_1", note(item_id), ALICE)
            added.append(item_id)
            growing.set()

    def page_sync(order: Any) -> list[str]:
        growing.wait()
        with as_user(base_url, "alice") as client:
            items = client.beta.chatkit.threads.list_items("thr_1", order=order, limit=7)
            return [item.id for item in _until(items, old[-1] if order == "asc" else None)]

    async def page_async(order: Any) -> list[str]:
        await asyncio.to_thread(growing.wait)
        async with AsyncOpenAI(
            base_url=f"{base_url}/v1", api_key="-", default_headers={"x-forwarded-user": "alice"}
        ) as client:
            found: list[str] = []
            items = client.beta.chatkit.threads.list_items("thr_1", order=order, limit=7)
            async for item in items:
                found.append(item.id)
                if order == "asc" and len(found) == len(old) + 10:
                    break
            return found

    writer = asyncio.create_task(grow())
    results = await asyncio.gather(
        asyncio.to_thread(page_sync, "asc"),
        asyncio.to_thread(page_sync, "desc"),
        page_async("asc"),
        page_async("desc"),
    )
    stop.set()
    await writer
    whole = old + added
    for order, found in zip(["asc", "desc", "asc", "desc"], results, strict=True):
        in_order = found if order == "asc" else found[::-1]
        # What was there from the first page on, with no gap and no repetition.
        start = whole.index(in_order[0])
        assert in_order == whole[start : start + len(in_order)]
        assert set(old) <= set(found)


def _until(items: Any, last_old: str | None) -> Iterator[Any]:
    """All items, or of a list that grows as fast as it is read, ten more than the old ones."""
    more = None
    for item in items:
        yield item
        if more is not None:
            more -= 1
            if more == 0:
                return
        if item.id == last_old:
            more = 10


async def test_threads_page_like_items(store: PostgresStore, client: OpenAI) -> None:
    for number in range(7):
        await new_thread(store, f"thr_{number}")
    ids = [f"thr_{number}" for number in range(7)]
    threads = client.beta.chatkit.threads
    assert [one.id for one in threads.list(limit=2, order="asc")] == ids
    assert [one.id for one in threads.list(limit=3)] == ids[::-1]
    page = threads.list(before="thr_4", order="asc", limit=2)
    assert ([one.id for one in page.data], page.has_more) == (["thr_0", "thr_1"], True)
    assert [one.id for one in page] == ids[:4]


# Deletion, and who may see what


def test_deleting_a_thread_deletes_its_attachments_too(
    alice: ChatKitClient, client: OpenAI
) -> None:
    attachment = alice.attach()
    thread_id = thread_id_of(alice.say("look", attachment["id"]))
    deleted = client.beta.chatkit.threads.delete(thread_id)
    assert deleted.to_dict() == {
        "id": thread_id,
        "object": "chatkit.thread.deleted",
        "deleted": True,
    }
    with pytest.raises(NotFoundError):
        client.beta.chatkit.threads.retrieve(thread_id)
    with pytest.raises(NotFoundError):
        client.beta.chatkit.threads.delete(thread_id)
    gone = alice.http.get(f"/attachments/{attachment['id']}/content")
    assert gone.status_code == 404


async def test_another_users_threads_are_not_there(
    store: PostgresStore, client: OpenAI, base_url: str
) -> None:
    await new_thread(store, items=3)
    with as_user(base_url, "bob") as bob:
        threads = bob.beta.chatkit.threads
        for attempt in (threads.retrieve, threads.delete, threads.list_items):
            with pytest.raises(NotFoundError) as caught:
                attempt("thr_1")
            assert caught.value.code == "not_found"
        with pytest.raises(NotFoundError):
            threads.list(after="thr_1")
        assert threads.list().data == []
        assert threads.list(user="alice").data == []
    assert [one.id for one in client.beta.chatkit.threads.list(user="alice")] == ["thr_1"]
    assert len(client.beta.chatkit.threads.list_items("thr_1").data) == 3


async def test_the_admin_lists_everyones_threads(store: PostgresStore, base_url: str) -> None:
    await new_thread(store, "thr_a")
    await new_thread(store, "thr_b", context=BOB)
    await new_thread(store, "thr_c")
    with as_admin(base_url) as admin:
        threads = admin.beta.chatkit.threads
        everyone = [(one.id, one.user) for one in threads.list(order="asc", limit=1)]
        assert everyone == [("thr_a", "alice"), ("thr_b", "bob"), ("thr_c", "alice")]
        assert [one.id for one in threads.list(order="asc", limit=1, user="alice")] == [
            "thr_a",
            "thr_c",
        ]
        assert threads.list(user="nobody").data == []


def test_no_other_token_is_the_admins(base_url: str, settings: Settings) -> None:
    listing = "/v1/chatkit/threads"
    for token in ("", "None", "null", ADMIN_TOKEN[:-1], ADMIN_TOKEN + "x", ADMIN_TOKEN.upper()):
        answer = httpx.get(base_url + listing, headers={"authorization": f"Bearer {token}".strip()})
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "authentication_error"
    with running(settings) as without_admin:
        for token in ("", "None", ADMIN_TOKEN):
            headers = {"authorization": f"Bearer {token}".strip()}
            assert httpx.get(without_admin + listing, headers=headers).status_code == 401


# Errors


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": ""},
        {"limit": "1e1"},
        {"limit": "\u0665"},
        {"limit": "9" * 400},
        {"limit": "000000001" + "9" * 5000},
        {"limit": "00000000199"},
        {"order": "sideways"},
        {"order": ""},
    ],
)
def test_bad_parameters_are_named(base_url: str, params: dict[str, str]) -> None:
    (name,) = params
    for path in ("/v1/chatkit/threads", "/v1/chatkit/threads/thr_1/items"):
        answer = httpx.get(base_url + path, params=params, headers={"x-forwarded-user": "alice"})
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["type"], error["param"]) == ("invalid_request_error", name)
        assert name in error["message"]


async def test_the_client_raises_openais_errors(store: PostgresStore, client: OpenAI) -> None:
    await new_thread(store, items=1)
    with pytest.raises(BadRequestError) as refused:
        client.beta.chatkit.threads.list(limit=1000)
    assert refused.value.param == "limit"
    for cursor in ({"after": "msg_none"}, {"before": "msg_none"}, {"after": "\0"}):
        with pytest.raises(NotFoundError) as missing:
            client.beta.chatkit.threads.list_items("thr_1", **cursor)  # type: ignore[arg-type]
        assert missing.value.param in cursor
    assert client.beta.chatkit.threads.list_items("thr_1", after="msg_00").data == []
