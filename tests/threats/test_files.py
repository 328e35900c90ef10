"""Harmful files do no harm, and failures are not hidden (docs/threats.md)."""

import base64
import os
import struct
import threading
import time
import zlib
from types import SimpleNamespace

import httpx
import pytest

from app.embedded.processes import free_ports
from app.storage.object_keys import upload_key
from tests.rig import rig_on
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    answer_of,
    running,
    thread_id_of,
    user_message,
)
from tests.settings import changed
from tests.stopwatch import least, seconds_of
from tests.threats.conftest import Service, png


def bomb() -> bytes:
    """Return a PNG of 30,000 × 30,000 pixels in a few hundred kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(30_001) * 3000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.slow
def test_a_decompression_bomb_blocks_nothing_and_is_answered(service: Service) -> None:
    """libvips CVE-2026-66066: decoding has limits of pixels, time and memory, in a worker."""
    assert least(lambda: slowest_answer_during_a_bomb(service), limit=2) < 2


def slowest_answer_during_a_bomb(service: Service) -> float:
    attachment = service.alice.attach("bomb.png", bomb() + os.urandom(8), "image/png")
    slowest, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal slowest
        with httpx.Client(base_url=service.url) as http:
            while not done.is_set():
                begun = time.monotonic()
                assert http.get("/livez").status_code == 200
                slowest = max(slowest, time.monotonic() - begun)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        events = service.alice.say("look", attachment["id"])
    finally:
        done.set()
        watching.join()
    assert "900,000,000" in answer_of(events) or "pixels" in answer_of(events)
    return slowest


def test_the_gateway_parses_nothing_of_an_upload(service: Service) -> None:
    """python-multipart and Starlette parser DoS: a thousand parts are not parsed."""
    attachment = service.alice.create_attachment("a.txt", b"hello")
    url = attachment["upload_descriptor"]["url"]
    boundary = "b" * 60
    part = f"--{boundary}\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n".encode()

    def is_refused() -> None:
        response = httpx.post(
            url,
            content=part * 1000 + f"--{boundary}--\r\n".encode(),
            headers={"content-type": f"multipart/form-data; boundary={boundary}"},
        )
        assert response.status_code in (400, 403, 413)

    assert least(lambda: seconds_of(is_refused), limit=5) < 5
    assert service.alice.upload(attachment, b"hello").is_success


@pytest.mark.slow
def test_a_write_that_failed_is_an_error_and_leaves_no_row(service: Service) -> None:
    """Chainlit: a failed write returned `{}` and the row was written anyway."""
    attachment = service.alice.attach()
    (port,) = free_ports(1)
    settings = changed(service.settings, s3_endpoint_url=f"http://127.0.0.1:{port}")
    before = service.sql("SELECT count(*) FROM threads")
    with running(settings) as url, ChatKitClient.of(url, "alice").http as http:
        message = user_message("look", attachment["id"])
        response = ChatKitClient(http).send("threads.create", input=message)
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "bucket_unavailable"
    assert service.sql("SELECT count(*) FROM threads") == before
    assert answer_of(service.alice.say("look", attachment["id"])), "it works afterwards"


def test_an_unreadable_file_becomes_a_note(service: Service) -> None:
    """Microsoft's sample drops it, OpenAI's sends a bare id; opencode #41670: hallucinations."""
    cut = png(800, 800)[:100_000]
    attachment = service.alice.attach("broken.png", cut, "image/png")
    answer = answer_of(service.alice.say("what is it?", attachment["id"]))
    assert "broken.png" in answer and "could not be read" in answer


def test_history_holds_ids_and_no_bytes(service: Service) -> None:
    """agno #6529, codex #28316: base64 kept in history, 165 MB sessions."""
    body = png(600, 600)
    before = len(service.everything_stored())
    attachment = service.alice.attach("a.png", body, "image/png")
    thread_id = thread_id_of(service.alice.say("look", attachment["id"]))
    service.alice.say("again", thread_id=thread_id)
    stored = service.everything_stored()
    assert base64.b64encode(body)[100:140].decode() not in stored
    assert len(stored) - before < 20_000 < len(body)


def test_one_bad_file_takes_no_other_file_and_no_words_with_it(service: Service) -> None:
    """A page in disguise is rejected, and the message is sent all the same."""
    good = service.alice.attach("good.txt", b"the quick brown fox", "text/plain")
    bad = service.alice.attach("bad.png", b"<!DOCTYPE html><script>", "image/png")
    events = service.alice.say("look at both", good["id"], bad["id"])
    [notice] = [each for each in events if each["type"] == "notice"]
    assert notice["level"] == "warning" and "bad.png" in notice["message"]
    answer = answer_of(events)
    assert "the quick brown fox" in answer and "look at both" in answer
    assert "bad.png" in answer and "an HTML page" in answer


def test_one_bad_file_poisons_no_later_turn(service: Service) -> None:
    """kirill-markin #246, platypus #328."""
    bad = service.alice.attach("bad.pdf", b"%PDF-1.7\nnothing of the kind", "application/pdf")
    thread_id = thread_id_of(service.alice.say("look", bad["id"]))
    for _ in range(2):
        events = service.alice.say("and now?", thread_id=thread_id)
        assert answer_of(events) and "error" not in [each["type"] for each in events]


async def test_what_can_not_be_deleted_is_kept_and_counted(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    """Open WebUI #11582, LibreChat #13590, RAGFlow #14965, Outline: swallowed delete errors."""
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        record = await rig.uploaded(link_seconds=-1)
        await rig.records.tombstone("alice", record.id)
        assert record.object_key

        async def fail(keys: list[str]) -> list[object]:
            return [SimpleNamespace(key=keys[0], reason="AccessDenied")]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rig.bucket, "delete", fail)
            swept = await rig.sweeper.sweep_once()
        assert (swept.failed, swept.purged) == (1, 0)
        assert await rig.states() == {record.id: "tombstone"}
        await rig.later(10)
        assert (await rig.sweeper.sweep_once()).purged == 1
        assert not await rig.has(upload_key(record.object_key))
