"""Files are rendered or become notes; with MODEL_INPUT=url the provider reads them itself."""

from dataclasses import replace

import pytest

from app.attachment_state import AttachmentState
from app.errors import BucketUnavailable
from app.model_input.bucket_urls import BucketLinks
from app.model_input.readers import images
from app.model_input.selection import Selection
from app.storage.credentials import Credentials
from app.storage.endpoint import Endpoint
from app.storage.signing import UrlSigner
from app.workers import Workers
from tests.corpus import image, pages, pdf
from tests.model_api import ModelApi
from tests.stopwatch import least_async, longest_turn
from tests.unit.fakes.attachments import Attachments, MemoryBucket, Row
from tests.unit.fakes.conversation import conversation
from tests.unit.fakes.threads import user_message
from tests.unit.model_input import bad_decoders

both_apis = pytest.mark.parametrize("model_api", ["responses", "chat_completions"])


@pytest.mark.parametrize(
    ("decoder", "words"),
    [
        pytest.param(bad_decoders.hang, "longer than 3 seconds", marks=pytest.mark.slow),
        (bad_decoders.eat, "too much memory"),
        (bad_decoders.die, "broke the reader"),
    ],
)
async def test_a_decoder_that_fails_affects_only_its_own_file(
    decoder: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachments = Attachments()
    workers = Workers(processes=1)
    renderer = attachments.renderer(workers=workers)
    await renderer.render(await row_of(attachments, "warm.png", image("PNG")))

    monkeypatch.setattr(images, "prepare", decoder)
    if decoder is bad_decoders.hang:  # the others end by themselves
        monkeypatch.setattr(workers, "_hang_seconds", 3)

    async def is_noted() -> None:
        body = image("PNG") + b"1" * len(attachments.rows)
        bad = await renderer.render(await row_of(attachments, "bad.png", body))
        assert bad.kind == "note" and words in bad.body

    assert await least_async(lambda: longest_turn(is_noted()), limit=1) < 1, "the loop went on"

    monkeypatch.undo()
    good = await renderer.render(await row_of(attachments, "good.png", image("PNG") + b"2"))
    assert good.kind == "image"


async def row_of(attachments: Attachments, name: str, body: bytes) -> Row:
    return attachments.rows[attachments.add(name, "image/png", body).id]


async def test_two_objects_with_one_etag_are_two_files() -> None:
    """Anybody can make two files with the same MD5 sum, which is the ETag of many stores."""
    attachments = Attachments()
    renderer = attachments.renderer()
    rows = []
    for name, body in (("a.txt", b"Mallory's"), ("b.txt", b"Alice's  ")):
        row = attachments.rows[attachments.add(name, "text/plain", body).id]
        assert row.object_key
        attachments.bucket.etags[row.object_key] = "forged"
        rows.append(replace(row, etag="forged"))
    read = [(await renderer.render(row)).body for row in rows]
    assert read == ["Mallory's", "Alice's  "]


class DownBucket(MemoryBucket):
    async def read(self, key: str, *, etag: str | None = None) -> bytes:
        raise BucketUnavailable


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": AttachmentState.PENDING}, "has not been uploaded"),
        (
            {"state": AttachmentState.REJECTED, "problem": "“a.png” can't be used: it is no PNG."},
            "\nNote: “a.png” can't be used: it is no PNG.",
        ),
        ({"state": AttachmentState.TOMBSTONE}, "deleted or rejected"),
        ({"object_key": None}, "not stored in this service"),
        ({"object_key": "attachments/gone"}, "its bytes are gone"),
        ({"etag": "another"}, "changed after they were checked"),
        (
            {"problem": "the model's provider rejected it"},
            "\nNote: the file can't be used: the model's provider rejected it",
        ),
        ({"size": 0}, "is empty"),
    ],
)
@both_apis
async def test_a_note_says_why_a_file_can_not_be_read(
    api: ModelApi, model_api: str, fields: dict[str, object], words: str
) -> None:
    async with conversation(api, model_api=model_api) as chat:
        sent = await chat.sent(chat.attachments.add("a.png", "image/png", image("PNG"), **fields))
    assert words in sent.texts()
    assert len(sent.parts()) == 2


