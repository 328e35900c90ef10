"""Ids with ChatKit's prefixes that nobody can guess."""

import secrets

from chatkit.store import StoreItemType, default_generate_id

_RANDOM_BYTES = 16


def new_id(item_type: StoreItemType) -> str:
    """For example `msg_` and 128 random bits in hexadecimal; the SDK's own ids have only 32."""
    prefix, _, _ = default_generate_id(item_type).partition("_")
    return f"{prefix}_{secrets.token_hex(_RANDOM_BYTES)}"
