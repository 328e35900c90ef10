"""ASSISTANT names a class by file or by module; what can't be used is explained."""

import sys
from pathlib import Path

import pytest

from app.assistant import Assistant
from app.assistant.loading import load_assistant
from app.errors import Misconfigured

LOUNGE = """
from dataclasses import dataclass
from app.assistant import Assistant
{imports}

@dataclass
class Cat:
    name: "str"

class Lounge(Assistant):
    cat = Cat("Mochi")

class Needy(Assistant):
    def __init__(self, store):
        pass
"""


def written(directory: Path, name: str, imports: str = "") -> Path:
    path = directory / name
    path.write_text(LOUNGE.format(imports=imports))
    return path


def test_a_class_in_a_file_is_made_with_the_modules_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cats_beside_it.py").write_text("LEGS = 4")
    written(tmp_path, "lounge_in_a_file.py", "import cats_beside_it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["."])
    assistant = load_assistant("./lounge_in_a_file.py:Lounge")
    assert isinstance(assistant, Assistant)
    assert type(assistant).__name__ == "Lounge"


def test_a_file_of_a_package_is_imported_with_the_rest_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "cat_package" / "server"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package.parent / "legs.py").write_text("LEGS = 4")
    path = written(package, "lounge.py", "from ..legs import LEGS")
    monkeypatch.setattr("sys.path", [*sys.path])
    assert type(load_assistant(f"{path}:Lounge")).__module__ == "cat_package.server.lounge"


def test_a_file_of_a_package_called_app_is_explained(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").touch()
    path = written(tmp_path / "app", "server.py")
    with pytest.raises(Misconfigured, match="can't be called `app`"):
        load_assistant(f"{path}:Lounge")


def test_a_class_in_a_module_is_made() -> None:
    assert type(load_assistant("tests.integration.own_assistant:Stations")).__name__ == "Stations"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("lounge", "has to be `module:Class` or `path/to/file.py:Class`"),
        ("nowhere:Lounge", "there is no module nowhere"),
        ("nowhere/lounge.py:Lounge", "there is no file /"),
        ("app:Lounge", "can't be called `app`"),
        ("app.lounge:Lounge", "can't be called `app`"),
        ("somewhere/app.py:Lounge", "can't be called `app`"),
        ("json:Lounge", "json has no class Lounge"),
        ("json:JSONDecoder", "not a subclass of app.assistant.Assistant"),
    ],
)
def test_a_wrong_reference_is_explained(reference: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        load_assistant(reference)


@pytest.mark.parametrize(
    ("imports", "name", "words"),
    [
        ("from app.cat_agent import cat", "Lounge", "`app` is this service's own package"),
        ("import fastapi_of_the_future", "Lounge", "fastapi_of_the_future, which is not installed"),
        ("", "Needy", "can't be made without arguments"),
    ],
)
def test_a_file_that_can_not_be_used_is_explained(
    tmp_path: Path, imports: str, name: str, words: str
) -> None:
    path = written(tmp_path, "unusable_lounge.py", imports)
    with pytest.raises(Misconfigured, match=words):
        load_assistant(f"{path}:{name}")
