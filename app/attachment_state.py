"""The states of an attachment, the named sets of them, and the legal transitions.

    (new) ─► PENDING ─► STORED ─► ATTACHED
                └──────────┴──────────┴─► REJECTED

    each of the four ─► TOMBSTONE ─► (row deleted)

docs/architecture.md says what causes each transition. `app/database/transitions.py` translates
them to SQL, and tests/contract/test_attachment_states.py walks all of them on PostgreSQL.
"""

from collections.abc import Mapping
from enum import StrEnum


class AttachmentState(StrEnum):
    """The column `attachments.state`."""

    PENDING = "pending"
    """The row is written and an upload link exists. Whether bytes arrived is unknown."""
    STORED = "stored"
    """The bytes are verified and at a key that no upload link can write. No message uses them."""
    ATTACHED = "attached"
    """A message uses it, so it belongs to that message's thread."""
    REJECTED = "rejected"
    """Verification rejected the bytes, or they were lost. The column `problem` says why."""
    TOMBSTONE = "tombstone"
    """Deleted for its user. The purge deletes the objects, then the row."""


_TRANSITIONS: Mapping[AttachmentState, tuple[AttachmentState, ...]] = {
    AttachmentState.PENDING: (
        AttachmentState.STORED,
        AttachmentState.REJECTED,
        AttachmentState.TOMBSTONE,
    ),
    AttachmentState.STORED: (
        AttachmentState.ATTACHED,
        AttachmentState.REJECTED,
        AttachmentState.TOMBSTONE,
    ),
    AttachmentState.ATTACHED: (AttachmentState.REJECTED, AttachmentState.TOMBSTONE),
    AttachmentState.REJECTED: (AttachmentState.TOMBSTONE,),
    AttachmentState.TOMBSTONE: (),
}

INITIAL = (AttachmentState.PENDING, AttachmentState.ATTACHED)
"""States that a row is inserted in. ATTACHED: an attachment that this service did not create."""

COUNTED = (AttachmentState.PENDING, AttachmentState.STORED, AttachmentState.ATTACHED)
"""Counted against the user's quota: the bytes are in the bucket, or may still arrive there."""

UNUSED = (AttachmentState.PENDING, AttachmentState.STORED, AttachmentState.REJECTED)
"""No message uses it, so it expires; except for a rejected one that a thread still shows."""

SETTLED = (AttachmentState.STORED, AttachmentState.ATTACHED, AttachmentState.REJECTED)
"""Verification has ended, so what the upload link wrote is not needed any more."""

USABLE = (AttachmentState.STORED, AttachmentState.ATTACHED)
"""A message may use it, and the model may get its bytes."""


def is_legal(origin: AttachmentState, target: AttachmentState) -> bool:
    """Return whether a row may change from `origin` to `target`. Keeping its state is no change."""
    return target in _TRANSITIONS[origin]


def origins(target: AttachmentState) -> tuple[AttachmentState, ...]:
    """Return the states that may change to `target`."""
    return tuple(state for state in AttachmentState if is_legal(state, target))
