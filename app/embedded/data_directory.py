"""The directory that holds all state of one `app dev`: one user at a time, secrets made once."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.embedded.processes import CannotStart

MIN_FREE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Secrets:
    """What the embedded deployment is protected by. Made at random on first use, then kept."""

    signing_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    access_key_id: str = field(default_factory=lambda: secrets.token_hex(10).upper())
    secret_access_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)


@contextmanager
def hold(directory: Path) -> Iterator[Path]:
    """Make `directory` if need be and hold it for this process; yields its absolute path.

    Raises CannotStart when another process holds it, or when nothing could be written into it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        directory = directory.resolve()
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise CannotStart(
            f"The data directory {directory} can't be written ({exc.strerror}): "
            "choose another one with DATA_DIR"
        ) from exc
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"The data directory {directory} is in use by another instance: "
                "end that one, or choose another directory with DATA_DIR"
            ) from None
        free = shutil.disk_usage(directory).free
        if free < MIN_FREE_BYTES:
            raise CannotStart(
                f"The disk of {directory} is full ({free // 1024**2} MiB free, "
                f"{MIN_FREE_BYTES // 1024**2} MiB needed): make room, or choose another DATA_DIR"
            )
        yield directory
    finally:
        os.close(lock)


def load_secrets(directory: Path) -> Secrets:
    """The secrets of `directory`, made and stored for the owner's eyes only if there are none.

    Raises CannotStart when the stored ones are damaged: with new ones, the bucket's data would
    still be there, but sessions and links would silently stop working.
    """
    path = directory / "secrets.json"
    if not path.exists():
        made = Secrets()
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(asdict(made), indent=2))
        unfinished.rename(path)
        return made
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise CannotStart(f"{path} is damaged: delete it, and new secrets are made") from None
