"""No name that a user chose leaves the archive's directory, or looks like another file."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.export.names import file_path, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/etc/passwd", "passwd"),
        ("C:evil.exe", "C_evil.exe"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("a\0b\nc", "a_b_c"),
        ("Überblick und Größe.pdf", "Überblick und Größe.pdf"),
        ("CON", "CON"),
    ],
)
def test_a_name_is_one_part_of_a_path(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(), st.integers(1, 10**6))
def test_every_path_stays_in_its_directory(name: str, number: int) -> None:
    path = file_path(number, name)
    for parsed in (PurePosixPath(path), PureWindowsPath(path)):
        assert parsed.parts[0] == "files" and len(parsed.parts) == 2
        assert not parsed.is_absolute() and ".." not in parsed.parts
    assert len(path) < 150 and path.isprintable()


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_name("x" * 500 + ".txt").endswith("x.txt")


def test_equal_names_have_different_paths() -> None:
    assert file_path(1, "a.txt") != file_path(2, "a.txt")
