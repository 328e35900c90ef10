"""MODEL_INPUT=files: each file goes to the provider's Files API once, and requests have its id."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from prometheus_client import REGISTRY

from app import maintenance
from app.database.provider_files import ProviderFile, ProviderFileRows
from app.settings.environment import Settings
from tests.corpus import image, pdf
from tests.model_api import Call, Error, ModelApi, Received, Reply, Text, model_api
from tests.rig import rig_on
from tests.servers import TestBucket
from tests.service import (
    ChatKitClient,
    Event,
    answer_of,
    running,
    test_settings,
    thread_id_of,
)
from tests.settings import changed
from tests.waiting import wait_until

Json = dict[str, Any]
TEN_MEGABYTES = 10_000_000


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
        model_input="files",
        titles="off",
    )


@contextmanager
def client_of(settings: Settings, user_id: str = "alice") -> Iterator[ChatKitClient]:
    with running(settings) as url, ChatKitClient.of(url, user_id).http as http:
        yield ChatKitClient(http)


@pytest.fixture
def alice(settings: Settings) -> Iterator[ChatKitClient]:
    with client_of(settings) as client:
        yield client


def attach_pdf(client: ChatKitClient, name: str = "a.pdf", *pages: str) -> str:
    return str(client.attach(name, pdf(*(pages or ("one page",))), "application/pdf")["id"])


def attach_png(client: ChatKitClient) -> str:
    return str(client.attach("a.png", image("PNG"), "image/png")["id"])


def large_pdf(number: int) -> bytes:
    """A PDF of ten megabytes: readers ignore what follows its end."""
    body = pdf(f"document {number}")
    return body + b"\n%" + b"x" * (TEN_MEGABYTES - len(body) - 2)


def empty(bucket: TestBucket) -> None:
    """Delete all objects: what is read after that can't be found."""
    client = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    for found in client.list_objects_v2(Bucket=bucket.name)["Contents"]:
        client.delete_object(Bucket=bucket.name, Key=found["Key"])
    client.close()


def answered(api: ModelApi) -> list[Received]:
    """Return the requests for answers."""
    return [each for each in api.received if each.path.endswith(("/responses", "/completions"))]


def uploads(api: ModelApi) -> list[Received]:
    return [each for each in api.received if each.path == "/v1/files" and each.body]


def file_ids(received: Received) -> list[str]:
    """Return the ids of files that a request names, in its order."""
    files = [part.get("file", part) for part in received.parts()]
    return [file["file_id"] for file in files if file.get("file_id")]


def names_sent(received: Received) -> list[str]:
    """Return the names of files that a request has inline."""
    return [part["filename"] for part in received.parts() if part.get("file_data")]


def problems(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] in ("error", "notice")]


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"{name}_total", labels) or 0.0


