"""Ids with ChatKit's prefixes that can't be guessed."""

import secrets

from chatkit.store import StoreItemType, default_generate_id

_RANDOM_BYTES = 16


def new_erasure_id() -> str:
    return f"ers_{secrets.token_hex(_RANDOM_BYTES)}"


def new_id(item_type: StoreItemType) -> str:
    """Return the prefix and 128 random bits in hexadecimal. The SDK's own ids have 32 bits."""
    prefix, _, _ = default_generate_id(item_type).partition("_")
    return f"{prefix}_{secrets.token_hex(_RANDOM_BYTES)}"
