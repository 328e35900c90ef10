"""OpenAI's own OpenAPI document as the judge of requests, and of what the stand-in sends."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.model_api.explanations import explained
from tests.model_api.schemas import standalone

Json = dict[str, Any]

# Beside the checkout: the document is 3 MB, and its owner publishes it.
DOCUMENT = Path(__file__).resolve().parents[3] / "shared/openai/openapi.json"


@dataclass(frozen=True)
class Amendment:
    """Where the API is known to accept what the document does not, and who shows it."""

    component: str
    source: str
    optional: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()


AMENDMENTS = (
    Amendment(
        "OutputMessage",
        "openai-chatkit 1.6.5, `ThreadItemConverter.assistant_message_to_input`: OpenAI's own SDK"
        " sends earlier answers without id and status",
        optional=("id", "status"),
    ),
    Amendment(
        "OutputTextContent",
        "The same function: `logprobs` is null. openai-python's `ResponseOutputTextParam` has it"
        " optional",
        optional=("logprobs",),
        nullable=("logprobs",),
    ),
    Amendment(
        "InputImageContent",
        "The document's own description of `detail`: 'Defaults to `auto`.'",
        optional=("detail",),
    ),
)


class Document:
    """Validators of one OpenAPI document, each compiled when it is first used."""

    def __init__(self, path: Path = DOCUMENT) -> None:
        document = json.loads(path.read_text())
        self._paths: Mapping[str, Json] = document["paths"]
        self._components: Mapping[str, Json] = document["components"]["schemas"]
        for amendment in AMENDMENTS:
            _amend(self._components[amendment.component], amendment)
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def knows(self, method: str, path: str) -> bool:
        """`path` is as the document writes it: `/files/{file_id}`."""
        return method.lower() in self._paths.get(path, {})

    def check_request(self, method: str, path: str, body: object) -> None:
        """Raises `Rejection`, as the API would word it. `body` is JSON, or a form as a dict."""
        operation = self._paths[path][method.lower()]
        [media] = operation["requestBody"]["content"].values()
        validator = self._validator(f"{method} {path}", media["schema"])
        error = next(iter(validator.iter_errors(body)), None)
        if error is not None:
            raise explained(error)

    def problems_of(self, component: str, value: object) -> list[str]:
        """What is wrong with `value` as an instance of the component; empty if it is one."""
        reference = {"$ref": f"#/components/schemas/{component}"}
        errors = self._validator(component, reference).iter_errors(value)
        return [str(explained(error)) for error in errors]

    def models(self) -> frozenset[str]:
        """Every model name that the document lists for chats."""
        return frozenset(
            name
            for component in ("ModelIdsShared", "ModelIdsResponses")
            for branch in self._components[component]["anyOf"]
            for name in branch.get("enum", ())
        )

    def _validator(self, name: str, schema: Json) -> jsonschema_rs.Draft202012Validator:
        if name not in self._validators:
            made = standalone(self._components, schema)
            self._validators[name] = jsonschema_rs.Draft202012Validator(made)
        return self._validators[name]


def _amend(component: Json, amendment: Amendment) -> None:
    component["required"] = [
        name for name in component["required"] if name not in amendment.optional
    ]
    for name in amendment.nullable:
        strict = component["properties"][name]
        component["properties"][name] = {"anyOf": [strict, {"type": "null"}]}


@cache
def openai_document() -> Document:
    """The document, read once in a process. Raises `FileNotFoundError`."""
    return Document()
