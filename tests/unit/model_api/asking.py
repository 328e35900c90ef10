"""Requests as they should be, for tests that make one of their fields wrong."""

import base64
from collections.abc import Iterable
from typing import Any

import httpx
from openai import OpenAI

from tests.corpus import image

Json = dict[str, Any]
MODEL = "gpt-5-mini"


def user(*parts: Json, text: str = "Look.") -> Json:
    return {"role": "user", "content": [{"type": "input_text", "text": text}, *parts]}


def chat_user(*parts: Json, text: str = "Look.") -> Json:
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts]}


def data_url(mime_type: str, body: bytes) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(body).decode()}"


def input_image(body: bytes | None = None, mime_type: str = "image/png") -> Json:
    url = data_url(mime_type, image("PNG") if body is None else body)
    return {"type": "input_image", "image_url": url, "detail": "auto"}


def input_file(name: str | None, body: bytes = b"x", mime_type: str = "text/plain") -> Json:
    named = {} if name is None else {"filename": name}
    return {"type": "input_file", "file_data": data_url(mime_type, body), **named}


def chat_file(name: str | None, body: bytes, mime_type: str) -> Json:
    named = {} if name is None else {"filename": name}
    return {"type": "file", "file": {"file_data": data_url(mime_type, body), **named}}


def call(call_id: str = "call_1", **fields: str) -> Json:
    item = {"type": "function_call", "call_id": call_id, "name": "look", "arguments": "{}"}
    return item | fields


def output(call_id: str = "call_1") -> Json:
    return {"type": "function_call_output", "call_id": call_id, "output": "done"}


def chat_call(call_id: str = "call_1") -> Json:
    function = {"name": "look", "arguments": "{}"}
    calls = [{"id": call_id, "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def chat_output(call_id: str = "call_1") -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": "done"}


def responses(items: Iterable[Json] | str = "Hello", **fields: object) -> Json:
    given = items if isinstance(items, str) else list(items)
    return {"model": MODEL, "input": given} | fields


def completions(*messages: Json, **fields: object) -> Json:
    return {"model": MODEL, "messages": list(messages or (chat_user(),))} | fields


def ask(client: OpenAI, body: Json) -> Any:
    """Send `body` by the method of the client that it is for. Raises `openai.APIError`."""
    if "messages" in body:
        return client.chat.completions.create(**body)
    return client.responses.create(**body)


def post(client: OpenAI, path: str, **content: Any) -> httpx.Response:
    """Send what the client would not."""
    headers = {"authorization": f"Bearer {client.api_key}"}
    return httpx.post(f"{client.base_url}{path}", headers=headers, **content)
