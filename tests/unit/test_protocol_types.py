"""The page's types of the protocol are the SDK's."""

from tools.protocol_types import TARGET, declarations


def test_the_declarations_are_current() -> None:
    assert TARGET.read_text() == declarations(), "run `python -m tools.protocol_types`"
