"""An entry of an archive, whichever format the archive has."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive. `read` unpacks at most that many bytes."""

    name: str
    size: int
    is_locked: bool
    read: Callable[[int], bytes]
