"""The Files API and transcriptions, by OpenAI's own client."""

import pytest
from openai import APIStatusError, BadRequestError, NotFoundError, OpenAI
from openai.types import FileObject

from tests.corpus import image, pdf
from tests.model_api import Error, ModelApi
from tests.model_api.document import openai_document
from tests.unit.model_api.asking import ask, data_url, input_file, responses, user

HOUR = 3600
AUDIO = ("speech.webm", b"opus" * 10, "audio/webm")


def uploaded(client: OpenAI, name: str = "a.pdf", **fields: object) -> FileObject:
    return client.files.create(file=(name, pdf("x")), purpose="user_data", **fields)  # type: ignore[arg-type]  # any fields


def by_id(file_id: str) -> dict[str, object]:
    return responses([user({"type": "input_file", "file_id": file_id})])


def test_a_file_is_stored_described_listed_and_deleted(api: ModelApi, client: OpenAI) -> None:
    file = uploaded(client)
    assert openai_document().problems_of("OpenAIFile", file.to_dict()) == []
    assert (file.filename, file.bytes, file.purpose) == ("a.pdf", len(pdf("x")), "user_data")
    assert client.files.retrieve(file.id) == file
    ask(client, by_id(file.id))
    assert client.files.delete(file.id).deleted
    for use in (client.files.retrieve, client.files.delete):
        with pytest.raises(NotFoundError, match="No such File object"):
            use(file.id)
    with pytest.raises(NotFoundError, match=file.id) as rejected:
        ask(client, by_id(file.id))
    assert rejected.value.param == "input[0].content[1].file_id"


def test_files_are_listed_page_by_page(api: ModelApi, client: OpenAI) -> None:
    api.uploads.held.clear()
    files = [uploaded(client, f"{number}.pdf") for number in range(5)]
    assert list(client.files.list(limit=2)) == files[::-1]
    assert list(client.files.list(limit=2, order="asc")) == files
    assert list(client.files.list(purpose="vision")) == []


def test_a_file_expires_and_a_provider_may_lose_it(api: ModelApi, client: OpenAI) -> None:
    short = uploaded(client, expires_after={"anchor": "created_at", "seconds": HOUR})
    lost = uploaded(client)
    assert short.expires_at == short.created_at + HOUR
    api.uploads.lose(lost.id)
    api.uploads.pass_time(HOUR - 1)
    ask(client, by_id(short.id))
    api.uploads.pass_time(1)
    for file in (short, lost):
        with pytest.raises(NotFoundError, match="No such File object"):
            ask(client, by_id(file.id))


def test_uploads_are_checked_by_the_document(api: ModelApi, client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="Invalid value: 'nothing'"):
        client.files.create(file=("a.pdf", b"x"), purpose="nothing")  # type: ignore[arg-type]
    with pytest.raises(BadRequestError, match=r"expires_after\.seconds"):
        uploaded(client, expires_after={"anchor": "created_at", "seconds": 60})
    with pytest.raises(BadRequestError, match="Unknown parameter: 'foo'"):
        uploaded(client, extra_body={"foo": "1"})


def test_an_upload_can_be_made_to_fail(api: ModelApi, client: OpenAI) -> None:
    api.upload_errors.append(Error(503, "Later."))
    with pytest.raises(APIStatusError, match="Later"):
        uploaded(client)
    assert api.rejections == []
    uploaded(client)


def test_what_a_user_has_uploaded_is_not_given_back(api: ModelApi, client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="Not allowed to download"):
        client.files.content(uploaded(client).id)
    evals = client.files.create(file=("a.jsonl", b"{}"), purpose="evals")
    assert client.files.content(evals.id).read() == b"{}"


def test_a_file_by_id_counts_as_many_tokens_as_inline(api: ModelApi, client: OpenAI) -> None:
    body = image("PNG", size=(600, 400))
    held = client.files.create(file=("a.png", body), purpose="vision")
    pairs = [
        (
            {"type": "input_image", "file_id": held.id, "detail": "auto"},
            {"type": "input_image", "image_url": data_url("image/png", body), "detail": "auto"},
        ),
        (
            {"type": "input_file", "file_id": uploaded(client).id},
            input_file("a.pdf", pdf("x"), "application/pdf"),
        ),
    ]
    for by_reference, inline in pairs:
        one = ask(client, responses([user(by_reference)])).usage
        other = ask(client, responses([user(inline)])).usage
        assert one.input_tokens == other.input_tokens > 100


def test_speech_is_heard(api: ModelApi, client: OpenAI) -> None:
    heard = client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=AUDIO)
    assert heard.text == "heard 40 bytes"
    assert openai_document().problems_of("CreateTranscriptionResponseJson", heard.to_dict()) == []


@pytest.mark.parametrize(
    ("file", "model", "status", "says"),
    [
        (AUDIO, "gpt-5-mini", 404, "does not exist"),
        (("speech.midi", b"x", "audio/midi"), "whisper-1", 400, "Invalid file format."),
        (("speech", b"x", "audio/webm"), "whisper-1", 400, "Invalid file format."),
        (("a.wav", bytes(26 << 20), "audio/wav"), "whisper-1", 413, "Maximum content size limit"),
    ],
)
def test_speech_that_can_not_be_heard_is_rejected(
    file: tuple[str, bytes, str], model: str, status: int, says: str, client: OpenAI
) -> None:
    with pytest.raises(APIStatusError, match=says) as rejected:
        client.audio.transcriptions.create(model=model, file=file)
    assert rejected.value.status_code == status


def test_a_transcription_can_be_made_to_fail(api: ModelApi, client: OpenAI) -> None:
    api.script.append(Error(500, "Later."))
    with pytest.raises(APIStatusError, match="Later"):
        client.audio.transcriptions.create(model="whisper-1", file=AUDIO)
