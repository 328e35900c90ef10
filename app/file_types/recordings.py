"""The rows of recordings, of which the model gets a transcript.

The suffixes are those that OpenAI's audio API takes (`CreateTranscriptionRequest.file` in OpenAI's
OpenAPI document), and others of the same containers. Of a video, only the sound is transcribed.
"""

from app.file_types.file_type import Delivery, Family, FileType

# The most that OpenAI's audio API takes: https://developers.openai.com/api/docs/guides/speech-to-text
MOST_RECORDING_BYTES = 25 * 1024 * 1024

# ISO/IEC 14496-12 files: their brands do not say for certain whether there are pictures in them.
_MP4 = ("video/mp4", "audio/mp4", "video/x-m4v", "video/quicktime")
_WEBM = ("video/webm",)


def _recording(
    family: Family,
    mime_type: str,
    *suffixes: str,
    signatures: tuple[str, ...],
    aliases: tuple[str, ...] = (),
    mistaken_for: tuple[str, ...] = (),
) -> FileType:
    return FileType(
        mime_type, suffixes, family, Delivery.TRANSCRIPT, signatures, aliases, mistaken_for
    )


RECORDINGS = (
    _recording(
        Family.AUDIO,
        "audio/mpeg",
        *(".mp3", ".mpga"),
        signatures=("audio/mpeg",),
        aliases=("audio/mp3", "audio/x-mp3", "audio/x-mpeg"),
    ),
    _recording(
        Family.AUDIO,
        "audio/mp4",
        *(".m4a", ".m4b"),
        signatures=_MP4,
        aliases=("audio/m4a", "audio/x-m4a", "audio/x-m4b"),
        mistaken_for=("video/mp4",),
    ),
    _recording(
        Family.AUDIO,
        "audio/wav",
        ".wav",
        signatures=("audio/x-wav",),
        aliases=("audio/x-wav", "audio/vnd.wave", "audio/wave"),
    ),
    _recording(
        Family.AUDIO,
        "audio/ogg",
        *(".ogg", ".oga", ".opus"),
        signatures=("audio/ogg",),
        aliases=("audio/opus", "application/ogg", "video/ogg"),
    ),
    _recording(
        Family.AUDIO,
        "audio/flac",
        ".flac",
        signatures=("audio/x-flac",),
        aliases=("audio/x-flac",),
    ),
    _recording(Family.AUDIO, "audio/webm", ".weba", signatures=_WEBM),
    _recording(
        Family.VIDEO,
        "video/mp4",
        *(".mp4", ".m4v"),
        signatures=_MP4,
        aliases=("video/x-m4v",),
    ),
    _recording(Family.VIDEO, "video/webm", ".webm", signatures=_WEBM),
    _recording(Family.VIDEO, "video/mpeg", *(".mpeg", ".mpg"), signatures=("video/mpeg",)),
)
