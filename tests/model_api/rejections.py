"""Errors in OpenAI's shape and words (`Error` and `ErrorResponse` of its OpenAPI document)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(eq=False)
class Rejection(Exception):
    """Why OpenAI rejects a request."""

    message: str
    code: str | None = None
    param: str | None = None
    status: int = 400
    type: str = "invalid_request_error"

    def __str__(self) -> str:
        return f"{self.status} {self.code or self.type}: {self.message}"

    def body(self) -> Json:
        return {"error": self.fields()}

    def fields(self) -> Json:
        return {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }


def unknown_parameter(param: str) -> Rejection:
    return Rejection(f"Unknown parameter: '{param}'.", "unknown_parameter", param)


def missing_parameter(param: str) -> Rejection:
    return Rejection(f"Missing required parameter: '{param}'.", "missing_required_parameter", param)


def invalid_value(param: str, value: object, supported: Sequence[object]) -> Rejection:
    return Rejection(
        f"Invalid value: {value!r}. Supported values are: {listed(supported)}.",
        "invalid_value",
        param,
    )


def unsupported_parameter(param: str, instead: str | None = None) -> Rejection:
    hint = f" Use '{instead}' instead." if instead else ""
    return Rejection(
        f"Unsupported parameter: '{param}' is not supported with this model.{hint}",
        "unsupported_parameter",
        param,
    )


def unsupported_value(param: str, value: str, supported: Sequence[str]) -> Rejection:
    return Rejection(
        f"Unsupported value: '{param}' does not support {value!r} with this model."
        f" Supported values are: {listed(supported)}.",
        "unsupported_value",
        param,
    )


def empty_array(param: str) -> Rejection:
    return Rejection(
        f"Invalid '{param}': empty array. Expected an array with minimum length 1,"
        " but got an empty array instead.",
        "empty_array",
        param,
    )


def listed(values: Sequence[object]) -> str:
    """`'a', 'b', and 'c'`, as OpenAI lists what it supports."""
    words = [repr(value) for value in values]
    if len(words) < 3:
        return " and ".join(words)
    return f"{', '.join(words[:-1])}, and {words[-1]}"
