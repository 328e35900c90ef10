"""A cache that is bounded in bytes: the least recently used values are removed first."""

from collections import OrderedDict
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Key = TypeVar("Key")
Value = TypeVar("Value")


# Those of this process, so that what was cached of an erased user can be removed.
_caches: "WeakSet[BoundedCache[Any, Any]]" = WeakSet()


class BoundedCache(Generic[Key, Value]):
    """Keeps values whose sizes are at most `max_bytes` together. It is not thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        _caches.add(self)
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self.used_bytes = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Value | None:
        """Return the value and make it the most recently used one; None if it is not kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        value, _ = self._kept[key]
        return value

    def put(self, key: Key, value: Value, size_bytes: int) -> None:
        """Keep a value in place of an older one. A value larger than the cache is not kept."""
        _, replaced_bytes = self._kept.pop(key, (None, 0))
        self.used_bytes -= replaced_bytes
        if size_bytes > self._max_bytes:
            return
        self._kept[key] = (value, size_bytes)
        self.used_bytes += size_bytes
        while self.used_bytes > self._max_bytes:
            _, (_, removed_bytes) = self._kept.popitem(last=False)
            self.used_bytes -= removed_bytes

    def clear(self) -> None:
        """Remove all values."""
        self._kept.clear()
        self.used_bytes = 0


def clear_all_caches() -> None:
    """Remove all values of all caches of this process."""
    for cache in _caches:
        cache.clear()
