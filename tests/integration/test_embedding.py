"""The service below a prefix of another application: examples/embedded.py."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from app.settings.environment import Settings
from examples import embedded
from tests.servers import TestBucket
from tests.service import ChatKitClient, answer_of, test_settings, thread_id_of
from tests.serving import serving


@pytest.fixture(params=["POST", "PUT"])
def settings(
    request: pytest.FixtureRequest, database_url: str, seaweedfs_bucket: TestBucket
) -> Settings:
    return test_settings(database_url, seaweedfs_bucket, upload_method=request.param)


@pytest.fixture
def outer_url(settings: Settings) -> Iterator[str]:
    with serving(embedded.create(settings)) as base_url:
        yield base_url


def test_uploads_answers_and_files_work_below_the_prefix(outer_url: str) -> None:
    alice = ChatKitClient.of(f"{outer_url}/chat")
    image = alice.attach("notes.txt", b"hello")
    events = alice.say("Read it.", image["id"])
    assert answer_of(events).startswith("There is no OPENAI_API_KEY.")
    thread_id = thread_id_of(events)
    listed = alice.http.get(f"/v1/chatkit/threads/{thread_id}/items").json()["data"]
    assert listed
    content = alice.http.get(f"/attachments/{image['id']}/content", follow_redirects=True)
    assert content.content == b"hello"
    assert alice.http.get("/readyz").status_code == 200
    private = alice.http.get("/v1/chatkit/threads").headers["cache-control"]
    assert private == "no-store"


def test_the_page_is_told_where_the_service_is(outer_url: str) -> None:
    api = httpx.get(f"{outer_url}/chat/config.json").json()["api"]
    assert api["url"] == "/chat/chatkit" and api["entitiesUrl"] == "/chat/entities"
    assert httpx.get(outer_url).json() == {"chat": "/chat/chatkit"}


@pytest.mark.parametrize(
    "path", ["/chat", "/chat/web/examples/sketch.html", "/chat/web/examples/ask-about-chart.html"]
)
def test_a_document_links_to_files_below_the_prefix(outer_url: str, path: str) -> None:
    document = httpx.get(f"{outer_url}{path}", follow_redirects=True)
    links = [
        urljoin(str(document.url), link)
        for link in re.findall(r'\b(?:href|src)="([^"]+)"', document.text)
    ]
    assert len(links) >= 4
    assert [link for link in links if not link.startswith(f"{outer_url}/chat/web/")] == []
    assert [link for link in links if httpx.get(link).status_code != 200] == []


def test_a_page_of_another_origin_is_kept_out(outer_url: str) -> None:
    headers = {
        "x-forwarded-user": "alice",
        "origin": "https://evil",
        "sec-fetch-site": "cross-site",
    }
    response = httpx.post(f"{outer_url}/chat/chatkit", json={}, headers=headers)
    assert response.status_code == 403
