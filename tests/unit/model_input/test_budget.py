"""The size of a request is never underestimated."""

import json
from time import thread_time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.model_input.budget import json_bytes
from tests.stopwatch import least

JSON = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@given(JSON)
def test_the_size_of_json_is_never_underestimated(value: Any) -> None:
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert len(written.encode("utf-8", "surrogatepass")) <= json_bytes(value)


def test_measuring_a_long_message_does_not_block() -> None:
    text = "x y\n" * 1_900_000

    def measured() -> float:
        begun = thread_time()
        assert json_bytes(text) == len(text) * 5 // 4 + 2
        return thread_time() - begun

    assert least(measured, limit=0.1) < 0.1
