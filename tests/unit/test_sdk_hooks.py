"""The SDK's private hooks that our server overrides are still what they were."""

import inspect

import pytest
from chatkit.server import ChatKitServer

from app.chat.server import AssistantServer

OVERRIDDEN = [
    "_process_non_streaming",
    "_process_streaming_impl",
    "_process_new_thread_item_respond",
    "_build_user_message_item",
]
CALLED = {
    "_process_streaming": ["self", "request", "context"],
    "_process_events": ["self", "thread", "context", "stream"],
    "_to_thread_response": ["self", "thread"],
    "_serialize": ["self", "obj"],
    "_get_attachment_store": ["self"],
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_an_overridden_hook_takes_what_the_sdk_gives(name: str) -> None:
    ours = inspect.signature(getattr(AssistantServer, name))
    theirs = inspect.signature(getattr(ChatKitServer, name))
    assert list(ours.parameters) == list(theirs.parameters)


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_the_sdk_still_calls_the_hook(name: str) -> None:
    assert f"self.{name}(" in inspect.getsource(ChatKitServer)


@pytest.mark.parametrize(("name", "parameters"), CALLED.items())
def test_what_we_call_of_the_sdk_is_there(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(ChatKitServer, name)).parameters) == parameters
