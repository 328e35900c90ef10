"""The structure of a request is bounded before it is parsed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidRequest
from app.http.json_bounds import MAX_DEPTH, MAX_ELEMENTS, check_structure, is_flat

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=50,
)


@given(JSON)
def test_ordinary_requests_pass(value: object) -> None:
    check_structure(json.dumps(value).encode())


@given(st.text(alphabet='[]{},:"\\ é', max_size=2000))
def test_marks_inside_of_strings_are_text(text: str) -> None:
    check_structure(json.dumps([text * 10] * 3, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"[]," * MAX_ELEMENTS + b"[]]",
        b"[" + b"1," * MAX_ELEMENTS + b"1]",
        json.dumps(dict.fromkeys(map(str, range(MAX_ELEMENTS + 1)), 0)).encode(),
        b'{"a":"\\"","b":[' + b"{}," * MAX_ELEMENTS,
    ],
    ids=["lists", "numbers", "keys", "after an escaped quote"],
)
def test_too_many_elements_are_rejected(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="elements"):
        check_structure(body)


def test_deep_nesting_is_rejected() -> None:
    check_structure(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for opening in (b"[", b'{"a":'):
        with pytest.raises(InvalidRequest, match="deeper"):
            check_structure(opening * (MAX_DEPTH + 1))


@pytest.mark.parametrize("body", [b'"\\' * 500_000, b'\\"' * 500_000, b'"' + b"\\" * 1_000_001])
def test_strings_that_never_end_are_read_once(body: bytes) -> None:
    # An expression that started again at every quote would take hours for this.
    check_structure(body)


def test_a_recording_is_flat_and_a_long_list_is_not() -> None:
    recording = {"audio_base64": "A" * 1_000_000, "mime_type": "audio/webm"}
    assert is_flat(json.dumps({"type": "input.transcribe", "params": recording}).encode())
    assert not is_flat(b"[" * 1000)
