"""Says what the transcript of a recording is: a guess, and what it leaves out."""

from app.database.transcripts import Transcript
from app.file_types.file_type import Family
from app.file_types.table import resolve
from app.model_input.file_facts import FileFacts


def remark_on_transcript(file: FileFacts, transcript: Transcript) -> str:
    """Return the remark for the announcement of a recording."""
    length = "" if transcript.seconds is None else f", {_in_minutes(transcript.seconds)} long"
    is_video = resolve(file.name, file.mime_type).family is Family.VIDEO
    unseen = "; the pictures of the video are not shown" if is_video else ""
    return (
        f"a recording{length}; the text is its transcript, a guess by {transcript.model} at what"
        f" is said{unseen}"
    )


def _in_minutes(seconds: float) -> str:
    """Return a length of time as players show it, such as `1:02:03`, but a short one in seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02} hours"
    return f"{minutes}:{rest:02} minutes" if minutes else f"{seconds:.1f} seconds"
