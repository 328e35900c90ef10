"""The table of docs/model-input.md is that of app/file_types."""

from tools.file_types_reference import PAGE, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run `python -m tools.file_types_reference`"
