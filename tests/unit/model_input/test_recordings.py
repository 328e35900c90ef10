"""A recording reaches the model as its transcript, which is made once and kept."""

import asyncio
from pathlib import PurePath

import pytest

from app.attachments.content import HEAD_BYTES, check_content, corrected_type
from app.database.transcripts import Transcript
from app.errors import NotFound
from app.file_types.file_type import Delivery, FileType
from app.file_types.recordings import MOST_RECORDING_BYTES
from app.file_types.table import of_name
from app.model_input.rendering import Renderer
from app.model_input.selection import Selection
from app.model_input.transcripts import NotTranscribed, Transcripts
from app.workers import Workers
from tests.corpus import sound
from tests.model_api import Call, Error, ModelApi
from tests.published import files_of
from tests.unit.fakes.attachments import Attachments, MemoryTranscripts, Row
from tests.unit.fakes.conversation import both_apis, conversation, texts_of
from tests.unit.model_input.announced import announced_fields

SPEECH = "Good morning. The quick brown fox jumps over the lazy dog."


@both_apis
async def test_the_model_gets_the_transcript_and_is_told_that_it_is_a_guess(
    api: ModelApi, model_api: str
) -> None:
    api.speech = SPEECH
    async with conversation(api, model_api=model_api) as chat:
        received = await chat.sent(chat.attachments.add("talk.wav", "audio/wav", sound()))
    api.expect_no_rejection()
    [_, announced] = received.parts()
    assert SPEECH in announced["text"]
    assert announced_fields(announced["text"])["remark"] == (
        "a recording, 0.1 seconds long; the text is its transcript, a guess by"
        " gpt-4o-mini-transcribe at what is said"
    )


async def test_a_video_says_that_its_pictures_are_not_shown(api: ModelApi) -> None:
    async with conversation(api) as chat:
        video = chat.attachments.add("a.mp4", "video/mp4", b"\0\0\0\x18ftypmp42" + bytes(99))
        received = await chat.sent(video)
    assert "the pictures of the video are not shown" in received.texts()


async def test_a_recording_is_transcribed_once_even_after_a_restart(api: ModelApi) -> None:
    async with conversation(api) as chat:
        talk = chat.attachments.add("talk.wav", "audio/wav", sound())
        first = await chat.sent(talk)
        await chat.say("And now?")
    async with conversation(api) as restarted:
        restarted.transcripts.kept = chat.transcripts.kept
        restarted.attachments.rows = chat.attachments.rows
        later = await restarted.sent(talk)
        assert restarted.attachments.bucket.reads == []
    assert later.parts() == first.parts()
    assert len(api.transcriptions) == 1


async def test_a_long_transcript_is_cut_searched_and_fetched_in_slices(api: ModelApi) -> None:
    api.speech = "".join(f"{number:09}\n" for number in range(1000))
    async with conversation(api, model_max_text_chars=2000) as chat:
        talk = chat.attachments.add("talk.mp3", "audio/mpeg", b"ID3")
        received = await chat.sent(talk)
        assert "characters 0 to 2,000 of 9,999" in received.texts()
        api.script += [
            Call("search_attachment", {"id": talk.id, "words": "000000700"}),
            Call("fetch_attachment", {"id": talk.id, "offset": 7000}),
        ]
        received = await chat.sent(text="Where is it?")
    api.expect_no_rejection()
    assert "offset 7000" in received.texts()
    assert "characters 7,000 to 9,000 of 9,999" in received.texts()
    assert len(api.transcriptions) == 1


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Error(400, "Audio file might be corrupted"), "rejected it and said: Audio file might be"),
        (Error(404, "Invalid URL"), "has no audio API, or not the configured"),
        (Error(500, "oops"), "the model's provider has a problem right now"),
        (Error(401, "no"), "rejected this server's API key"),
    ],
)
async def test_a_failure_becomes_a_note_and_everything_else_is_sent(
    api: ModelApi, failure: Error, words: str
) -> None:
    async with conversation(api) as chat:
        files = [
            chat.attachments.add("talk.wav", "audio/wav", sound()),
            chat.attachments.add("notes.txt", "text/plain", b"the notes"),
        ]
        api.script += [failure] * (2 if failure.status >= 500 else 1)  # the client tries again
        events = await chat.say("Look.", *files)
    assert texts_of(events)
    assert "Note: the recording could not be transcribed: " in api.last.texts()
    assert words in api.last.texts()
    assert "the notes" in api.last.texts() and "Look." in api.last.texts()


