"""The check of the names in documents, and the page that says which files to edit."""

from pathlib import Path

import pytest

from tools import documents

ROOT = Path(__file__).parents[2]


def test_every_name_in_the_documents_exists() -> None:
    assert [
        (page.name, each) for page in documents.documents() for each in documents.problems(page)
    ] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("See [there](nowhere.md).", "the link nowhere.md leads to no file"),
        ("See [there](README.md#no-such-heading).", "leads to no heading"),
        ("`app/chat/nothing.py` does it.", "there is no file app/chat/nothing.py"),
        ("`no_such_module.py` does it.", "there is no file no_such_module.py"),
        (
            "`pytest tests/unit/test_nothing.py` runs it.",
            "there is no file tests/unit/test_nothing.py",
        ),
        ("Set `USER_FLYING_UPLOADS=3`.", "there is no setting USER_FLYING_UPLOADS"),
        ("Ask `GET /v1/chatkit/feelings`.", "there is no route /v1/chatkit/feelings"),
        ("Run `make tea`.", "there is no `make tea`"),
        ("```sh\npython -m app explode\n```\n", "there is no `app explode`"),
    ],
)
def test_a_name_that_stands_for_nothing_is_found(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Title\n")
    page = tmp_path / "page.md"
    page.write_text(text)
    assert any(problem in each for each in documents.problems(page))


def test_the_page_of_changes_names_every_room() -> None:
    page = (ROOT / "docs" / "changing.md").read_text()
    rooms = {each.parent.name for each in (ROOT / "app").glob("*/__init__.py")}
    assert {room for room in rooms if f"`app/{room}/" not in page} == set()


def test_the_page_of_changes_names_every_module_of_file_types() -> None:
    page = (ROOT / "docs" / "changing.md").read_text()
    modules = {each.name for each in (ROOT / "app" / "file_types").glob("*.py")}
    shared = {"__init__.py", "encodings.py", "file_type.py", "table.py"}
    assert {module for module in modules - shared if module not in page} == set()
