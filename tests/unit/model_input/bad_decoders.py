"""Decoders that fail. The module has nothing else, because a worker has to load it fast."""

import os
import time

from app.model_input.readers.unreadable import Unreadable


def hang(body: bytes, max_side: int) -> Unreadable:
    """A decoder that never ends."""
    while True:
        time.sleep(0.01)


def eat(body: bytes, max_side: int) -> Unreadable:
    """A decoder that takes all the memory it can get."""
    kept = [bytes(1024**3) for _ in range(64)]  # asked for, never touched: no time passes
    return Unreadable(f"took {len(kept)} blocks")


def die(body: bytes, max_side: int) -> Unreadable:
    """A decoder that ends its process."""
    os._exit(1)
