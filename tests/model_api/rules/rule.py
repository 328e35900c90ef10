"""What a rule is, and what it is checked against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.model_api.memory import Memory
from tests.model_api.models import Model, model_named
from tests.model_api.prompts import Prompts, Segment
from tests.model_api.rejections import Rejection
from tests.model_api.uploads import Uploads

Json = dict[str, Any]
Found = Iterator[Rejection]

RESPONSES = ("responses",)
CHAT = ("chat_completions",)


@dataclass(frozen=True)
class Request:
    """A request that the document accepts, and what the API knows when it comes.

    `length` is the body's, in bytes. `window` is in tokens; None: the model's own.
    With `ids_repeat` the provider numbers the items of every response from 1.
    """

    body: Json
    is_chat: bool
    length: int
    models: frozenset[str]
    uploads: Uploads
    memory: Memory
    prompts: Prompts
    window: int | None = None
    ids_repeat: bool = False

    @cached_property
    def model(self) -> Model:
        return model_named(self.body.get("model") or "")

    @cached_property
    def prompt(self) -> list[Segment]:
        return self.prompts.segments(self.body, self.model)


@dataclass(frozen=True)
class Rule:
    """One thing that is rejected by `apis`, and who says so."""

    name: str
    source: str
    apis: tuple[str, ...]
    check: Callable[[Request], Found]


def rule(
    source: str, *, apis: tuple[str, ...] = (*RESPONSES, *CHAT)
) -> Callable[[Callable[[Request], Found]], Rule]:
    """Make a rule of a generator of rejections, under the generator's name."""
    return lambda check: Rule(check.__name__, source, apis, check)