@pytest.mark.slow
def test_a_text_in_a_thread_with_four_large_pdfs_is_a_small_request(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    bodies = [large_pdf(number) for number in range(4)]
    ids = [alice.attach(f"{n}.pdf", body, "application/pdf")["id"] for n, body in enumerate(bodies)]
    before = counted("provider_files_uploaded"), counted("provider_file_bytes")
    thread_id = thread_id_of(alice.say("Read these.", *ids))
    assert answer_of(alice.say("What is 1 + 1?", thread_id=thread_id)) == "Noted."
    assert len(uploads(provider)) == 4
    first, second = answered(provider)
    assert first.length < 50_000 and second.length < 50_000
    held = provider.uploads.held
    assert [held[id].body for id in file_ids(second)] == bodies
    assert [held[id].filename for id in file_ids(second)] == [f"{n}.pdf" for n in range(4)]
    after = counted("provider_files_uploaded"), counted("provider_file_bytes")
    assert (after[0] - before[0], after[1] - before[1]) == (4, 4 * TEN_MEGABYTES)


@pytest.mark.slow
def test_a_file_is_uploaded_once_also_over_restarts_and_is_not_read_again(
    settings: Settings, provider: ModelApi, seaweedfs_bucket: TestBucket
) -> None:
    with client_of(settings) as client:
        ids = attach_pdf(client), attach_png(client)
        thread_id = thread_id_of(client.say("Look.", *ids))
        client.say("And?", thread_id=thread_id)
    empty(seaweedfs_bucket)
    with client_of(settings) as client:
        client.say("Again?", thread_id=thread_id)
    first, second, third = (each.body["input"] for each in answered(provider))
    assert second[: len(first)] == first and third[: len(second)] == second
    assert [part["type"] for part in answered(provider)[2].parts() if "file_id" in part] == [
        "input_file",
        "input_image",
    ]
    assert len(uploads(provider)) == 2
    held = list(provider.uploads.held.values())
    assert {each.purpose for each in held} == {"user_data"}
    assert [each.expires_at - each.created_at for each in held if each.expires_at] == [604_800] * 2


@pytest.mark.slow
def test_files_that_the_provider_has_lost_are_uploaded_again_and_nothing_is_blamed(
    alice: ChatKitClient, provider: ModelApi, sql: Callable[[str], str]
) -> None:
    thread_id = thread_id_of(alice.say("Look.", attach_pdf(alice), attach_png(alice)))
    first_ids = file_ids(provider.last)
    before = counted("provider_files_lost")
    for file_id in first_ids:
        provider.uploads.lose(file_id)
    events = alice.say("And?", thread_id=thread_id)
    assert answer_of(events) == "Noted." and problems(events) == []
    assert len(uploads(provider)) == 4
    assert set(file_ids(provider.last)) == set(provider.uploads.held)
    assert counted("provider_files_lost") - before == 2
    assert sql("SELECT count(*) FROM attachments WHERE problem IS NOT NULL") == "0"
    provider.received.clear()  # it has rejected a request


def test_a_file_that_is_always_lost_is_sent_inline(
    alice: ChatKitClient,
    provider: ModelApi,
    sql: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    create = provider.uploads.create

    def lost_at_once(*arguments: Any) -> Json:
        created = create(*arguments)
        provider.uploads.lose(created["id"])
        return created

    monkeypatch.setattr(provider.uploads, "create", lost_at_once)
    events = alice.say("Look.", attach_pdf(alice))
    assert answer_of(events) == "Noted." and problems(events) == []
    assert names_sent(provider.last) == ["a.pdf"]
    assert sql("SELECT count(*) FROM attachments WHERE problem IS NOT NULL") == "0"
    provider.received.clear()


@pytest.mark.parametrize("operation", ["attachments.delete", "threads.delete"])
def test_what_is_deleted_here_is_deleted_at_the_provider(
    alice: ChatKitClient, provider: ModelApi, sql: Callable[[str], str], operation: str
) -> None:
    attachment_id = attach_pdf(alice)
    thread_id = thread_id_of(alice.say("Look.", attachment_id))
    kept = thread_id_of(alice.say("Look.", attach_png(alice)))
    [deleted, other] = provider.uploads.held
    if operation == "threads.delete":
        alice.call(operation, thread_id=thread_id)
    else:
        alice.call(operation, attachment_id=attachment_id)
    wait_until(lambda: sql("SELECT count(*) FROM provider_files") == "1")
    assert list(provider.uploads.held) == [other]
    alice.say("And?", thread_id=kept)
    assert file_ids(provider.last) == [other] and deleted != other


def test_a_file_that_can_not_be_uploaded_is_sent_inline_and_uploaded_later(
    alice: ChatKitClient, provider: ModelApi
) -> None:
    before = counted("provider_file_failures", operation="upload")
    provider.upload_errors.append(Error(413, "Too large."))
    events = alice.say("Look.", attach_pdf(alice))
    assert problems(events) == [] and names_sent(provider.last) == ["a.pdf"]
    assert counted("provider_file_failures", operation="upload") - before == 1
    alice.say("And?", thread_id=thread_id_of(events))
    assert len(file_ids(provider.last)) == 1 and names_sent(provider.last) == []


@pytest.mark.slow
@pytest.mark.parametrize("model_api_name", ["responses", "chat_completions"])
def test_without_a_files_api_files_are_sent_inline_with_one_warning(
    settings: Settings,
    provider: ModelApi,
    caplog: pytest.LogCaptureFixture,
    model_api_name: str,
) -> None:
    provider.has_files = False
    with client_of(changed(settings, model_api=model_api_name)) as client:
        thread_id = thread_id_of(client.say("Look.", attach_pdf(client)))
        client.say("And?", thread_id=thread_id)
    assert len([each for each in caplog.records if "no Files API" in each.getMessage()]) == 1
    assert len(provider.received) - len(answered(provider)) == 1  # it was asked once
    assert file_ids(provider.last) == []
    if model_api_name == "responses":
        assert names_sent(provider.last) == ["a.pdf"]
    else:
        assert "one page" in provider.last.texts()


@pytest.mark.slow
def test_chat_completions_get_the_id_of_a_pdf_and_the_bytes_of_an_image(
    settings: Settings, provider: ModelApi
) -> None:
    with client_of(changed(settings, model_api="chat_completions")) as client:
        client.say("Look.", attach_pdf(client), attach_png(client))
    [file_id] = file_ids(provider.last)
    assert provider.uploads.held[file_id].filename == "a.pdf"
    kinds = [part["type"] for part in provider.last.parts()]
    assert kinds.count("file") == 1 and kinds.count("image_url") == 1


def test_fetched_pages_are_sent_by_id_too(alice: ChatKitClient, provider: ModelApi) -> None:
    attachment_id = attach_pdf(alice, "a.pdf", *(f"page {n}" for n in range(5)))
    provider.script.extend(
        [
            Reply(Call("fetch_attachment", {"id": attachment_id, "pages": "2-3"})),
            Text("Read."),
        ]
    )
    assert answer_of(alice.say("Read pages 2 and 3.", attachment_id)) == "Read."
    whole, pages = file_ids(provider.last)
    held = provider.uploads.held
    assert held[whole].body != held[pages].body
    [output] = [item for item in provider.last.body["input"] if "output" in item]
    assert pages in json.dumps(output) and "pages 2-3 of 5" in json.dumps(output)


def test_answers_at_once_share_one_upload(alice: ChatKitClient, provider: ModelApi) -> None:
    provider.upload_errors.append(Error(413, "Too large."))
    attachment_id = attach_pdf(alice)
    alice.say("Look.", attachment_id)
    mentioned = {
        "content": [
            {"type": "input_text", "text": "See "},
            {"type": "input_tag", "id": attachment_id, "text": "a.pdf", "data": {}},
        ],
        "attachments": [],
        "inference_options": {},
    }

    def fetching(received: Received) -> Reply:
        if any("output" in item for item in received.body["input"]):
            return Reply(Text("Read."))
        return Reply(Call("fetch_attachment", {"id": attachment_id}))

    provider.answer = fetching
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(alice.stream, "threads.create", input=mentioned) for _ in range(4)]
        assert [answer_of(each.result()) for each in answers] == ["Read."] * 4
    assert len(uploads(provider)) == 2 and len(provider.uploads.held) == 1


@pytest.mark.slow
def test_two_users_never_share_a_file(settings: Settings, provider: ModelApi) -> None:
    ids, body = [], pdf("one page")
    with running(settings) as url:
        for user_id in ("alice", "bob"):
            with ChatKitClient.of(url, user_id).http as http:
                client = ChatKitClient(http)
                client.say("Look.", client.attach("a.pdf", body, "application/pdf")["id"])
            ids += file_ids(provider.last)
    bodies = [each.body for each in provider.uploads.held.values()]
    assert len(set(ids)) == 2 and bodies[0] == bodies[1]


async def test_the_command_erase_deletes_files_at_the_provider_without_a_service(
    settings: Settings,
    database_url: str,
    seaweedfs_bucket: TestBucket,
    provider: ModelApi,
) -> None:
    file_id = str(provider.uploads.create("a.pdf", b"a", {"purpose": "user_data"})["id"])
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        record = await rig.verifier.verify(await rig.uploaded(link_seconds=-60))
        rows = ProviderFileRows(rig.database)
        await rows.add(ProviderFile("alice", file_id, record.id, "key", {}, 1, None))
    said: list[str] = []
    async with asyncio.timeout(60):  # it would wait for ever for a service that does not run
        receipt = await maintenance.erase(settings, user_id="alice", say=said.append)
    assert receipt["receipt"]["user"] == "alice" and len(said) == 1
    assert not provider.uploads.held
