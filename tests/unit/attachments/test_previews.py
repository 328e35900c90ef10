"""File names in Content-Disposition: safe in the header, and unchanged after decoding."""

from urllib.parse import unquote

from hypothesis import example, given
from hypothesis import strategies as st

from app.attachments.previews import content_disposition


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1000))
@example('"; filename="evil.html')
@example("a\r\nSet-Cookie: x=y")
@example("../../etc/passwd")
@example("\u202egnp.exe")
@example("%0d%0a")
def test_no_name_escapes_the_header(name: str) -> None:
    header = content_disposition(name)
    assert header.isascii() and header.isprintable()
    assert header.startswith('attachment; filename="')
    fallback, encoded = header.removeprefix('attachment; filename="').split("\"; filename*=UTF-8''")
    assert not set(fallback) & set('"\\/')
    assert unquote(encoded) == name.replace("\\", "/").rpartition("/")[2] or encoded == "file"


def test_both_forms_carry_the_name() -> None:
    assert (
        content_disposition("Straße 1.pdf")
        == "attachment; filename=\"Stra_e 1.pdf\"; filename*=UTF-8''Stra%C3%9Fe%201.pdf"
    )
