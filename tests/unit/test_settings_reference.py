"""The documents that list the settings say what app/settings says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.settings.environment import Settings
from tools.settings_reference import DOCUMENTS, ROOT, sections

VARIABLES = {name for group in Settings.groups().values() for name in group.variables()}
# The AWS credential chain and the command line read these.
READ_ELSEWHERE = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PORT",
    "DATA_DIR",
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_is_current(path: Path) -> None:
    document: Callable[[], str] = DOCUMENTS[path]
    assert path.read_text() == document(), "run `make settings`"


def test_every_setting_says_what_it_does() -> None:
    for section in sections():
        for variable in section.variables:
            assert variable.text not in ("", "None"), variable.name


def test_the_example_names_every_variable_once() -> None:
    names = dotenv_values(ROOT / ".env.example")
    assert set(names) == VARIABLES | READ_ELSEWHERE


def test_an_unchanged_copy_of_the_example_changes_nothing() -> None:
    values = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}
    assert Settings.read(values) == Settings.read({})


def test_compose_passes_every_setting_on() -> None:
    names = dotenv_values(ROOT / "docker-compose.env")
    assert set(names) >= VARIABLES
    assert set(names.values()) == {None}, "compose would not look for a value elsewhere"