async def test_only_a_temporary_failure_is_tried_again(api: ModelApi) -> None:
    async with conversation(api) as chat:
        busy = chat.attachments.add("busy.wav", "audio/wav", sound())
        api.script += [Error(503, "busy")] * 2
        assert "could not be transcribed" in (await chat.sent(busy)).texts()
        assert "heard 1644 bytes" in (await chat.sent()).texts()
        broken = chat.attachments.add("broken.wav", "audio/wav", sound())
        api.script.append(Error(400, "corrupted"))
        await chat.sent(broken)
        requests = len(api.transcriptions)
        await chat.sent()
        assert len(api.transcriptions) == requests


async def test_a_recording_that_is_too_large_is_not_sent_to_the_provider(api: ModelApi) -> None:
    async with conversation(api) as chat:
        size = MOST_RECORDING_BYTES + 1
        talk = chat.attachments.add("talk.mp3", "audio/mpeg", b"ID3", size=size)
        received = await chat.sent(talk)
    assert "at most 25.0 MiB of sound can be transcribed" in received.texts()
    assert api.transcriptions == []


async def test_without_a_transcription_model_a_note_says_so(api: ModelApi) -> None:
    async with conversation(api, transcription_model="off") as chat:
        received = await chat.sent(chat.attachments.add("talk.wav", "audio/wav", sound()))
    assert "no transcription model is configured here" in received.texts()
    assert api.transcriptions == []


async def test_silence_is_called_silence(api: ModelApi) -> None:
    api.speech = "\n"
    async with conversation(api) as chat:
        received = await chat.sent(chat.attachments.add("talk.wav", "audio/wav", sound()))
    assert "Note: no speech was found in the recording" in received.texts()


class HeldTranscriber:
    """Answers when `released` is set. `calls` counts the transcriptions."""

    model = "any"

    def __init__(self) -> None:
        self.calls = 0
        self.begun = asyncio.Event()
        self.released = asyncio.Event()
        self.failure: Exception | None = None

    async def transcribe(self, body: bytes, file_type: FileType) -> str:
        self.calls += 1
        self.begun.set()
        await self.released.wait()
        if self.failure:
            raise self.failure
        return SPEECH


@pytest.fixture
def transcriber() -> HeldTranscriber:
    return HeldTranscriber()


@pytest.fixture
def keeper() -> MemoryTranscripts:
    return MemoryTranscripts()


@pytest.fixture
def transcripts(keeper: MemoryTranscripts, transcriber: HeldTranscriber) -> Transcripts:
    return Transcripts(keeper, transcriber, Workers())


@pytest.fixture
def attachments() -> Attachments:
    files = Attachments()
    files.add("talk.wav", "audio/wav", sound())
    return files


@pytest.fixture
def talk(attachments: Attachments) -> Row:
    [row] = attachments.rows.values()
    return row


async def loaded() -> bytes:
    return sound()


async def test_two_requests_at_once_transcribe_once(
    attachments: Attachments, talk: Row, transcripts: Transcripts, transcriber: HeldTranscriber
) -> None:
    renderer: Renderer = attachments.renderer(transcripts=transcripts)
    selections = (Selection(), Selection(words="fox"))
    both = [asyncio.ensure_future(renderer.render(talk, each)) for each in selections]
    await transcriber.begun.wait()
    transcriber.released.set()
    whole, found = await asyncio.gather(*both)
    assert whole.body == SPEECH
    assert "offset" in found.body and "fox" in found.body
    assert transcriber.calls == 1


