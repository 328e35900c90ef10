"""Limits of callers, and the errors beyond them."""

import asyncio
import base64
import json
import select
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from app.database import engine
from app.errors import Misconfigured, RateLimited
from app.http.limits import ConcurrencyLimit, RequestRate
from app.offline.model import OfflineModel
from app.serving import deadlines
from app.serving.deadlines import DeadlineProtocol
from app.settings.environment import Settings
from app.settings.limits import LimitSettings
from app.storage.post import UPLOADER_FIELD
from app.wiring.application import create_application
from tests.integration.test_cancel import open_stream, read_until
from tests.model_api import Text, model_api
from tests.servers import TestBucket, missing
from tests.service import ChatKitClient, running, test_settings, user_message
from tests.serving import serving
from tests.settings import changed
from tests.waiting import wait_until, wait_until_async


@pytest.fixture
def settings(database_url: str, moto_bucket: TestBucket) -> Settings:
    return test_settings(
        database_url, moto_bucket, s3_addressing_style="path", max_request_bytes=64 * 1024
    )


@pytest.fixture
def base_url(settings: Settings) -> Iterator[str]:
    with running(settings) as url:
        yield url


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# Sizes


def test_a_body_that_is_too_large_is_rejected_with_and_without_a_length(base_url: str) -> None:
    headers = {"x-forwarded-user": "alice"}
    announced = httpx.post(f"{base_url}/chatkit", content=b"x" * 65_537, headers=headers)
    assert code_of(announced) == (413, "request_too_large")
    assert announced.json()["message"].startswith("The request is larger than 64 KiB.")
    chunks = (b"x" * 1024 for _ in range(65))
    unannounced = httpx.post(f"{base_url}/chatkit", content=chunks, headers=headers)
    assert code_of(unannounced) == (413, "request_too_large")


def sent(base_url: str, operation: object) -> httpx.Response:
    return httpx.post(
        f"{base_url}/chatkit", content=json.dumps(operation), headers={"x-forwarded-user": "alice"}
    )


@pytest.mark.parametrize("field", ["data", "id", "group", "metadata", "quoted_text"])
def test_every_part_of_a_request_counts_and_not_only_its_text(base_url: str, field: str) -> None:
    long = {"a": "x" * 65_536} if field in ("data", "metadata") else "x" * 65_536
    tag = {"type": "input_tag", "id": "t", "text": "t", "data": {}, "interactive": False}
    message = user_message("hello")
    message["content"].append(tag)
    operation = {"type": "threads.create", "params": {"input": message}}
    parts = {"metadata": operation, "quoted_text": message}
    parts.get(field, tag)[field] = long
    assert code_of(sent(base_url, operation)) == (413, "request_too_large")
    assert ChatKitClient.of(base_url).call("threads.list")["data"] == []


def test_a_request_of_many_elements_is_rejected_before_it_is_parsed(base_url: str) -> None:
    operation = {"type": "threads.list", "params": {}, "metadata": {"a": [[]] * 10_000}}
    assert code_of(sent(base_url, operation)) == (400, "invalid_request")


def test_only_a_recording_may_be_larger(base_url: str) -> None:
    recording = {"audio_base64": "A" * 100_000, "mime_type": "audio/webm"}
    dictated = sent(base_url, {"type": "input.transcribe", "params": recording})
    assert code_of(dictated) == (503, "unavailable")  # it was accepted, and there is no model
    renamed = {"type": "threads.update", "params": {"thread_id": "t", "title": "A" * 100_000}}
    assert code_of(sent(base_url, renamed)) == (413, "request_too_large")
    crowded = {"type": "input.transcribe", "params": recording, "metadata": {"a": [[]] * 1000}}
    assert code_of(sent(base_url, crowded)) == (413, "request_too_large")
    assert code_of(sent(base_url, "A" * (8 * 1024 * 1024))) == (413, "request_too_large")


def test_a_url_and_headers_that_are_too_large_are_rejected(base_url: str) -> None:
    assert code_of(httpx.get(f"{base_url}/livez?{'x' * 9000}")) == (414, "url_too_long")
    headers = {f"x-{number}": "y" * 5000 for number in range(7)}
    assert code_of(httpx.get(f"{base_url}/livez", headers=headers)) == (431, "headers_too_large")


