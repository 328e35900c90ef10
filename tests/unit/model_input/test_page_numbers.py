"""Page numbers are read and written as people do it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.model_input import page_numbers


@pytest.mark.parametrize(
    ("written", "pages"),
    [
        ("3", (2,)),
        ("10-12", (9, 10, 11)),
        (" 1 , 4 - 6", (0, 3, 4, 5)),
        ("2\u20133", (1, 2)),
        ("19-40", (18, 19)),
        ("5, 5", (4,)),
    ],
)
def test_pages_are_found(written: str, pages: tuple[int, ...]) -> None:
    assert page_numbers.parsed(written, 20) == pages


@pytest.mark.parametrize("written", ["", "all", "0", "21", "5-4", "1,,2", "-3"])
def test_what_names_no_page_is_explained(written: str) -> None:
    assert isinstance(page_numbers.parsed(written, 20), str)


@given(st.sets(st.integers(0, 99), min_size=1))
def test_written_pages_are_read_again(pages: set[int]) -> None:
    assert page_numbers.parsed(page_numbers.written(sorted(pages)), 100) == tuple(sorted(pages))
