"""The page's types of the protocol are the SDK's."""

import pytest

from tools.protocol_types import TARGET, declarations


@pytest.mark.slow
def test_the_declarations_are_current() -> None:
    assert TARGET.read_text() == declarations(), "run `python -m tools.protocol_types`"
