"""Writes the page's types of the protocol from the SDK's: `python -m tools.protocol_types`.

So the page is type-checked against what the server really sends. The SDK leaves out fields that are
None (`exclude_none`), so a field that may be None is optional here, and every other is required.
"""

import json
import warnings
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # widget classes are not to be called
    from chatkit import icons, types, widgets

TARGET = Path(__file__).parents[1] / "app/web/client/protocol/chatkit.d.ts"

# Unions that the SDK names, and the JSON schema spells out wherever they are used.
_UNIONS: dict[str, Any] = {
    "ThreadStreamEvent": types.ThreadStreamEvent,
    "ThreadItemUpdate": types.ThreadItemUpdate,
    "ThreadItem": types.ThreadItem,
    "Attachment": types.Attachment,
    "ThreadStatus": types.ThreadStatus,
    "UserMessageContent": types.UserMessageContent,
    "StructuredInput": types.StructuredInput,
    "Task": types.Task,
    "Source": types.Source,
    "WidgetComponent": widgets.StrictWidgetComponent,
    "WidgetRoot": widgets.StrictWidgetRoot,
    "Series": widgets.Series,
    "IconName": icons.IconName,
}
_OTHERS: dict[str, Any] = {
    "UserMessageInput": types.UserMessageInput,
    "StructuredInputSubmission": types.StructuredInputSubmission,
    "TranscriptionResult": types.TranscriptionResult,
    "SyncCustomActionResponse": types.SyncCustomActionResponse,
}
# The page can only draw widgets that it knows, so a dynamic one has the type of these.
_DYNAMIC = {"DynamicWidgetComponent": "WidgetComponent", "DynamicWidgetRoot": "WidgetRoot"}

_HEAD = """\
/**
 * What the ChatKit protocol sends and takes. Made from the Python SDK's types, never edited:
 * `python -m tools.protocol_types`.
 */

export interface Page<T> {
  data: T[];
  has_more: boolean;
  after?: string;
}
"""


class _AsSent(GenerateJsonSchema):
    """Requires every field, except those that a TypedDict may lack."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        if field["type"] == "typed-dict-field":
            return field.get("required", total)
        return True


def declarations() -> str:
    """Return the whole file."""
    definitions: dict[str, Any] = {}
    unions: dict[str, Any] = {}
    for name, python_type in {**_UNIONS, **_OTHERS}.items():
        schema = TypeAdapter(python_type).json_schema(
            schema_generator=_AsSent, ref_template="{model}"
        )
        definitions |= schema.pop("$defs", {})
        if "$ref" in schema or "properties" in schema:
            definitions.setdefault(name, schema)
        else:
            unions[name] = schema
    writer = _Writer(unions)
    lines = [_HEAD]
    for name, schema in unions.items():
        members = "\n  | ".join(writer.alternatives(schema))
        lines.append(f"export type {name} =\n  | {members};\n")
    for name, schema in sorted(definitions.items()):
        if name not in _DYNAMIC and "[" not in name and not name.startswith("Page_"):
            lines.append(writer.declaration(name, schema))
    return "\n".join(lines)


class _Writer:
    """Turns JSON schema into TypeScript; a union that the SDK names is written by that name."""

    def __init__(self, unions: dict[str, Any]) -> None:
        self._names: dict[frozenset[str], str] = {}
        for name, schema in unions.items():
            self._names[frozenset(self.alternatives(schema))] = name

    def declaration(self, name: str, schema: Any) -> str:
        if "enum" in schema:
            return f"export type {name} = {self._type(schema)};\n"
        lines = []
        for field, field_schema in schema.get("properties", {}).items():
            kinds = self.alternatives(field_schema)
            is_sent = field in schema.get("required", ()) and not {"null", "unknown"} & {*kinds}
            kind = self._union([each for each in kinds if each != "null"])
            lines.append(f"  {field}{'' if is_sent else '?'}: {kind};\n")
        return f"export interface {name} {{\n{''.join(lines)}}}\n"

    def alternatives(self, schema: Any) -> list[str]:
        """Return the types in a union; for any other schema, its one type."""
        if "enum" in schema:
            return [json.dumps(each) for each in schema["enum"]]
        members = schema.get("anyOf") or schema.get("oneOf")
        if members is None:
            return [self._type(schema)]
        known = [each for each in members if each.get("$ref") not in _DYNAMIC] or members[:1]
        return list(dict.fromkeys(each for one in known for each in self.alternatives(one)))

    def _union(self, kinds: list[str]) -> str:
        return self._names.get(frozenset(kinds)) or " | ".join(kinds)

    def _type(self, schema: Any) -> str:
        if "$ref" in schema:
            name = str(schema["$ref"])
            return "Page<ThreadItem>" if name.startswith("Page_") else _DYNAMIC.get(name, name)
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return self._union(self.alternatives(schema))
        kind = schema.get("type", "unknown")
        if kind == "array":
            items = self._union(self.alternatives(schema.get("items", {})))
            return f"({items})[]" if " " in items else f"{items}[]"
        if kind == "object":
            values = schema.get("additionalProperties")
            of = self._union(self.alternatives(values)) if isinstance(values, dict) else "unknown"
            return f"Record<string, {of}>"
        return "number" if kind == "integer" else str(kind)


if __name__ == "__main__":
    TARGET.write_text(declarations())
