"""How a file reaches the model, by its type and name."""

import pytest

from app.model_input.kinds import Kind, kind_of


@pytest.mark.parametrize(
    ("mime_type", "name", "kind"),
    [
        ("image/png", "a.txt", Kind.IMAGE),
        ("IMAGE/PNG; a=b", "", Kind.IMAGE),
        ("image/svg+xml", "a.svg", Kind.TEXT),
        ("text/rtf", "a.rtf", Kind.DOCUMENT),
        ("application/octet-stream", "Makefile", Kind.TEXT),
        ("application/octet-stream", "C:\\files\\a.PDF", Kind.DOCUMENT),
        ("", "photo.HEIC", Kind.IMAGE),
        ("application/problem+json", "", Kind.TEXT),
        ("video/avi", "a.txt", Kind.TEXT),
        ("video/mp4", "a.mp4", Kind.RECORDING),
        ("nonsense", "a.txt", Kind.TEXT),
    ],
)
def test_the_name_counts_if_the_type_says_nothing_or_nothing_readable(
    mime_type: str, name: str, kind: Kind
) -> None:
    assert kind_of(mime_type, name) is kind
