"""The data directory of `app dev`: a lock for one process at a time, and its secrets."""

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
    """The secrets of an embedded deployment: random on first use, then kept."""

    signing_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    access_key_id: str = field(default_factory=lambda: secrets.token_hex(10).upper())
    secret_access_key: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)


@contextmanager
def lock_directory(directory: Path) -> Iterator[Path]:
    """Create `directory` if it is missing, and lock it for this process. Yield its absolute path.

    Raises `CannotStart` if another process has locked it, it can't be written, or the disk is full.
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
                "stop that one, or choose another directory with DATA_DIR"
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
    """Return the secrets of `directory`. Create them if there are none, readable by the owner only.

    Raises `CannotStart` if the stored ones are damaged. They are not replaced silently, because
    sessions and links of the old ones would stop working.
    """
    path = directory / "secrets.json"
    if not path.exists():
        created = Secrets()
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(asdict(created), indent=2))
        unfinished.rename(path)
        return created
    try:
        return Secrets(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        raise CannotStart(f"{path} is damaged: delete it to get new secrets") from None
