"""Reads announcements back, to prove that they can be read. The service itself never does."""

import json


def announced_fields(text: str, *, mark: str = "[attachment]") -> dict[str, str | int]:
    """Return the JSON of the announcement that `text` begins with. Fails if there is none."""
    line = text.split("\n", 1)[0]
    assert line.startswith(f"{mark} {{")
    fields = json.loads(line.removeprefix(mark))
    assert isinstance(fields, dict) and "id" in fields
    return fields
