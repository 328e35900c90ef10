"""Writes the documents that list every setting: `make settings`.

docs/settings.md, .env.example and docker-compose.env are made from the fields and docstrings of
app/settings, and from the options of the commands that an environment variable can set.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_origin

import typer.main
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.cli import cli
from app.settings.environment import Settings
from app.settings.group import accepted_values

ROOT = Path(__file__).parents[1]

_PAGE_HEAD = """\
# Settings

Every setting is an environment variable. `.env` in the working directory is read as well; variables
of the environment replace those of the file. An empty variable counts as not set. Times are seconds
and sizes are bytes. `make settings` writes this page.

Traces are sent to the standard `OTEL_EXPORTER_OTLP_ENDPOINT`, if the `tracing` extra is installed.
"""

_EXAMPLE_HEAD = """\
# Copy this file to `.env` and fill in what you need. Variables of the environment replace those of
# the file, and an empty value means the default. `make run` needs no settings.
# `make settings` writes this file.
"""

_COMPOSE_HEAD = """\
# The settings that docker-compose.yml passes on, each with its value in the shell or in `.env`.
# `make settings` writes this file.
"""


@dataclass(frozen=True)
class Variable:
    """An environment variable: what it does, which values it takes, and its default, if any."""

    name: str
    text: str
    takes: str
    default: str = ""
    is_choice: bool = False


@dataclass(frozen=True)
class Section:
    """Variables under one heading. With `is_fixed`, the container's own command sets them."""

    heading: str
    variables: Sequence[Variable]
    is_fixed: bool = False


_CREDENTIALS = Section(
    "Credentials of the bucket",
    [
        Variable(
            "AWS_ACCESS_KEY_ID",
            "Without these three, the standard AWS chain finds credentials: a profile, or a role of"
            " the machine, container or cluster.",
            "text",
        ),
        Variable("AWS_SECRET_ACCESS_KEY", "Belongs to the access key.", "a secret"),
        Variable("AWS_SESSION_TOKEN", "Belongs to temporary credentials.", "a secret"),
    ],
)


def sections() -> list[Section]:
    """Return everything that the documents list, in their order."""
    groups = [
        Section(
            str(group.__doc__).partition("\n")[0].rstrip("."),
            [_variable(str(field.alias), field) for field in group.model_fields.values()],
        )
        for group in Settings.groups().values()
    ]
    return [*groups, _CREDENTIALS, Section("Commands", list(_command_options()), is_fixed=True)]


def page() -> str:
    """Return docs/settings.md."""
    lines = [_PAGE_HEAD]
    for section in sections():
        lines += [f"## {section.heading}", "", "| setting | takes | default | |"]
        lines.append("|---|---|---|---|")
        for each in section.variables:
            default = f"`{each.default}`" if each.default else ""
            cells = (f"`{each.name}`", each.takes, default, each.text)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def example() -> str:
    """Return .env.example."""
    lines = [_EXAMPLE_HEAD]
    for section in sections():
        lines.append(f"# ── {section.heading}")
        for each in section.variables:
            lines += textwrap.wrap(each.text, 98, initial_indent="# ", subsequent_indent="# ")
            if each.default:
                choice = f"Takes {each.takes}. " if each.is_choice else ""
                lines.append(f"# {choice}Default: {each.default}")
            lines += [f"{each.name}=", ""]
    return "\n".join(lines)


def compose_variables() -> str:
    """Return docker-compose.env: only names, so that compose takes the values from the shell."""
    passed = (section for section in sections() if not section.is_fixed)
    names = [each.name for section in passed for each in section.variables]
    return "\n".join([_COMPOSE_HEAD, *names, ""])


DOCUMENTS = {
    ROOT / "docs" / "settings.md": page,
    ROOT / ".env.example": example,
    ROOT / "docker-compose.env": compose_variables,
}


def _variable(name: str, field: FieldInfo) -> Variable:
    default = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        default = "on" if default else "off"
    return Variable(
        name,
        text=" ".join(str(field.description).split()),
        takes=accepted_values(field),
        default="" if default in (None, ()) else str(default),
        is_choice=get_origin(field.annotation) is Literal,
    )


def _command_options() -> Iterator[Variable]:
    """Yield each variable that sets an option of a command, once."""
    commands = typer.main.get_command(cli).commands  # type: ignore[attr-defined]  # it is a group
    used_by: dict[str, list[str]] = {}
    options = {}
    for name, command in commands.items():
        for option in command.params:
            if option.envvar:
                used_by.setdefault(option.envvar, []).append(f"`{name}`")
                options[option.envvar] = option
    for variable, option in options.items():
        names = " and ".join(used_by[variable])
        takes = "a whole number" if isinstance(option.default, int) else "text"
        yield Variable(variable, f"{option.help} For {names}.", takes, str(option.default))


if __name__ == "__main__":
    for path, document in DOCUMENTS.items():
        path.write_text(document())
