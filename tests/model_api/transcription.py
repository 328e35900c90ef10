"""The audio API as far as it rejects: by the name's suffix, the size, and the model."""

from collections.abc import Mapping
from typing import Any

from tests.model_api.models import TRANSCRIBERS
from tests.model_api.rejections import Rejection

Json = dict[str, Any]

# "flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav, or webm" (`CreateTranscriptionRequest.file`); the
# order and `oga` are those of the error (streamlit-mic-recorder#10 of B4PT0R).
_SUFFIXES = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_MOST_BYTES = 25 * 1024 * 1024  # OpenAI's guide on speech to text


def transcribed(filename: str, body: bytes, fields: Mapping[str, Any]) -> Json:
    """A `CreateTranscriptionResponseJson` that says how much was heard. Raises `Rejection`."""
    if fields["model"] not in TRANSCRIBERS:
        raise Rejection(
            f"The model `{fields['model']}` does not exist or you do not have access to it.",
            "model_not_found",
            None,
            404,
        )
    if len(body) > _MOST_BYTES:
        # chidiwilliams/buzz#381
        raise Rejection(
            f"Maximum content size limit ({_MOST_BYTES}) exceeded ({len(body)} bytes read)",
            status=413,
            type="server_error",
        )
    if not body or filename.rpartition(".")[2].lower() not in _SUFFIXES:
        raise Rejection(f"Invalid file format. Supported formats: {list(_SUFFIXES)}")
    return {"text": f"heard {len(body)} bytes"}