@pytest.mark.parametrize("mode", ["header", "dev"])
def test_pages_of_all_origins_are_not_allowed_where_browsers_sign_users_in(
    settings: Settings, mode: str
) -> None:
    with pytest.raises(Misconfigured, match="every page on the web"):
        create_application(changed(settings, allowed_origins="*", auth_mode=mode))
    by_token = changed(settings, allowed_origins="*", auth_mode="jwt", jwt_secret="s" * 32)
    assert create_application(by_token)


# Requests a minute


async def test_the_rate_is_each_users_own_and_says_when_to_come_back() -> None:
    rate = RequestRate(LimitSettings(request_rate="3/minute"))
    for _ in range(3):
        await rate.check("alice")
    with pytest.raises(RateLimited) as rejected:
        await rate.check("alice")
    assert 1 <= rejected.value.retry_after_seconds <= 60
    assert "more than 3 requests in a minute" in rejected.value.message
    await rate.check("bob")


async def test_without_the_shared_count_no_request_is_limited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rate = RequestRate(
        LimitSettings(
            request_rate="1/minute", rate_limit_storage_url=SecretStr("redis://127.0.0.1:9")
        )
    )
    for _ in range(3):
        await rate.check("alice")
    assert "not limited" in caplog.text
    await rate.close()


