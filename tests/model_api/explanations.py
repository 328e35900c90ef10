"""A validator's error in the words of OpenAI's API, at the field that is wrong.

A union fails as a whole; the API blames a field. The branch that the value was meant to be is the
one whose `type` and `role` fit it.
"""

from collections.abc import Sequence
from typing import Any

import jsonschema_rs

from tests.model_api.rejections import (
    Rejection,
    empty_array,
    invalid_value,
    missing_parameter,
    unknown_parameter,
)

Error = jsonschema_rs.ValidationError
_DISCRIMINATORS = ("type", "role")


def explained(error: Error) -> Rejection:
    """The `Rejection` for what makes the value invalid."""
    while error.kind.name == "anyOf":
        branches = _branches(error)
        meant = [branch for branch in branches if not _is_other_kind(branch, error)]
        if not meant:
            return _no_branch(error, branches)
        error = min(meant, key=len)[0]
    return _worded(error)


def path_of(steps: Sequence[str | int]) -> str:
    """`input[0].content[1].type`."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _kind(error: Error) -> Any:
    """The kind with its fields, which are those of a class for each kind."""
    return error.kind


def _branches(error: Error) -> list[list[Error]]:
    """The errors of each branch of a union, with the branches of unions in it as its own."""
    found: list[list[Error]] = []
    for branch in _kind(error).context:
        inner = [each for each in branch if each.kind.name == "anyOf"]
        if len(branch) == 1 and inner and inner[0].instance_path == error.instance_path:
            found += _branches(inner[0])
        else:
            found.append(list(branch))
    return found


def _is_other_kind(branch: Sequence[Error], union: Error) -> bool:
    """Whether the branch is for values of another JSON type, or another `type` or `role`."""
    here = list(union.instance_path)
    return any(
        (each.kind.name == "type" and list(each.instance_path) == here)
        or (
            each.kind.name in ("enum", "const", "anyOf")
            and list(each.instance_path) in [[*here, name] for name in _DISCRIMINATORS]
        )
        or (each.kind.name == "required" and _kind(each).property in _DISCRIMINATORS)
        for each in branch
    )


def _no_branch(union: Error, branches: Sequence[Sequence[Error]]) -> Rejection:
    value = union.instance
    if isinstance(value, dict):
        if "type" not in value:
            return missing_parameter(path_of([*union.instance_path, "type"]))
        supported = [
            option
            for branch in branches
            for each in branch
            if each.kind.name == "enum" and list(each.instance_path)[-1:] == ["type"]
            for option in _kind(each).options
        ]
        param = path_of([*union.instance_path, "type"])
        return invalid_value(param, value["type"], list(dict.fromkeys(supported)))
    enums = [each for branch in branches for each in branch if each.kind.name == "enum"]
    if enums and isinstance(value, str):
        return _worded(enums[0])
    types = [
        name
        for branch in branches
        for each in branch
        if each.kind.name == "type"
        for name in _kind(each).types
    ]
    return _wrong_type(union, list(dict.fromkeys(types)))


def _worded(error: Error) -> Rejection:
    kind = _kind(error)
    param = path_of(list(error.instance_path))
    value: Any = error.instance
    match kind.name:
        case "additionalProperties":
            return unknown_parameter(path_of([*error.instance_path, kind.unexpected[0]]))
        case "required":
            return missing_parameter(path_of([*error.instance_path, kind.property]))
        case "enum":
            return invalid_value(param, value, kind.options)
        case "type":
            return _wrong_type(error, kind.types)
        case "minItems" if not value:
            return empty_array(param)
        case "maxLength" | "minLength":
            way = ("long", "maximum") if kind.name == "maxLength" else ("short", "minimum")
            return Rejection(
                f"Invalid '{param}': string too {way[0]}. Expected a string with {way[1]} length"
                f" {kind.limit}, but got a string with length {len(value)} instead.",
                "string_above_max_length" if way[0] == "long" else "string_below_min_length",
                param,
            )
        case "minimum" | "maximum":
            which, sign, code = ("below minimum", ">=", "below_min")
            if kind.name == "maximum":
                which, sign, code = ("above maximum", "<=", "above_max")
            number = "integer" if isinstance(value, int) else "decimal"
            return Rejection(
                f"Invalid '{param}': {number} {which} value. Expected a value {sign} {kind.limit},"
                f" but got {value} instead.",
                f"{number}_{code}_value",
                param,
            )
        case _:
            return Rejection(f"Invalid '{param}': {error.message[:200]}", "invalid_value", param)


def _wrong_type(error: Error, types: Sequence[str]) -> Rejection:
    param = path_of(list(error.instance_path))
    names = " or ".join(_ARTICLES.get(name, name) for name in types)
    given = _TYPE_NAMES.get(type(error.instance), "an object")
    return Rejection(
        f"Invalid type for '{param}': expected {names}, but got {given} instead.",
        "invalid_type",
        param,
    )


_ARTICLES = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a decimal",
    "object": "an object",
    "string": "a string",
}
_TYPE_NAMES: dict[type, str] = {
    list: "an array",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    type(None): "null",
}