async def test_a_transcription_goes_on_when_its_waiters_leave(
    talk: Row,
    transcripts: Transcripts,
    keeper: MemoryTranscripts,
    transcriber: HeldTranscriber,
) -> None:
    waiter = asyncio.ensure_future(transcripts.get(talk, loaded))
    await transcriber.begun.wait()
    waiter.cancel()
    await asyncio.wait([waiter])
    transcriber.released.set()
    assert (await transcripts.get(talk, loaded)).text == SPEECH
    assert transcriber.calls == 1 and keeper.kept[talk.id].text == SPEECH


async def test_the_transcript_of_another_process_is_waited_for(
    talk: Row,
    transcripts: Transcripts,
    keeper: MemoryTranscripts,
    transcriber: HeldTranscriber,
) -> None:
    await keeper.claim(talk.user_id, talk.id, lease_seconds=1)
    waiter = asyncio.ensure_future(transcripts.get(talk, loaded))
    await asyncio.sleep(0)
    await keeper.save(talk.user_id, talk.id, Transcript("theirs", "any"))
    assert (await waiter).text == "theirs"
    assert transcriber.calls == 0


@pytest.mark.parametrize(
    "failure", [NotTranscribed("it is broken", lasting=True), NotFound(), RuntimeError("a bug")]
)
async def test_a_failed_transcription_can_be_tried_again(
    talk: Row, transcripts: Transcripts, transcriber: HeldTranscriber, failure: Exception
) -> None:
    transcriber.released.set()
    transcriber.failure = failure
    with pytest.raises(type(failure)):
        await transcripts.get(talk, loaded)
    transcriber.failure = None
    assert (await transcripts.get(talk, loaded)).text == SPEECH


async def test_closing_cancels_what_runs_and_releases_its_claim(
    talk: Row,
    transcripts: Transcripts,
    keeper: MemoryTranscripts,
    transcriber: HeldTranscriber,
) -> None:
    waiter = asyncio.ensure_future(transcripts.get(talk, loaded))
    await transcriber.begun.wait()
    await transcripts.close()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert keeper.claimed == set() and keeper.kept == {}


@pytest.mark.slow
async def test_the_recordings_of_another_project_are_what_they_are_called(api: ModelApi) -> None:
    """Mutagen reads sound files. `64bit.mp4` is only a header, and `emptyfile.mp3` is empty."""
    folder = "tests/data/"
    files = {
        PurePath(path).name: body
        for path, body in files_of("mutagen==1.47.0").items()
        if path.startswith(folder)
    }
    recordings = {
        name: row
        for name in files
        if (row := of_name(name)) and row.delivery is Delivery.TRANSCRIPT
    }
    assert len(recordings) > 40
    rejected = {
        name for name, row in recordings.items() if check_content(files[name][:HEAD_BYTES], row)
    }
    assert rejected == {"64bit.mp4", "emptyfile.mp3"}
    for name in sorted(recordings.keys() - rejected):
        row = recordings[name]
        assert corrected_type(files[name][:HEAD_BYTES], row, name) is None
        async with conversation(api) as chat:
            received = await chat.sent(chat.attachments.add(name, row.mime_type, files[name]))
        assert f"heard {len(files[name])} bytes" in received.texts()
    api.expect_no_rejection()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "called", "real"),
    [
        ("alac.m4a", "a.mp3", "audio/mp4"),
        ("silence-44-s-mpeg25.mp3", "a.wav", "audio/mpeg"),
        ("silence-44-s.flac", "a.mp3", "audio/flac"),
        ("example.opus", "a.m4a", "audio/ogg"),
    ],
)
def test_a_recording_with_a_wrong_suffix_gets_its_real_type(
    name: str, called: str, real: str
) -> None:
    head = files_of("mutagen==1.47.0")[f"tests/data/{name}"][:HEAD_BYTES]
    declared = of_name(called)
    assert declared is not None and check_content(head, declared)
    corrected = corrected_type(head, declared, called)
    assert corrected is not None and corrected.mime_type == real
