"""The parts of a large file are what every store accepts, and few enough to list at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sizes import LARGE_FILE_BYTES, LARGEST_FILE_BYTES
from app.storage.parts import SMALLEST_PART_BYTES, parts_of


@given(st.integers(LARGE_FILE_BYTES + 1, LARGEST_FILE_BYTES))
def test_parts_make_up_the_file_within_the_limits_of_s3(size: int) -> None:
    parts = parts_of(size)
    assert sum(part.size for part in parts) == size
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert all(part.size >= SMALLEST_PART_BYTES for part in parts[:-1])
    assert 0 < parts[-1].size <= parts[0].size
    assert len(parts) <= 256


@pytest.mark.parametrize(("size", "sizes"), [(1, [1]), (5 * 2**20, [5 * 2**20])])
def test_a_file_of_one_part(size: int, sizes: list[int]) -> None:
    assert [part.size for part in parts_of(size)] == sizes
