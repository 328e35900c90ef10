"""Checks that every file, command, route and setting that a document names exists.

Run it with `python -m tools.documents`; `make check` does.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import typer.main

from app import paths
from app.cli import cli
from tools.settings_reference import sections

ROOT = Path(__file__).parents[1]

# Variables of other programs: the compose file, the collector, MinIO, glibc and tests.
_FOREIGN_VARIABLES = {
    *("AUDIT", "CHROMIUM", "CI", "FAULT_POINT", "MALLOC_MMAP_THRESHOLD_", "PYTHONPATH"),
    *("AUTH", "API"),  # placeholders of the shell examples in docs/faq.md
}
_FOREIGN_PREFIXES = ("AWS_", "MINIO_", "OTEL_")

_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[^\s\"'`=:;,()]+")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"(?:\.\./)*[\w.-]+(?:/[\w.{}*-]+)*/?")
_SUFFIX = re.compile(r"\w\.(?:py|js|md|json|toml|yml|yaml|html|css|ini|lock|sh)$")
_VARIABLE = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+_?)(?:=.*)?")
_MAKE = re.compile(r"\bmake ([a-z][a-z-]*)\b(?!\.)")
_COMMAND = re.compile(r"\b(?:python -m )?app ([a-z][a-z-]*)\b(?!\.)")
_ROUTE = re.compile(r"(?:(?:GET|HEAD|POST|PUT|DELETE) )(/[\w/{}.-]*)")


def documents() -> list[Path]:
    """Return the documents to check. The changelog is not one: it also names what was removed."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    return sorted(page for page in pages if page.name != "CHANGELOG.md")


def problems(page: Path) -> Iterator[str]:
    """Yield a sentence for each name on the page that does not exist."""
    text = page.read_text()
    yield from _dead_links(page, text)
    spans = list(_CODE.findall(_FENCE.sub("", text)))
    shell = "\n".join([*spans, *_SHELL.findall(text)])
    for path in {*filter(_is_path, spans), *filter(_is_in_a_room, _WORD.findall(shell))}:
        if not _exists(page, path):
            yield f"there is no file {path}"
    for span in spans:
        if (variable := _VARIABLE.fullmatch(span)) and not _is_variable(variable[1]):
            yield f"there is no setting {variable[1]}"
        if (route := _ROUTE.fullmatch(span)) and not _is_route(route[1]):
            yield f"there is no route {route[1]}"
    yield from (f"there is no `make {name}`" for name in _unknown(_MAKE, shell, _targets()))
    yield from (f"there is no `app {name}`" for name in _unknown(_COMMAND, shell, _commands()))


def _dead_links(page: Path, text: str) -> Iterator[str]:
    for link in _LINK.findall(text):
        target, _, anchor = unquote(link).partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists():
            yield f"the link {link} leads to no file"
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
            yield f"the link {link} leads to no heading"


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def _is_path(span: str) -> bool:
    return bool(_PATH.fullmatch(span) and (_SUFFIX.search(span) or _is_in_a_room(span)))


def _is_in_a_room(word: str) -> bool:
    """Whether a word of a command is a path of this repository. Others are files of the reader."""
    return bool(_PATH.fullmatch(word)) and word.partition("/")[0] in _rooms() and "/" in word


def _exists(page: Path, span: str) -> bool:
    """Whether the path exists below the root or beside the page, or is the end of a file's path."""
    if "*" in span or "{" in span:
        return any(ROOT.glob(re.sub(r"\{[^}]*\}", "*", span)))
    if any((start / span).exists() for start in (ROOT, page.parent, ROOT.parent)):
        return True
    return any(f"/{each}".endswith(f"/{span}") for each in _files())


def _is_variable(name: str) -> bool:
    return (
        name in _settings() | _FOREIGN_VARIABLES
        or name.startswith(_FOREIGN_PREFIXES)
        or (name.endswith("_") and any(each.startswith(name) for each in _settings()))
    )


def _is_route(path: str) -> bool:
    return _shape(path) in {_shape(each) for each in vars(paths).values() if isinstance(each, str)}


def _shape(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path.rstrip("/"))


def _unknown(pattern: re.Pattern[str], text: str, known: Iterable[str]) -> list[str]:
    return sorted(set(pattern.findall(text)) - set(known))


@cache
def _files() -> frozenset[str]:
    rooms = (ROOT / room for room in _rooms())
    return frozenset(
        str(each.relative_to(ROOT)) for room in rooms for each in room.rglob("*") if each.is_file()
    )


@cache
def _rooms() -> frozenset[str]:
    hidden = (".", "_")
    return frozenset(
        each.name for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(hidden)
    )


@cache
def _settings() -> frozenset[str]:
    return frozenset(each.name for section in sections() for each in section.variables)


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def _commands() -> frozenset[str]:
    return frozenset(typer.main.get_command(cli).commands)  # type: ignore[attr-defined]  # a group


def main() -> int:
    found = [(page, problem) for page in documents() for problem in problems(page)]
    for page, problem in found:
        print(f"{page.relative_to(ROOT)}: {problem}", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
