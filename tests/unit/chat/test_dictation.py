"""Dictation asks the provider's audio API; without a key it raises a clear error."""

import pytest
from chatkit.types import AudioInput

from app.chat.dictation import Dictation
from app.errors import InvalidRequest, Unavailable
from tests.model_api import Error, ModelApi
from tests.unit.fakes.conversation import conversation

SPEECH = AudioInput(data=b"opus" * 100, mime_type="audio/webm;codecs=opus")


async def test_speech_is_transcribed(api: ModelApi) -> None:
    async with conversation(api) as chat:
        result = await chat.chat.dictation.transcribe(SPEECH)
    assert result.text.startswith("heard ")
    assert api.last.path.endswith("/audio/transcriptions")
    assert api.last.length > len(SPEECH.data)


async def test_the_error_without_a_key_says_how_to_set_one() -> None:
    with pytest.raises(Unavailable, match="OPENAI_API_KEY"):
        await Dictation(None, "any").transcribe(SPEECH)


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (AudioInput(data=b"", mime_type="audio/webm"), "empty"),
        (AudioInput(data=b"x", mime_type="audio/midi"), "audio/midi"),
    ],
)
async def test_data_that_is_not_audio_is_rejected(
    api: ModelApi, audio: AudioInput, words: str
) -> None:
    async with conversation(api) as chat:
        with pytest.raises(InvalidRequest, match=words):
            await chat.chat.dictation.transcribe(audio)


async def test_a_rejected_recording_and_a_rejected_key_are_different_errors(api: ModelApi) -> None:
    async with conversation(api) as chat:
        api.script.append(Error(400, "too short"))
        with pytest.raises(InvalidRequest, match="could not be transcribed"):
            await chat.chat.dictation.transcribe(SPEECH)
        api.script.append(Error(401, "no"))
        with pytest.raises(Unavailable, match="API key"):
            await chat.chat.dictation.transcribe(SPEECH)
