"""A hundred files of all kinds reach the model API in their best form, in both APIs."""

import base64
import io
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from app.model_input.kinds import Kind, kind_of
from tests.corpus import SAMPLES, Sample
from tests.model_api import ModelApi, Received
from tests.unit.fakes.attachments import Attachments
from tests.unit.fakes.conversation import conversation
from tests.unit.model_input.announced import announced_fields

TRANSCODED = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


def test_the_corpus_is_large_enough() -> None:
    assert len(SAMPLES) >= 60
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)


@pytest.fixture(
    scope="module", params=["responses", pytest.param("chat_completions", marks=pytest.mark.slow)]
)
async def corpus(
    request: pytest.FixtureRequest, running_model_api: ModelApi, anyio_backend: str
) -> tuple[str, Attachments, dict[str, Received]]:
    """The API's name, the attachments, and what the API received of each, in its own thread."""
    running_model_api.reset()
    received: dict[str, Received] = {}
    async with conversation(running_model_api, model_api=request.param) as chat:
        for sample in SAMPLES:
            chat.store.items.clear()
            attachment = chat.attachments.add(sample.name, sample.mime_type, sample.make())
            received[sample.name] = await chat.sent(attachment)
    running_model_api.expect_no_rejection()
    return request.param, chat.attachments, received


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_file_reaches_the_model_in_its_best_form(
    corpus: tuple[str, Attachments, dict[str, Received]], sample: Sample
) -> None:
    model_api, attachments, all_received = corpus
    received = all_received[sample.name]
    row = next(row for row in attachments.rows.values() if row.name == sample.name)
    body = attachments.bucket.objects[str(row.object_key)]

    typed, announced, *content = received.parts()
    assert typed["text"] == "Look."
    fields = announced_fields(announced["text"])
    assert fields["id"] == row.id
    assert fields["name"] == sample.name
    assert fields["size"] == len(body)

    expected = sample.expected(model_api)
    if expected.startswith("text: "):
        assert content == []
        assert "\n----- begin text" in announced["text"]
        assert expected.removeprefix("text: ") in announced["text"]
    elif expected.startswith("pages: "):
        assert len(content) == int(expected.removeprefix("pages: "))
        for part in content:
            mime_type, sent = decoded([part])
            assert mime_type == "image/jpeg" and min(Image.open(io.BytesIO(sent)).size) > 40
    elif expected.startswith("page: "):
        assert expected.removeprefix("page: ") in str(fields["remark"])
        mime_type, sent = decoded(content)
        assert mime_type == "image/jpeg" and Image.open(io.BytesIO(sent)).size > (64, 48)
    elif expected.startswith("note: "):
        assert content == []
        assert "\nNote: " in announced["text"]
        assert expected.removeprefix("note: ") in announced["text"]
    elif expected == "same":
        _, sent = decoded(content)
        assert sent == body
        if kind_of(sample.mime_type, sample.name) is Kind.DOCUMENT:
            assert content[0]["filename"].lower() == sample.name.lower()
    elif expected == "pdf":
        mime_type, sent = decoded(content)
        assert mime_type == "application/pdf" and content[0]["filename"].endswith(".tiff.pdf")
        frames = getattr(Image.open(io.BytesIO(body)), "n_frames", 1)
        assert len(PdfReader(io.BytesIO(sent)).pages) == frames > 1
        assert fields["remark"] == f"all {frames} pages, converted from TIFF to PDF"
    else:
        mime_type, sent = decoded(content)
        assert mime_type == TRANSCODED[expected]
        image = Image.open(io.BytesIO(sent))
        image.load()
        assert Image.MIME[str(image.format)] == mime_type
        assert max(image.size) <= 2048
        assert getattr(image, "n_frames", 1) == 1
        assert not image.getexif()
        assert fields["remark"]


def decoded(content: list[dict[str, Any]]) -> tuple[str, bytes]:
    """Return MIME type and bytes of the only image or file, a part of either API."""
    assert len(content) == 1
    part = content[0]
    if part["type"] == "image_url":
        url = part["image_url"]["url"]
    else:
        url = part["image_url" if part["type"] == "input_image" else "file_data"]
    head, encoded = url.split(",", 1)
    return head.removeprefix("data:").removesuffix(";base64"), base64.b64decode(encoded)


async def test_an_image_is_turned_upright(api: ModelApi) -> None:
    phone = next(sample for sample in SAMPLES if sample.name == "phone.jpg")
    received = await received_of(api, phone)
    _, sent = decoded(received.parts()[2:])
    assert Image.open(io.BytesIO(sent)).size == (48, 64)
    assert "turned upright" in received.texts()


async def test_a_remark_says_that_only_the_first_frame_is_sent(api: ModelApi) -> None:
    animation = next(sample for sample in SAMPLES if sample.name == "animated.gif")
    assert "first of 3 frames" in (await received_of(api, animation)).texts()


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("a.txt", "encoding utf-8"),
        ("utf16.txt", "encoding utf-16"),
        ("bom.txt", "encoding utf-8"),
        ("polish.txt", "encoding guessed: cp1250"),
    ],
)
async def test_a_remark_says_the_encoding_and_calls_a_guess_a_guess(
    api: ModelApi, name: str, remark: str
) -> None:
    sample = next(sample for sample in SAMPLES if sample.name == name)
    received = await received_of(api, sample)
    fields = announced_fields(received.parts()[1]["text"])
    assert fields["remark"] == remark


async def test_an_image_side_is_a_setting(api: ModelApi) -> None:
    sample = next(sample for sample in SAMPLES if sample.name == "large.jpg")
    received = await received_of(api, sample, model_image_max_side=500)
    _, sent = decoded(received.parts()[2:])
    assert Image.open(io.BytesIO(sent)).size == (500, 375)


async def received_of(api: ModelApi, sample: Sample, **options: Any) -> Received:
    async with conversation(api, **options) as chat:
        body = sample.make()
        return await chat.sent(chat.attachments.add(sample.name, sample.mime_type, body))
