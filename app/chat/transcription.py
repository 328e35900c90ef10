"""Speech to text by the OpenAI audio API: of recordings that are attached, and for dictation."""

from typing import Literal

import openai
from openai import AsyncOpenAI, Omit, omit

from app.chat.failures import FailureKind, provider_message, stream_error_for
from app.chat.model_metrics import start_model_span
from app.file_types.file_type import FileType
from app.model_input.transcripts import TRANSCRIBING_SECONDS, NotTranscribed
from app.telemetry import tracing

# The API reads the format from the suffix. These are its names for the suffixes of the table.
_SUFFIXES = {"weba": "webm", "mpg": "mpeg"}
# Another try at a later time may succeed after these.
_TEMPORARY = (
    *(FailureKind.LIMIT_REACHED, FailureKind.TIMED_OUT, FailureKind.UNREACHABLE),
    *(FailureKind.PROVIDER_ERROR, FailureKind.INTERRUPTED),
)


async def text_of(
    client: AsyncOpenAI,
    model: str,
    body: bytes,
    mime_type: str,
    suffix: str,
    *,
    chunking: Literal["auto"] | Omit = omit,
) -> str:
    """Return what is said in a recording. Raises `openai.OpenAIError`."""
    with tracing.ending(start_model_span("transcription")):
        transcription = await client.audio.transcriptions.create(
            model=model,
            file=(f"recording.{suffix}", body, mime_type),
            chunking_strategy=chunking,
        )
    return transcription.text


class RecordingTranscriber:
    """Transcribes recordings that are attached."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._client = client.with_options(max_retries=1, timeout=TRANSCRIBING_SECONDS / 2)
        self._model = model
        # OpenAI's newer models write 2,000 tokens at most of a recording that is not cut.
        self._chunking: Literal["auto"] | Omit = "auto" if model.startswith("gpt-") else omit

    @property
    def model(self) -> str:
        return self._model

    async def transcribe(self, body: bytes, file_type: FileType) -> str:
        """Return what is said in a recording. Raises `NotTranscribed`."""
        suffix = file_type.suffix[1:]
        try:
            return await text_of(
                self._client,
                self._model,
                body,
                file_type.mime_type,
                _SUFFIXES.get(suffix, suffix),
                chunking=self._chunking,
            )
        except openai.OpenAIError as problem:
            raise _not_transcribed(problem) from problem


def _not_transcribed(problem: openai.OpenAIError) -> NotTranscribed:
    failure = stream_error_for(problem)
    if failure.kind is FailureKind.NOT_FOUND:
        reason = "the model's provider has no audio API, or not the configured transcription model"
    elif failure.kind is FailureKind.REQUEST_REJECTED and isinstance(
        problem, openai.APIStatusError
    ):
        reason = f"the model's provider rejected it and said: {provider_message(problem)}"
    else:
        reason = failure.message.rstrip(".")
        reason = reason[0].lower() + reason[1:]
    return NotTranscribed(reason, lasting=failure.kind not in _TEMPORARY)
