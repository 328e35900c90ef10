"""Reads how long a recording is. Runs in worker processes."""

import io


def seconds(body: bytes, suffix: str) -> float | None:
    """Return the length of a recording by its headers; None if they don't say it."""
    from tinytag import TinyTag, TinyTagException

    try:
        tags = TinyTag.get(f"recording{suffix}", file_obj=io.BytesIO(body), tags=False)
    except TinyTagException:
        return None
    return tags.duration
