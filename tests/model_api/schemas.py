"""JSON Schema made of OpenAI's OpenAPI document: closed objects, and unions that may overlap.

The document leaves objects open, but the API answers `unknown_parameter` to fields it does not
know (openai/openai-python#3146, BerriAI/litellm#13420): every object with properties is closed.
Its `oneOf`s overlap (`EasyInputMessage` is an `InputMessage` as well), so they are read as `anyOf`.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_PREFIX = "#/components/schemas/"
_KEPT = {
    *("type", "enum", "const", "required", "pattern", "minLength", "maxLength"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "uniqueItems"),
}


def standalone(components: Mapping[str, Json], schema: Json) -> Json:
    """Return `schema` as JSON Schema 2020-12, with every component that it reaches beside it."""
    translation = _Translation(components)
    root = translation.of(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": translation.definitions(),
        **root,
    }


class _Translation:
    def __init__(self, components: Mapping[str, Json]) -> None:
        self._components = components
        self._done: dict[str, Json] = {}
        self._waiting: list[str] = []

    def definitions(self) -> Json:
        while self._waiting:
            name = self._waiting.pop()
            if name not in self._done:
                self._done[name] = self.of(self._components[name], name)
        return self._done

    def of(self, schema: Json, component: str = "") -> Json:
        if "$recursiveRef" in schema:
            return {"$ref": f"#/$defs/{component}"}
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(_PREFIX)
            self._waiting.append(name)
            return self._nullable({"$ref": f"#/$defs/{name}"}, schema)
        if "allOf" in schema:
            return self.of(self._merged(schema["allOf"]), component)
        made: Json = {key: value for key, value in schema.items() if key in _KEPT}
        if "properties" in schema:
            made["properties"] = {
                name: self.of(value, component) for name, value in schema["properties"].items()
            }
            made["additionalProperties"] = False
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(value := schema.get(key), dict):
                made[key] = self.of(value, component)
            elif value is False:
                made[key] = False
        if union := schema.get("anyOf") or schema.get("oneOf"):
            made["anyOf"] = [self.of(branch, component) for branch in union]
        return self._nullable(made, schema)

    def _nullable(self, made: Json, schema: Json) -> Json:
        return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made

    def _merged(self, parts: list[Json]) -> Json:
        """One object of all parts: closed objects can't be combined by `allOf`."""
        merged: Json = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            resolved = part
            while "$ref" in resolved:
                resolved = self._components[resolved["$ref"].removeprefix(_PREFIX)]
            if "allOf" in resolved:
                resolved = self._merged(resolved["allOf"])
            merged["properties"] |= resolved.get("properties", {})
            merged["required"] += resolved.get("required", [])
        return merged
