"""Writes docs/settings.md from the Settings class: `python -m tools.settings_reference`."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

Every setting is an environment variable; `.env` in the working directory is read too. What is empty
counts as not set. Times are seconds, sizes are bytes. This page is made from the `Settings` class:
`python -m tools.settings_reference`.

Credentials of the bucket come from the standard AWS chain: `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, a profile, or a role of the machine, container or
cluster. `app dev` and `app serve` also read `PORT`, and `app dev` `DATA_DIR`. Traces are sent where
the standard `OTEL_EXPORTER_OTLP_ENDPOINT` says, with the `tracing` extra installed.
"""


@dataclass(frozen=True)
class Documented:
    """A setting and the comments that stand above it in the source."""

    section: str
    name: str
    words: str


def documented_settings() -> Iterator[Documented]:
    """In the order of the source. The comment after a blank line is a heading."""
    section, after_blank = "", False
    words: list[str] = []
    for line in (line.strip() for line in inspect.getsource(Settings).splitlines()):
        name = line.partition(":")[0]
        if line.startswith("# "):
            if after_blank:
                section, words = line[2:], []
            else:
                words.append(line[2:])
        elif name in Settings.model_fields:
            yield Documented(section, name, " ".join(words))
            words = []
        after_blank = not line


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    section = None
    for each in documented_settings():
        if each.section != section:
            section = each.section
            lines += [f"## {section}", "", "| setting | takes | default | |", "|---|---|---|---|"]
        field = Settings.model_fields[each.name]
        cells = (f"`{each.name.upper()}`", _takes(field), _default(field), each.words)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        if each.name == list(Settings.model_fields)[-1] or _ends_section(each):
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _ends_section(each: Documented) -> bool:
    following = [other.section for other in documented_settings()]
    names = [other.name for other in documented_settings()]
    position = names.index(each.name)
    return position + 1 < len(names) and following[position + 1] != each.section


def _takes(field: FieldInfo) -> str:
    kind = _kind(field.annotation)
    for limit in field.metadata:
        if isinstance(limit, Ge):
            kind += f", at least {limit.ge:,}"
        elif isinstance(limit, Le):
            kind += f", at most {limit.le:,}"
        elif isinstance(limit, MinLen):
            kind += f", at least {limit.min_length} characters"
    return kind


def _kind(annotation: Any) -> str:
    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [each for each in get_args(annotation) if each is not NoneType]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list"
    return {int: "number", str: "text", SecretStr: "secret"}[annotation]


def _default(field: FieldInfo) -> str:
    value = field.default
    if value in (None, ()) or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return ""
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
