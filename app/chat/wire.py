"""The client of the model's provider: what costs most of its time is done in a cheaper way.

Serializing a 28 MB string to JSON holds the interpreter lock for 56 ms, in any thread
(docs/performance.md). Base64 needs no escaping, so it is not serialized, and is sent in pieces.

The OpenAI client compares every event of a stream with some fifty types, which takes most of the
time of a text delta. Here a text delta is compared with its own type.
"""

import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from openai import AsyncOpenAI
from openai._models import (
    FinalRequestOptions,  # the type of the hook below; there is no public name
)
from openai.types.responses import ResponseStreamEvent, ResponseTextDeltaEvent
from pydantic import BaseModel, ValidationError

_LONG_CHARS = 64 * 1024
_PIECE_CHARS = 256 * 1024


class ModelClient(AsyncOpenAI):
    """An OpenAI client that sends JSON bodies with long strings in pieces, and reads deltas fast.

    It overrides two private hooks of the OpenAI client; tests/unit/test_sdk_hooks.py checks them.
    """

    async def _prepare_options(self, options: FinalRequestOptions) -> FinalRequestOptions:
        options = await super()._prepare_options(options)
        if options.json_data is None or options.extra_json is not None or options.files:
            return options
        body = JsonBody.of(options.json_data)
        if body is None:
            return options
        options.json_data = None
        options.content = body
        given = options.headers if isinstance(options.headers, Mapping) else {}
        options.headers = {
            **given,
            "Content-Type": "application/json",
            "Content-Length": str(body.length_bytes),
        }
        return options

    def _process_response_data(self, *, data: object, cast_to: Any, response: Any) -> Any:
        if (
            cast_to is ResponseStreamEvent
            and isinstance(data, dict)
            and data.get("type") == "response.output_text.delta"
        ):
            with suppress(ValidationError):
                return ResponseTextDeltaEvent.model_validate(data)
        return super()._process_response_data(data=data, cast_to=cast_to, response=response)


class JsonBody:
    """A JSON document in pieces. Every iteration starts at the beginning, so it can be sent again.

    It has the methods of a file because the OpenAI client retries only a body that it can rewind.
    """

    def __init__(self, segments: list[str], length_bytes: int) -> None:
        self._segments = segments
        self.length_bytes = length_bytes

    @classmethod
    def of(cls, value: object) -> "JsonBody | None":
        """Return the document, or None if `value` has no long string to leave unserialized."""
        long: list[str] = []
        nonce = secrets.token_hex(8)
        skeleton = _lift(value, long, nonce)
        if not long:
            return None
        text = json.dumps(
            skeleton,
            ensure_ascii=False,
            separators=(",", ":"),
            allow_nan=False,
            default=_json_default,
        )
        segments: list[str] = []
        for i, segment in enumerate(re.split(f"@{nonce}:([0-9]+)@", text)):
            segments.append(long[int(segment)] if i % 2 else segment)
        length = sum(len(s) if s.isascii() else len(s.encode()) for s in segments)
        return cls(segments, length)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for segment in self._segments:
            for start in range(0, len(segment), _PIECE_CHARS):
                yield segment[start : start + _PIECE_CHARS].encode()

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, position: int) -> int:
        return position

    def read(self) -> bytes:
        """Return the whole document. It is sent by `__aiter__` only."""
        return "".join(self._segments).encode()


def _lift(value: object, long: list[str], nonce: str) -> object:
    """Return `value` with a token for each long plain string, which is added to `long`."""
    if isinstance(value, str):
        if len(value) < _LONG_CHARS or not _is_plain(value):
            return value
        long.append(value)
        return f"@{nonce}:{len(long) - 1}@"
    if isinstance(value, Mapping):
        return {key: _lift(item, long, nonce) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lift(item, long, nonce) for item in value]
    return value


def _is_plain(text: str) -> bool:
    """Whether JSON writes a long text unchanged. It is true only for data URLs."""
    return (
        text.startswith("data:")
        and text.isascii()
        and text[:200].isprintable()
        and '"' not in text
        and "\\" not in text
    )


def _json_default(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True, by_alias=True)
    raise TypeError(f"{type(value).__name__} is not JSON")
