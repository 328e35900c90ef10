"""Multipart forms as the document's schemas have them: nested, and with numbers."""

from typing import Any

from starlette.datastructures import FormData, UploadFile

Json = dict[str, Any]
_TYPES: dict[str, type] = {"seconds": int, "temperature": float}


def fields_of(form: FormData) -> tuple[Json, str, bytes]:
    """The fields, and name and bytes of the file; in the fields, the file is its name.

    `expires_after[seconds]=3600` is `{"expires_after": {"seconds": 3600}}`.
    """
    fields: Json = {}
    filename, body = "", b""
    for key, value in form.multi_items():
        if isinstance(value, UploadFile):
            filename, body = value.filename or "", value.file.read()
            fields[key] = filename
            continue
        name, _, inner = key.removesuffix("]").partition("[")
        if key.endswith("[]"):
            fields.setdefault(name, []).append(value)
        elif inner:
            fields.setdefault(name, {})[inner] = _typed(inner, value)
        else:
            fields[name] = _typed(name, value)
    return fields, filename, body


def _typed(name: str, value: str) -> object:
    if value in ("true", "false"):
        return value == "true"
    try:
        return _TYPES.get(name, str)(value)
    except ValueError:
        return value