async def test_replicas_share_a_count_in_redis(tmp_path: Path) -> None:
    program = shutil.which("redis-server") or missing("Redis (`apt-get install redis-server`)")
    path = tmp_path / "redis.sock"
    process = subprocess.Popen(  # noqa: ASYNC220 - it is there at once
        [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:

        async def is_ready() -> bool:
            assert process.poll() is None
            return path.exists()

        await wait_until_async(is_ready)
        shared = LimitSettings(
            request_rate="3/minute", rate_limit_storage_url=SecretStr(f"redis+unix://{path}")
        )
        replicas = [RequestRate(shared) for _ in range(2)]
        for replica in (*replicas, replicas[0]):
            await replica.check("alice")
        with pytest.raises(RateLimited) as rejected:
            await replicas[1].check("alice")
        for replica in replicas:
            await replica.close()
        assert 1 <= rejected.value.retry_after_seconds <= 60
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    "changes",
    [{"user_request_rate": "many"}, {"rate_limit_storage_url": "carrier-pigeon://x"}],
)
def test_a_rate_that_means_nothing_is_said_at_the_start(
    changes: dict[str, object], settings: Settings
) -> None:
    with pytest.raises(Misconfigured, match="USER_REQUEST_RATE"):
        create_application(changed(settings, **changes))


def test_too_many_requests_are_answered_with_the_seconds_to_wait(settings: Settings) -> None:
    with running(changed(settings, user_request_rate="2/minute")) as base_url:
        alice, bob = ChatKitClient.of(base_url), ChatKitClient.of(base_url, "bob")
        assert [alice.send("threads.list").status_code for _ in range(3)] == [200, 200, 429]
        rejected = alice.send("threads.list")
        assert code_of(rejected) == (429, "rate_limited")
        assert 1 <= int(rejected.headers["retry-after"]) <= 60
        assert bob.send("threads.list").status_code == 200
        assert httpx.get(f"{base_url}/livez").status_code == 200


# Things at once


def test_places_are_given_back_even_after_a_failure() -> None:
    places = ConcurrencyLimit(1, "Only {most}.")
    with pytest.raises(ValueError, match="broke"), places.slot("alice"):
        with pytest.raises(RateLimited, match="Only 1"), places.slot("alice"):
            pass
        with places.slot("bob"):
            raise ValueError("broke")
    with places.slot("alice"):
        pass


@contextmanager
def answering(client: ChatKitClient) -> Iterator[httpx.Response]:
    """A new thread's answer under way: its first bytes are there, the last are not."""
    asked = {"type": "threads.create", "params": {"input": user_message("hello")}}
    headers = {"accept": "application/json"}
    with client.http.stream("POST", "/chatkit", json=asked, headers=headers) as response:
        if response.status_code == 200:
            body = response.iter_bytes()  # while it is referred to, the connection stays open
            next(body)
            yield response
            del body
        else:
            response.read()
            yield response


def test_the_answers_of_a_user_at_once_are_limited(settings: Settings) -> None:
    with model_api() as model:
        model.script.extend([Text("It takes its time.", hang_after=1)] * 20)
        limited = changed(
            settings,
            user_concurrent_streams=1,
            openai_base_url=model.base_url,
            openai_api_key="sk-test",
        )
        with running(limited) as base_url:
            alice, bob = ChatKitClient.of(base_url), ChatKitClient.of(base_url, "bob")
            with answering(alice):
                with answering(alice) as rejected:
                    assert code_of(rejected) == (429, "rate_limited")
                    assert rejected.headers["retry-after"] == "1"
                [event] = alice.stream("threads.create", input=user_message("two"))
                assert "1 answers under way" in event["message"]
                with answering(bob) as another:
                    assert another.status_code == 200

            def is_free() -> bool:
                with answering(alice) as response:
                    return response.status_code == 200

            wait_until(is_free)


def test_beyond_the_answers_of_all_users_a_message_is_rejected_and_not_stored(
    settings: Settings,
) -> None:
    with model_api() as model:
        model.script.extend([Text("It takes its time.", hang_after=1)] * 20)
        limited = changed(
            settings,
            concurrent_streams=1,
            titles="off",
            openai_base_url=model.base_url,
            openai_api_key="sk-test",
        )
        with running(limited) as base_url:
            alice, bob = ChatKitClient.of(base_url), ChatKitClient.of(base_url, "bob")
            with answering(alice):
                with answering(bob) as rejected:
                    assert code_of(rejected) == (503, "overloaded")
                    assert rejected.headers["retry-after"] == "5"
                assert bob.call("threads.list")["data"] == []
                model.released.set()
                wait_until(lambda: texts_of_answers(alice) == ["It takes its time."])

            def is_served() -> bool:
                with answering(bob) as response:
                    return response.status_code == 200

            wait_until(is_served)


def texts_of_answers(client: ChatKitClient) -> list[str]:
    [thread] = client.call("threads.list")["data"]
    items = client.call("items.list", thread_id=thread["id"])["data"]
    return [item["content"][0]["text"] for item in items if item["type"] == "assistant_message"]


@pytest.mark.slow
def test_answers_that_wait_for_the_model_hold_no_connection_to_the_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WAIT_SECONDS", 1.0)
    more_than_the_pool = 25
    with model_api() as model:
        model.script.extend([Text("It takes its time.", hang_after=0)] * more_than_the_pool)
        waiting = changed(
            settings, titles="off", openai_base_url=model.base_url, openai_api_key="sk-test"
        )
        with running(waiting) as base_url, ExitStack() as answers:
            for number in range(more_than_the_pool):
                user = ChatKitClient.of(base_url, f"user-{number}")
                assert answers.enter_context(answering(user)).status_code == 200
            wait_until(lambda: len(model.received) == more_than_the_pool)
            assert len(ChatKitClient.of(base_url, "user-0").call("threads.list")["data"]) == 1
            model.released.set()


def test_a_link_carries_one_upload_at_a_time(base_url: str) -> None:
    alice = ChatKitClient.of(base_url)
    attachment = alice.create_attachment("notes.txt", b"0123456789")
    link = httpx.URL(attachment["upload_descriptor"]["url"])
    head = f"PUT {link.raw_path.decode()} HTTP/1.1\r\nhost: {link.host}\r\n"
    head += "content-type: text/plain\r\ncontent-length: 10\r\n\r\n"
    with socket.create_connection((link.host, link.port or 0), timeout=30) as connection:
        connection.sendall(head.encode() + b"01234")
        wait_until(lambda: alice.upload(attachment, b"0123456789").status_code == 429)
        rejected = alice.upload(attachment, b"0123456789")
        assert code_of(rejected) == (429, "rate_limited")
        assert rejected.headers["retry-after"] == "1"
        connection.sendall(b"56789")
        assert connection.recv(100).startswith(b"HTTP/1.1 2")
    wait_until(lambda: alice.upload(attachment, b"0123456789").status_code != 429)


# Slow clients


IMPATIENT_SECONDS = 0.3


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[int]:
    """The port of a service whose patience is short."""
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", IMPATIENT_SECONDS)
    monkeypatch.setattr(deadlines, "BODY_TICK_SECONDS", IMPATIENT_SECONDS)
    monkeypatch.setattr(deadlines, "WRITE_TICK_SECONDS", IMPATIENT_SECONDS)
    server = uvicorn.Server(
        uvicorn.Config(
            create_application(settings),
            host="127.0.0.1",
            port=0,
            http=DeadlineProtocol,
            log_level="warning",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def everything_from(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    connection.settimeout(30)
    received = b""
    # Closed with something unread, a connection is reset instead of ended.
    with suppress(ConnectionResetError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /chatkit HTTP/1.1\r\nhost: x\r\nx-slow: ",
        b"\r\n",
    ],
    ids=["nothing", "half a head", "a line end"],
)
def test_a_request_that_does_not_arrive_is_not_waited_for(sent: bytes, patient: int) -> None:
    with socket.create_connection(("127.0.0.1", patient)) as connection:
        connection.sendall(sent)
        assert everything_from(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_trickles_is_not_waited_for(patient: int) -> None:
    head = (
        b"POST /chatkit HTTP/1.1\r\nhost: x\r\nx-forwarded-user: a\r\ncontent-length: 9999\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", patient)) as connection:
        connection.sendall(head + b"{")
        answer = everything_from(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_rejected(patient: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 60)  # for its length, not for its time
    with socket.create_connection(("127.0.0.1", patient)) as connection:
        with suppress(ConnectionError):  # it may be rejected before all of it is sent
            connection.sendall(b"GET /livez HTTP/1.1\r\nhost: x\r\nx-endless: " + b"y" * 200_000)
        answer = everything_from(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


RESPONSE = b"x" * 50_000  # less than what pauses writing


async def download(scope: Any, receive: Any, send: Any) -> None:
    """An application with one download. Its path is the number of `RESPONSE`s in it."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(int(scope["path"][1:])):
        await send({"type": "http.response.body", "body": RESPONSE, "more_body": True})
    await send({"type": "http.response.body"})


@contextmanager
def reading_nothing(path: str) -> Iterator[socket.socket]:
    """A connection with a small buffer that asks for `path` and reads nothing."""
    with (
        serving(download, http=DeadlineProtocol, lifespan="off") as base_url,
        socket.socket() as connection,
    ):
        address = httpx.URL(base_url)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((address.host, address.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        yield connection


def wait_until_reset(connection: socket.socket) -> None:
    poll = select.poll()
    poll.register(connection, 0)  # errors are always reported
    assert poll.poll(30_000), "the connection is still open"


def test_a_download_that_nobody_reads_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "WRITE_TICK_SECONDS", IMPATIENT_SECONDS)
    with reading_nothing("/1000") as connection:
        wait_until_reset(connection)


def test_a_slow_reader_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "WRITE_TICK_SECONDS", IMPATIENT_SECONDS)
    with reading_nothing("/200") as connection:
        received = 0
        while received < 200 * len(RESPONSE):
            chunk = connection.recv(65_536)
            assert chunk
            received += len(chunk)


async def test_an_answer_has_its_place_until_it_was_taken(settings: Settings) -> None:
    application = create_application(changed(settings, user_concurrent_streams=1))
    operation = {"type": "threads.create", "params": {"input": user_message("hello")}}

    async def ask(taken: asyncio.Event, has_ended: asyncio.Event) -> int:
        """Send a message; the end of the answer is taken when `taken` is set."""
        status = 0
        body = json.dumps(operation).encode()
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return messages.pop() if messages else await asyncio.Future()

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                has_ended.set()
                await taken.wait()

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/chatkit",
            "raw_path": b"/chatkit",
            "query_string": b"",
            "headers": [(b"host", b"x"), (b"x-forwarded-user", b"alice")],
        }
        await application(scope, receive, send)
        return status

    def at_once() -> tuple[asyncio.Event, asyncio.Event]:
        taken = asyncio.Event()
        taken.set()
        return taken, asyncio.Event()

    async with application.router.lifespan_context(application):
        taken, has_ended = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(ask(taken, has_ended))
        await has_ended.wait()
        assert await ask(*at_once()) == 429
        taken.set()
        assert await first == 200
        assert await ask(*at_once()) == 200


@pytest.mark.slow
def test_an_answer_that_takes_its_time_is_not_cut_off(
    patient: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 60)  # a client of ours may be slow to begin
    connection = HTTPConnection("127.0.0.1", patient, timeout=30)
    for _ in range(3):
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()
        monkeypatch.setattr(deadlines, "HEAD_SECONDS", IMPATIENT_SECONDS)
        threading.Event().wait(0.5)  # longer than any deadline, and no request under way
    connection.close()

    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 60)
    monkeypatch.setitem(OfflineModel.__init__.__kwdefaults__ or {}, "pause_seconds", 0.1)
    alice = ChatKitClient.of(f"http://127.0.0.1:{patient}")
    asked = {"type": "threads.create", "params": {"input": user_message("hello")}}
    with open_stream(alice, asked) as stream:
        read_until(stream, b"OPENAI_API_KEY")  # the end of what the offline model says


# Headers of every answer


def test_answers_keep_browsers_from_guessing_and_telling(base_url: str) -> None:
    answer = ChatKitClient.of(base_url).send("threads.list")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers or "uvicorn" in answer.headers["server"]


def test_a_service_behind_tls_tells_browsers_to_use_nothing_else(settings: Settings) -> None:
    secure = changed(settings, public_base_url="https://chat.example.com")
    with running(secure) as base_url:
        answer = httpx.get(f"{base_url}/livez")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_one_message_asks_for_no_thousands_of_look_ups(alice: ChatKitClient) -> None:
    attachment_id = alice.attach()["id"]
    [question] = [
        event["item"]
        for event in alice.say("thrice", *[attachment_id] * 3)
        if event["type"] == "thread.item.done" and event["item"]["type"] == "user_message"
    ]
    assert [each["id"] for each in question["attachments"]] == [attachment_id]

    files = user_message("hi", *(f"atc_{number}" for number in range(101)))
    tags = [{"type": "input_tag", "id": f"t{n}", "text": "x", "data": {}} for n in range(101)]
    for message in (files, user_message("hi") | {"content": tags}):
        response = alice.send("threads.create", input=message)
        assert code_of(response) == (400, "invalid_request")


# Uploads at once

HALF = b"01234"


@contextmanager
def uploading(
    url: str, *, headers: str = "content-type: text/plain", before: bytes = b""
) -> Iterator[None]:
    """Half of an upload of ten bytes; leaving sends the rest and reads the answer.

    Yielded once the service has taken it in: `100 Continue` comes when the body is asked for.
    """
    link = httpx.URL(url)
    method = "PUT" if "policy" in link.params else "POST"
    after = b"\r\n--b--\r\n" if before else b""
    head = f"{method} {link.raw_path.decode()} HTTP/1.1\r\nhost: {link.host}\r\n{headers}\r\n"
    head += f"content-length: {len(before) + 10 + len(after)}\r\nexpect: 100-continue\r\n\r\n"
    with socket.create_connection((link.host, link.port or 0), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(before + HALF)
        yield
        connection.sendall(HALF + after)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def uploading_directly(base_url: str) -> AbstractContextManager[None]:
    return uploading(
        f"{base_url}/attachments",
        headers="x-forwarded-user: alice\r\ncontent-type: multipart/form-data; boundary=b",
        before=b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n",
    )


def test_the_uploads_of_a_user_at_once_are_limited_together(settings: Settings) -> None:
    limited = changed(settings, user_concurrent_uploads=2)
    with running(limited) as base_url:
        alice, bob = ChatKitClient.of(base_url), ChatKitClient.of(base_url, "bob")
        first, second, third = (alice.create_attachment(body=HALF * 2) for _ in range(3))
        form = {"file": ("a.txt", HALF * 2, "text/plain")}

        def is_full() -> None:
            rejected = alice.upload(third, HALF * 2)
            assert code_of(rejected) == (429, "rate_limited")
            assert rejected.headers["retry-after"] == "1"
            assert "2 uploads under way" in rejected.json()["message"]
            assert code_of(alice.http.post("/attachments", files=form)) == (429, "rate_limited")
            bob.attach(body=HALF * 2)

        with uploading(first["upload_descriptor"]["url"]):
            with uploading(second["upload_descriptor"]["url"]):
                is_full()
            with uploading_directly(base_url):
                is_full()
            wait_until(lambda: alice.upload(third, HALF * 2).status_code == 200)
        wait_until(lambda: alice.http.post("/attachments", files=form).status_code == 200)


def test_an_upload_link_does_not_disclose_its_user(base_url: str) -> None:
    links = [
        ChatKitClient.of(base_url, user).create_attachment()["upload_descriptor"]["url"]
        for user in ("alice@example.com", "alice@example.com", "bob@example.com")
    ]
    queries = [dict(httpx.URL(link).params) for link in links]
    alice, again, bob = (query[UPLOADER_FIELD] for query in queries)
    assert alice == again != bob
    for query in queries:
        everything = json.dumps(query) + base64.b64decode(query["policy"]).decode()
        assert "alice" not in everything and "bob" not in everything
    changed = httpx.put(
        str(httpx.URL(links[0]).copy_set_param(UPLOADER_FIELD, bob)), content=b"hello"
    )
    assert code_of(changed) == (403, "link_invalid")
