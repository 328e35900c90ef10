"""What a case of a rule is: a request that passes, and one that is rejected."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openai import OpenAI

from tests.model_api import ModelApi, Reply
from tests.unit.model_api.asking import MODEL

Json = dict[str, Any]


@dataclass(frozen=True)
class World:
    """For requests that refer to something that the API has."""

    api: ModelApi
    client: OpenAI

    def made(self, *reply: Any, **fields: object) -> list[Json]:
        """The output items of a response, as they come back with the next request."""
        self.api.script.append(Reply(*reply))
        response = self.client.responses.create(model=MODEL, input="Hello", **fields)  # type: ignore[call-overload]  # any fields
        return [item.model_dump(exclude_none=True) for item in response.output]

    def uploaded(self, name: str, body: bytes) -> str:
        return self.client.files.create(file=(name, body), purpose="user_data").id


Body = Json | Callable[[World], Json]


@dataclass(frozen=True)
class Case:
    """`says` is in the error's message, or is its code."""

    rule: str
    passes: Body
    rejected: Body
    says: str
    status: int = 400


def first_response(world: World) -> str:
    return world.client.responses.create(model=MODEL, input="Hello").id


def body_of(body: Body, world: World) -> Json:
    return body(world) if callable(body) else body
