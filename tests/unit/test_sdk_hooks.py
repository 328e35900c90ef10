"""The SDK's private hooks that our server overrides are still what they were."""

import importlib
import inspect

import pytest
from agents import OpenAIChatCompletionsModel
from chatkit.server import ChatKitServer
from openai import AsyncOpenAI

from app.chat.server import AssistantServer
from app.chat.wire import ModelClient

OVERRIDDEN = [
    "_process_non_streaming",
    "_process_streaming_impl",
    "_build_user_message_item",
    "_process_events",
]
CALLED = {
    "_update_pending_items": ["self", "pending_items", "event"],
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


@pytest.mark.parametrize(
    ("name", "caller"),
    [("_prepare_options", "_base_client"), ("_process_response_data", "_streaming")],
)
def test_the_openai_client_still_calls_the_hook(name: str, caller: str) -> None:
    ours = inspect.signature(getattr(ModelClient, name))
    theirs = inspect.signature(getattr(AsyncOpenAI, name))
    assert list(ours.parameters) == list(theirs.parameters)
    assert f".{name}" in inspect.getsource(importlib.import_module(f"openai.{caller}"))


def test_the_model_still_streams_what_the_hook_fetches() -> None:
    fetched = inspect.getsource(OpenAIChatCompletionsModel._fetch_response)
    assert "return response, " in fetched
    assert "await self._fetch_response(" in inspect.getsource(
        OpenAIChatCompletionsModel.stream_response
    )
