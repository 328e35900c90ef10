"""The cache never has more bytes than it may, and loses what was used least recently."""

from hypothesis import given
from hypothesis import strategies as st

from app.bounded_cache import BoundedCache


def test_the_least_recently_used_value_is_removed_first() -> None:
    cache: BoundedCache[str, str] = BoundedCache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert [key in cache for key in "abc"] == [True, False, True]
    assert cache.get("b") is None
    assert cache.used_bytes == 8


def test_a_value_larger_than_the_cache_is_not_kept_and_removes_only_its_predecessor() -> None:
    cache: BoundedCache[str, str] = BoundedCache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    cache.put("a", "larger", 11)
    assert (cache.get("a"), cache.get("b"), cache.used_bytes) == (None, "B", 4)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 12))))
def test_it_never_has_more_bytes_than_it_may(puts: list[tuple[str, int]]) -> None:
    cache: BoundedCache[str, int] = BoundedCache(10)
    for key, size in puts:
        cache.put(key, size, size)
        assert cache.used_bytes <= 10
        kept = [cache.get(each) for each in "abcde"]
        assert cache.used_bytes == sum(size for size in kept if size is not None)
        assert cache.get(key) == (size if size <= 10 else None)