@both_apis
async def test_an_attachment_without_a_row_is_a_note(api: ModelApi, model_api: str) -> None:
    async with conversation(api, model_api=model_api) as chat:
        unknown = chat.attachments.add("a.png", "image/png", image("PNG"))
        chat.attachments.rows.clear()
        sent = await chat.sent(unknown)
    assert "it was deleted, or it never was in this service" in sent.texts()


async def test_a_file_that_could_not_be_read_is_read_again_in_the_next_turn(api: ModelApi) -> None:
    async with conversation(api) as chat:
        file = chat.attachments.add("a.png", "image/png", image("PNG"))
        working = chat.attachments.bucket
        key = chat.attachments.rows[file.id].object_key
        body = working.objects.pop(str(key))
        assert "its bytes are gone" in (await chat.sent(file)).texts()
        working.objects[str(key)] = body
        await chat.say("And now?")
    assert "input_image" in [part["type"] for part in api.last.parts()]


async def test_a_bucket_that_does_not_answer_is_a_note() -> None:
    attachments = Attachments()
    attachments.bucket = DownBucket()
    row = await row_of(attachments, "a.png", image("PNG"))
    rendition = await attachments.renderer().render(row)
    assert rendition.kind == "note" and not rendition.lasting
    assert "does not answer right now" in rendition.body


def links() -> BucketLinks:
    endpoint = Endpoint("https://bucket.example", "files", "us-east-1", "path")
    signer = UrlSigner(endpoint, lambda: Credentials("id", "secret"), clock=lambda: 1_800_000_100)
    return BucketLinks(signer, ttl_seconds=900)


@pytest.mark.slow
async def test_with_model_input_url_unconverted_files_are_sent_as_urls(api: ModelApi) -> None:
    async with conversation(api, model_input="url", links=links()) as chat:
        files = [
            chat.attachments.add("a.png", "image/png", image("PNG")),
            chat.attachments.add("a.pdf", "application/pdf", pdf("x")),
            chat.attachments.add("a.heic", "image/heic", image("HEIF")),
            chat.attachments.add("broken.png", "image/png", b"broken"),
        ]
        await chat.say("Look.", *files)
        reads = len(chat.attachments.bucket.reads)
        await chat.say("Again.")
        assert len(chat.attachments.bucket.reads) == reads
    by_url = [part for part in api.last.parts() if "image_url" in part or "file_url" in part]
    png, document, heic = by_url
    assert png["image_url"].startswith("https://bucket.example/files/attachments/atc_1?X-Amz-")
    assert document["file_url"].startswith("https://bucket.example/files/attachments/atc_2?X-Amz-")
    assert "file_data" not in document
    assert heic["image_url"].startswith("data:image/jpeg;base64,")
    first, second = api.received
    assert second.body["input"][0] == first.body["input"][0]


async def test_each_slice_of_a_text_is_cached(api: ModelApi) -> None:
    attachments = Attachments()
    row = attachments.rows[attachments.add("a.txt", "text/plain", b"x" * 2500).id]
    converter = attachments.converter()
    texts = [
        str(await converter.fetch(row.id, Selection(offset_chars=offset)))
        for offset in (0, 0, 2499)
    ]
    assert texts[0] == texts[1] != texts[2]
    [end] = await converter.fetch(row.id, Selection(offset_chars=2500))
    assert end["type"] == "input_text" and "the text ends there" in end["text"]


async def test_a_converter_belongs_to_one_user() -> None:
    attachments = Attachments("eve")
    file = attachments.add("a.txt", "text/plain", b"secret")
    converted = await attachments.converter().to_agent_input([user_message(1, "Look.", file)])
    assert "secret" not in str(converted)


async def test_pages_of_a_tiff_can_be_fetched() -> None:
    attachments = Attachments()
    attachments.add("scan.tiff", "image/tiff", pages("1", "1", "1", size=(200, 300)))
    attachments.add("photo.png", "image/png", image("PNG"))
    scan, photo = attachments.rows.values()
    renderer = attachments.renderer()
    fetched = await renderer.render(scan, Selection(pages="2-3"))
    assert (fetched.kind, fetched.mime_type) == ("file", "application/pdf")
    assert fetched.remark == "pages 2-3 of 3"
    refused = await renderer.render(photo, Selection(pages="2"))
    assert refused.kind == "note" and "only a PDF or a TIFF" in refused.body
