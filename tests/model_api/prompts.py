"""What a request costs: the tokens of its prompt, and how many of them were in the cache."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.model_api.contents import FilePart, ImagePart, items_of, parts_of
from tests.model_api.media import Remembered, data_url, digest, picture
from tests.model_api.models import Model
from tests.model_api.tokens import file_tokens, image_tokens, text_tokens
from tests.model_api.uploads import Uploads

Json = dict[str, Any]

# OpenAI's guide on prompt caching: prompts of 1,024 tokens or more, in steps of 128.
_LEAST_CACHED_TOKENS = 1024
_CACHED_BLOCK_TOKENS = 128
# OpenAI's cookbook, "How to count tokens": every message is wrapped in a few tokens.
_ITEM_TOKENS = 4
# An image that the stand-in does not fetch counts as one of this side.
_UNSEEN_PIXELS = 1024
# The cache keeps a prompt for minutes; here it keeps this many.
_KEPT_PROMPTS = 256


@dataclass(frozen=True)
class Segment:
    """A stretch of the prompt: `content` is its text, or a file's digest."""

    content: str | bytes
    tokens: int


@dataclass(frozen=True)
class Usage:
    """Tokens of one request and its reply."""

    input: int
    cached: int
    output: int
    reasoning: int

    def of_response(self) -> Json:
        return {
            "input_tokens": self.input,
            "input_tokens_details": {"cached_tokens": self.cached, "cache_write_tokens": 0},
            "output_tokens": self.output,
            "output_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output,
        }

    def of_completion(self) -> Json:
        return {
            "prompt_tokens": self.input,
            "prompt_tokens_details": {"cached_tokens": self.cached, "audio_tokens": 0},
            "completion_tokens": self.output,
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
            "total_tokens": self.input + self.output,
        }


class Prompts:
    """Counts prompts, and remembers them as the cache does."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._kept: defaultdict[object, list[list[Segment]]] = defaultdict(list)
        self._sizes = Remembered(_image_size)
        self._file_tokens: dict[tuple[bytes, object], int] = {}

    def segments(self, body: Json, model: Model) -> list[Segment]:
        """The prompt in the order of the cache: tools, instructions, then the items."""
        made = []
        for name in ("tools", "instructions", "input"):
            value = body.get(name)
            if value and (isinstance(value, str) or name == "tools"):
                made.append(_text(value if isinstance(value, str) else json.dumps(value)))
        for path, item in items_of(body):
            kind = item.get("role") or item.get("type") or ""
            made.append(Segment(kind, _ITEM_TOKENS))
            plain = {
                name: value
                for name, value in item.items()
                if name not in ("content", "output", "role", "type", "id", "status") and value
            }
            if plain:
                made.append(_text(json.dumps(plain)))
            for part in parts_of(path, item):
                if isinstance(part, ImagePart):
                    made.append(self._image(part, model))
                elif isinstance(part, FilePart):
                    made.append(self._file(part, model))
                else:
                    made.append(_text(part.text))
        return made

    def cached_tokens(self, body: Json, segments: Sequence[Segment]) -> int:
        """How much of the prompt an earlier one with the same model and key began with."""
        key = (body["model"], body.get("prompt_cache_key"))
        kept = self._kept[key]
        shared = max((_shared_tokens(segments, earlier) for earlier in kept), default=0)
        kept.append(list(segments))
        del kept[:-_KEPT_PROMPTS]
        return 0 if shared < _LEAST_CACHED_TOKENS else shared - shared % _CACHED_BLOCK_TOKENS

    def _image(self, part: ImagePart, model: Model) -> Segment:
        if part.file_id:
            held = self._uploads.held.get(part.file_id)
            seen = picture(held.body) if held else None
            size = (seen.width, seen.height) if seen else (_UNSEEN_PIXELS, _UNSEEN_PIXELS)
            return Segment(part.file_id, image_tokens(*size, model, part.detail))
        url = part.url or ""
        return Segment(digest(url), image_tokens(*self._sizes(url), model, part.detail))

    def _file(self, part: FilePart, model: Model) -> Segment:
        content = digest(part.file_id or part.data or part.url or "")
        key = (content, model.images)
        if key not in self._file_tokens:
            held = self._uploads.held.get(part.file_id or "")
            name = held.filename if held else part.name or ""
            body = held.body if held else (data_url(part.data or "") or ("", b""))[1]
            suffix = name.rpartition(".")[2].lower()
            self._file_tokens[key] = file_tokens(suffix, body, model)
        return Segment(content, self._file_tokens[key])


def total(segments: Sequence[Segment]) -> int:
    return sum(segment.tokens for segment in segments)


def _text(text: str) -> Segment:
    return Segment(text, text_tokens(text))


def _image_size(url: str) -> tuple[int, int]:
    found = data_url(url)
    seen = picture(found[1]) if found else None
    return (seen.width, seen.height) if seen else (_UNSEEN_PIXELS, _UNSEEN_PIXELS)


def _shared_tokens(one: Sequence[Segment], other: Sequence[Segment]) -> int:
    shared = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine.content == theirs.content:
            shared += mine.tokens
            continue
        if isinstance(mine.content, str) and isinstance(theirs.content, str):
            length = _shared_length(mine.content, theirs.content)
            shared += text_tokens(mine.content[:length])
        break
    return shared


def _shared_length(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low
