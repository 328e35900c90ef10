"""Joins the page's JavaScript modules into a few files, so that a browser sends few requests.

Only imports, exports and comments are changed; each module becomes a function that returns its
exports. Named imports and exports at the beginning of a line are supported, other forms raise
`CannotJoin`. A module that only `import('…')` imports is in another file, loaded on demand.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

# Libraries are served as they are.
_LIBRARIES = "vendor/"

_COMMENT = re.compile(r"/\*\*.*?\*/|^[ \t]*//[^\n]*\n", re.DOTALL | re.MULTILINE)
_BLANK_LINES = re.compile(r"\n\s*\n+")
_IMPORT = re.compile(r"^import (?:(\w+)|\{([^}]*)\}) from '([^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) ([\w$]+))", re.MULTILINE)
_LAZY_IMPORT = re.compile(r"\bimport\('([^']+)'\)")
_OTHER_SYNTAX = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_OWN_URL = "import.meta.url"


class CannotJoin(Exception):
    """The modules can't be joined. The message names the module and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Import:
    names: str  # as they are written, or the name of the default
    is_default: bool
    path: str


@dataclass(frozen=True, slots=True)
class _Module:
    path: str
    imports: Sequence[_Import]
    lazy: Sequence[str]
    exports: Sequence[str]
    body: str

    @property
    def needs(self) -> list[str]:
        """The modules that must run before this one."""
        return [each.path for each in self.imports if not _is_library(each.path)]

    @property
    def namespace(self) -> str:
        return _namespace(self.path)


def join_modules(sources: Mapping[str, str], entry: str, directory: str) -> dict[str, str]:
    """Return the text of each joined file, by the path of its main module.

    `sources` are modules by path; `directory` is where the joined files are served, relative to
    the modules. Raises `CannotJoin`.
    """
    modules = _reachable(sources, entry)
    files = _files(modules, entry)
    joiner = _Joiner(modules, files, directory)
    return {path: "".join(joiner.file(path)) for path in files}


def _reachable(sources: Mapping[str, str], entry: str) -> dict[str, _Module]:
    modules: dict[str, _Module] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in modules:
            continue
        if path not in sources:
            raise CannotJoin(f"There is no module {path}.")
        module = modules[path] = _parsed(path, sources[path])
        waiting += [*module.needs, *module.lazy]
    return modules


def _parsed(path: str, source: str) -> _Module:
    code = _BLANK_LINES.sub("\n", _COMMENT.sub("", source)).lstrip()
    imports = [
        _Import(default or names.strip().rstrip(","), bool(default), _resolved(path, specifier))
        for default, names, specifier in _IMPORT.findall(code)
    ]
    exports = _EXPORT.findall(code)
    body = _EXPORT.sub("", _IMPORT.sub("", code))
    if other := _OTHER_SYNTAX.search(body):
        raise CannotJoin(f"{path}: only named imports and exports are joined, not {other[0]!r}.")
    targets = [_resolved(path, specifier) for specifier in _LAZY_IMPORT.findall(body)]
    lazy = [target for target in targets if not _is_library(target)]
    return _Module(path, imports, lazy, exports, body)


def _files(modules: Mapping[str, _Module], entry: str) -> dict[str, list[str]]:
    """Return the modules of each joined file, dependencies first; its main module is the last.

    The entry's file has the entry and its dependencies. The other modules are grouped by the lazy
    imports that depend on them, one file for each group.
    """
    at_once = _in_order(modules, entry)
    lazy = sorted({path for module in modules.values() for path in module.lazy} - {*at_once})
    needed = {root: _in_order(modules, root) for root in lazy}
    groups: dict[tuple[str, ...], list[str]] = {}
    for path in dict.fromkeys(path for members in needed.values() for path in members):
        if path not in at_once:
            users = (path,) if path in lazy else tuple(r for r in lazy if path in needed[r])
            groups.setdefault(users, []).append(path)
    return {members[-1]: members for members in [at_once, *groups.values()]}


def _in_order(modules: Mapping[str, _Module], root: str) -> list[str]:
    """Return `root` and its dependencies, each after its own dependencies."""
    done: list[str] = []
    under_way: list[str] = []

    def visit(path: str) -> None:
        if path in done:
            return
        if path in under_way:
            raise CannotJoin(f"Modules import each other: {' → '.join([*under_way, path])}.")
        under_way.append(path)
        for needed in modules[path].needs:
            visit(needed)
        under_way.pop()
        done.append(path)

    visit(root)
    return done


class _Joiner:
    def __init__(
        self, modules: Mapping[str, _Module], files: Mapping[str, Sequence[str]], directory: str
    ) -> None:
        self._modules = modules
        self._files = files
        self._file_of = {path: file for file, members in files.items() for path in members}
        self._directory = directory

    def file(self, path: str) -> Iterator[str]:
        """Yield the parts of one file: imports of other files, then each module as a function."""
        members = [self._modules[member] for member in self._files[path]]
        here = posixpath.dirname(posixpath.join(self._directory, path))
        yield from sorted(
            {line for member in members for line in self._imports(member, path, here)}
        )
        for member in members:
            yield from self._as_function(member, here)
        yield f"export {{ {', '.join(member.namespace for member in members)} }};\n"
        main = self._modules[path]
        if main.exports:  # for `import('…')`, which takes the module's own names
            yield f"export const {{ {', '.join(main.exports)} }} = {main.namespace};\n"

    def _imports(self, module: _Module, file: str, here: str) -> Iterator[str]:
        for each in module.imports:
            if _is_library(each.path):
                specifier = _specifier(each.path, here)
                yield f"import * as {_namespace(each.path)} from '{specifier}';\n"
            elif self._file_of[each.path] != file:
                specifier = _specifier(self._served(each.path), here)
                yield f"import {{ {_namespace(each.path)} }} from '{specifier}';\n"

    def _as_function(self, module: _Module, here: str) -> Iterator[str]:
        yield f"const {module.namespace} = (() => {{\n"
        for each in module.imports:
            names = f"default: {each.names}" if each.is_default else each.names
            yield f"const {{ {names.replace(' as ', ': ')} }} = {_namespace(each.path)};\n"
        own_url = f"new URL('{_specifier(module.path, here)}', {_OWN_URL}).href"
        body = module.body.replace(_OWN_URL, own_url)
        yield _LAZY_IMPORT.sub(lambda match: self._lazy_import(match[1], module, here), body)
        yield f"return {{ {', '.join(module.exports)} }};\n}})();\n"

    def _lazy_import(self, specifier: str, module: _Module, here: str) -> str:
        target = _resolved(module.path, specifier)
        served = target if _is_library(target) else self._served(target)
        return f"import('{_specifier(served, here)}')"

    def _served(self, path: str) -> str:
        """Return the path of the joined file that contains the module."""
        return posixpath.join(self._directory, self._file_of[path])


def _resolved(path: str, specifier: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), specifier))


def _specifier(path: str, here: str) -> str:
    relative = posixpath.relpath(path, here)
    return relative if relative.startswith(".") else f"./{relative}"


def _is_library(path: str) -> bool:
    return path.startswith(_LIBRARIES)


def _namespace(path: str) -> str:
    """Return the variable that holds a module's exports in a joined file."""
    return "$" + re.sub(r"\W", "_", path)
