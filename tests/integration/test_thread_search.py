"""`/v1/chatkit/threads?query=`, through the official `openai` client, and the order of lists."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from openai import BadRequestError, OpenAI

from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of


@pytest.fixture
def client(base_url: str, alice: ChatKitClient) -> Iterator[OpenAI]:
    """The same user as `alice`."""
    with OpenAI(
        base_url=f"{base_url}/v1",
        api_key="unused",
        default_headers={"x-forwarded-user": alice.http.headers["x-forwarded-user"]},
        max_retries=0,
    ) as client:
        yield client


def test_the_official_client_pages_through_what_was_found(
    alice: ChatKitClient, client: OpenAI
) -> None:
    wanted = [thread_id_of(alice.say(f"Harbour {number}")) for number in range(5)]
    alice.say("Something else")
    threads = client.beta.chatkit.threads
    found = [*threads.list(limit=2, extra_query={"query": "harbour"})]
    assert [thread.id for thread in found] == wanted[::-1]
    oldest_first = threads.list(limit=2, order="asc", extra_query={"query": "harbour"})
    assert [thread.id for thread in oldest_first] == wanted
    assert [*threads.list(extra_query={"query": "zebra"})] == []


def test_what_was_found_says_where(alice: ChatKitClient) -> None:
    thread_id = thread_id_of(alice.say("Where is the harbour?"))
    alice.call("threads.update", thread_id=thread_id, title="A harbour")
    [found] = alice.http.get("/v1/chatkit/threads?query=HARB").json()["data"]
    assert found["id"] == thread_id
    assert found["active_at"] >= found["created_at"]
    assert found["match"]["title"] == [
        {"text": "A ", "is_match": False},
        {"text": "harb", "is_match": True},
        {"text": "our", "is_match": False},
    ]
    items = alice.call("items.list", thread_id=thread_id, order="asc")["data"]
    item = found["match"]["item"]
    assert item["id"] == items[1]["id"], "the newest one: the offline model repeats the question"
    assert item["type"] == "chatkit.assistant_message"
    assert {"text": "harb", "is_match": True} in item["excerpt"]


@pytest.mark.parametrize(
    ("query", "param"),
    [("", "query"), ("%", "query"), ("_", "query"), ("a" * 201, "query"), ("a&limit=0", "limit")],
)
def test_a_bad_query_is_named(alice: ChatKitClient, query: str, param: str) -> None:
    response = alice.http.get(f"/v1/chatkit/threads?query={query}")
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_the_client_raises_openais_error(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="a letter or a digit"):
        client.beta.chatkit.threads.list(extra_query={"query": "%"})


def test_a_list_has_the_chat_first_that_goes_on(alice: ChatKitClient, client: OpenAI) -> None:
    first, second = (thread_id_of(alice.say(text)) for text in ("One", "Two"))
    assert [each["id"] for each in alice.call("threads.list")["data"]] == [second, first]
    alice.say("More", thread_id=first)
    alice.call("threads.update", thread_id=second, title="A new title moves nothing")
    page = alice.call("threads.list", limit=1)
    assert [each["id"] for each in page["data"]] == [first]
    rest = alice.call("threads.list", after=page["after"])["data"]
    assert [each["id"] for each in rest] == [second]
    times = [datetime.fromisoformat(each["active_at"]) for each in (*page["data"], *rest)]
    assert times == sorted(times, reverse=True)
    assert times[0].tzinfo is not None
    # OpenAI's REST API documents the order of creation.
    assert [each.id for each in client.beta.chatkit.threads.list()] == [second, first]


@pytest.mark.slow
def test_the_admin_s_token_does_not_search(database_url: str, seaweedfs_bucket: TestBucket) -> None:
    token = "an-admin-token-for-tests"
    settings = test_settings(database_url, seaweedfs_bucket, admin_token=token)
    with running(settings) as url, ChatKitClient.of(url, "carol").http as http:
        ChatKitClient(http).say("Harbour")
        admin = OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0)
        with pytest.raises(BadRequestError, match="does not search"):
            admin.beta.chatkit.threads.list(user="carol", extra_query={"query": "harbour"})
