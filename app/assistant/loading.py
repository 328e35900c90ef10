"""Loads the assistant that ASSISTANT names, from a file or a module."""

import importlib
import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

from app.assistant.assistant import Assistant
from app.errors import Misconfigured

_OUR_PACKAGE = __name__.partition(".")[0]


def load_assistant(reference: str) -> Assistant:
    """Return an instance of the class that `module:Class` or `path/to/file.py:Class` names.

    The file can import modules of its directory. A file that belongs to a package is imported as a
    module of that package. Raises `Misconfigured`.
    """
    place, separator, class_name = reference.rpartition(":")
    if not separator or not place or not class_name:
        raise _misconfigured(reference, "it has to be `module:Class` or `path/to/file.py:Class`")
    module = _load(reference, place)
    found = getattr(module, class_name, None)
    if found is None:
        raise _misconfigured(reference, f"{place} has no class {class_name}")
    if not (isinstance(found, type) and issubclass(found, Assistant)):
        raise _misconfigured(
            reference, f"{class_name} is not a subclass of app.assistant.Assistant"
        )
    try:
        return found()
    except TypeError as problem:
        raise _misconfigured(
            reference, f"{class_name} can't be made without arguments ({problem})"
        ) from problem


def _load(reference: str, place: str) -> ModuleType:
    path = Path(place).resolve()
    is_file = path.suffix == ".py"
    packages = _packages_of(path) if is_file else []
    name = ".".join([*packages, path.stem]) if is_file else place
    if name.partition(".")[0] == _OUR_PACKAGE:
        raise _misconfigured(
            reference,
            f"a module can't be called `{_OUR_PACKAGE}`, because that is the name of this"
            " service's own package. Rename yours",
        )
    if is_file and not path.is_file():
        raise _misconfigured(reference, f"there is no file {path}")
    try:
        if packages:
            _search(path.parents[len(packages)])
        return _load_file(path) if is_file and not packages else importlib.import_module(name)
    except ModuleNotFoundError as problem:
        raise _misconfigured(reference, _why_missing(problem, name)) from problem


def _packages_of(path: Path) -> list[str]:
    """Return the names of the packages that the file is in, the outermost first."""
    inside = itertools.takewhile(lambda parent: (parent / "__init__.py").is_file(), path.parents)
    return [parent.name for parent in inside][::-1]


def _search(directory: Path) -> None:
    """Add the directory to the end of the search path, so that its modules hide no library's."""
    if str(directory) not in sys.path:
        sys.path.append(str(directory))


def _load_file(path: Path) -> ModuleType:
    _search(path.parent)
    # Another module may have that name. Dataclasses look up the module of their class by name.
    name = path.stem if path.stem not in sys.modules else f"assistant_in_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:  # also an exit: half of a module must not be found by the next import
        del sys.modules[name]
        raise
    return module


def _why_missing(problem: ModuleNotFoundError, wanted: str) -> str:
    missing = problem.name or ""
    if missing.startswith(f"{_OUR_PACKAGE}."):
        return (
            f"it imports {missing}, but `{_OUR_PACKAGE}` is this service's own package, which has"
            f" no such module. If you have a package of that name, rename it"
        )
    if wanted == missing or wanted.startswith(f"{missing}."):
        return f"there is no module {missing}. Name a file, or set PYTHONPATH"
    return f"it imports {missing}, which is not installed: pip install it into the environment"


def _misconfigured(reference: str, why: str) -> Misconfigured:
    return Misconfigured(f"ASSISTANT={reference} can't be used: {why}.")
