"""Speech to text for the composer, by the OpenAI audio API."""

import openai
from chatkit.types import AudioInput, TranscriptionResult
from openai import AsyncOpenAI

from app.chat.failures import RECORDING_REJECTED, stream_error_for
from app.chat.transcription import text_of
from app.errors import InvalidRequest, Unavailable

# The API reads the format from the suffix. These are the types that ChatKit records.
_SUFFIXES = {"audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a"}


class Dictation:
    """Transcribes what people dictate. Without a client, everything raises `Unavailable`."""

    def __init__(self, client: AsyncOpenAI | None, model: str) -> None:
        self._client = client
        self._model = model

    async def transcribe(self, audio: AudioInput) -> TranscriptionResult:
        """Return the text of a recording.

        Raises `InvalidRequest` for data that is not audio, and `Unavailable` if there is no API key
        or the provider fails.
        """
        if self._client is None:
            raise Unavailable(
                "Dictation needs OPENAI_API_KEY, and a TRANSCRIPTION_MODEL that is not `off`. Set"
                " them and restart the server."
            )
        if not audio.data:
            raise InvalidRequest("The recording is empty.", param="audio_base64")
        suffix = _SUFFIXES.get(audio.media_type)
        if suffix is None:
            raise InvalidRequest(
                f"Recordings of the type {audio.media_type!r} can't be transcribed.",
                param="mime_type",
            )
        try:
            text = await text_of(self._client, self._model, audio.data, audio.media_type, suffix)
        except openai.BadRequestError as problem:
            raise InvalidRequest(RECORDING_REJECTED, param="audio_base64") from problem
        except openai.OpenAIError as problem:
            raise Unavailable(stream_error_for(problem).message) from problem
        return TranscriptionResult(text=text)
