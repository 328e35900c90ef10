"""The value that readers return for a file that they can't read.

It is returned, not raised: a worker process reports an exception as a failure of its own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unreadable:
    """`reason` says why, in words for the model and the user."""

    reason: str
