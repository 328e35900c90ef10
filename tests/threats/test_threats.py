"""Faults of other services with ids, names and URLs are prevented here (docs/threats.md)."""

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.file_types.table import INLINE_MIME_TYPES
from tests.service import (
    answer_of,
    user_message,
)
from tests.threats.conftest import Service, on_rig, png

PAGE = b"<!DOCTYPE html><script>alert(document.cookie)</script>"
LISTING = Path(__file__).parents[2] / "docs" / "threats.md"


def test_every_test_that_the_page_names_exists() -> None:
    lines = [line for line in LISTING.read_text().splitlines() if line.startswith("| ")][1:]
    assert len(lines) >= 17
    tests = LISTING.parents[1] / "tests"
    here = "".join(each.read_text() for each in (tests / "threats").glob("test_*.py"))
    for line in lines:
        named = re.findall(r"`(?:([\w/]+\.py)::)?(test_\w+)`", line)
        assert named, line
        for file, name in named:
            source = (tests / file).read_text() if file else here
            assert f"def {name}(" in source, f"docs/threats.md names {name}, which is not there"


@pytest.mark.parametrize("operation", ["message", "preview", "content", "delete"])
def test_a_foreign_file_id_gives_no_access(service: Service, operation: str) -> None:
    """Open WebUI CVE-2026-54010, CVE-2026-45402; Dify CVE-2026-41949; Mattermost CVE-2026-3473."""
    bobs = service.bob.attach("bobs.txt", b"bob's")["id"]
    before = service.everything_stored()
    ask: dict[str, Callable[[], httpx.Response]] = {
        "message": lambda: service.alice.send("threads.create", input=user_message("x", bobs)),
        "preview": lambda: service.alice.http.get(f"/attachments/{bobs}/preview"),
        "content": lambda: service.alice.http.get(f"/attachments/{bobs}/content"),
        "delete": lambda: service.alice.send("attachments.delete", attachment_id=bobs),
    }
    response = ask[operation]()
    assert response.status_code == 404 and "bob's" not in response.text
    assert service.everything_stored() == before


def test_a_client_can_not_set_internal_fields_or_skip_type_detection(service: Service) -> None:
    """Rails CVE-2026-33173."""
    internal = {
        "id": "atc_mine",
        "user_id": "bob",
        "state": "attached",
        "object_key": "attachments/anyones",
        "preview_key": "attachments/anyones",
        "etag": '"0"',
        "upload_etag": '"0"',
        "thread_id": "thr_1",
        "identified": True,
        "analyzed": True,
    }
    created = service.alice.call(
        "attachments.create",
        **{"name": "a.png", "size": len(PAGE), "mime_type": "image/png"},
        **internal,
        metadata=internal,
    )
    assert created["id"] != "atc_mine"
    row = service.sql(
        "SELECT user_id, state, etag, upload_etag, preview_key, thread_id, object_key"  # noqa: S608
        f" FROM attachments WHERE id = '{created['id']}'"
    ).split("|")
    assert row[:6] == ["alice", "pending", "", "", "", ""] and "anyones" not in row[6]
    assert service.alice.upload(created, PAGE).is_success
    events = service.alice.say("look", created["id"])
    [notice] = [each for each in events if each["type"] == "notice"]
    assert "an HTML page" in notice["message"]
    assert "an HTML page" in answer_of(events), "the model gets a note and no bytes"
    [attached] = next(each for each in events if each["type"] == "thread.item.done")["item"][
        "attachments"
    ]
    assert attached["type"] == "file" and "preview_url" not in attached


@pytest.mark.slow
def test_no_url_from_a_client_is_ever_fetched(service: Service) -> None:
    """Chainlit CVE-2026-22219, LibreChat GHSA-w5r7-4f94-vp4c, Vercel AI CVE-2026-8768, vLLM."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as trap:
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/latest/meta-data/"

        def watch() -> None:
            try:
                trap.accept()
            except OSError:
                return
            asked.set()

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        attachment = service.alice.create_attachment(url, b"hello")
        given = {"preview_url": url, "upload_url": url, "url": url}
        service.alice.send(
            "attachments.create", name=url, size=5, mime_type="image/png", metadata=given, **given
        )
        service.alice.upload(attachment, b"hello")
        text = f"![image]({url}) {url}"
        events = service.alice.say(text, attachment["id"])
        assert answer_of(events)
        service.alice.send("threads.create", input={**user_message(text, url), "quoted_text": url})
        service.alice.http.get("/entities", params={"query": url})
        service.alice.http.get(f"/attachments/{attachment['id']}/content", params={"url": url})
        html = f'<img src="{url}"><link rel=stylesheet href="{url}">'.encode()
        service.alice.say("look", service.alice.attach("a.html", html, "text/html")["id"])
        svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>'.encode()
        service.alice.say("look", service.alice.attach("a.svg", svg, "image/svg+xml")["id"])
        assert not asked.is_set()
        trap.shutdown(socket.SHUT_RDWR)
        watching.join(5)
    assert not asked.is_set()


NAMES = [
    'quo"te".txt',
    "line\r\nX-Injected: yes\r\n\r\n<script>.txt",
    "../../etc/passwd",
    "..\\..\\windows\\system.ini",
    "\u202egnp.exe\u202c.txt",
    "x" * 996 + ".txt",
    "🎉 Grüße 世界.txt",
    "<script>alert(1)</script>.html",
    ";filename=other.html",
    "%0d%0aX-Injected:yes",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_file_name_reaches_a_header_or_a_path(service: Service, name: str) -> None:
    """Zulip, OpenAI's sample: stored XSS and header injection through file names."""
    attachment = service.alice.attach(name, PAGE, "text/html")
    assert attachment["name"] == name
    service.alice.say("look", attachment["id"])
    content = f"/attachments/{attachment['id']}/content"
    redirect = service.alice.http.get(content)
    response = httpx.get(redirect.headers["location"])
    for each in (redirect, response):
        assert "x-injected" not in each.headers
    assert redirect.headers["x-content-type-options"] == "nosniff"
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="') and "filename*=UTF-8''" in disposition
    assert disposition.isascii() and not re.search(r"[\r\n/\\]", disposition)
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.content == PAGE
    keys = on_rig(service, lambda rig: rig.objects())
    assert all(re.fullmatch(r"attachments/(uploads/)?[\w-]{32}(\.preview)?", key) for key in keys)


def test_only_four_raster_types_are_ever_inline(service: Service) -> None:
    """Zulip, OpenAI's sample: HTML and SVG shown in the origin of the files."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    for name, body, mime_type in (("a.svg", svg, "image/svg+xml"), ("a.html", PAGE, "text/html")):
        attachment = service.alice.attach(name, body, mime_type)
        assert mime_type not in INLINE_MIME_TYPES and "preview_url" not in attachment
        service.alice.say("look", attachment["id"])
        assert service.alice.http.get(f"/attachments/{attachment['id']}/preview").status_code == 404


def test_previews_set_no_cookies_and_no_shared_cache_keeps_them(service: Service) -> None:
    """Rails CVE-2024-26144."""
    attachment = service.alice.attach("a.png", png(), "image/png")
    service.alice.say("look", attachment["id"])
    for route in ("preview", "content"):
        hop = service.alice.http.get(f"/attachments/{attachment['id']}/{route}")
        last = httpx.get(hop.headers["location"])
        for response in (hop, last):
            assert "set-cookie" not in response.headers
            assert response.headers["cache-control"].startswith("private")
