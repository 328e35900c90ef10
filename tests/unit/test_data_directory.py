"""The directory that `app dev` keeps its state in."""

from pathlib import Path

import pytest

from app.embedded import data_directory
from app.embedded.data_directory import load_secrets, lock_directory
from app.embedded.processes import CannotStart


def test_it_is_made_with_its_parents_and_held_by_one_only(tmp_path: Path) -> None:
    with lock_directory(tmp_path / "a" / "b") as directory:
        assert directory.is_dir()
        with (
            pytest.raises(CannotStart, match="in use by another instance"),
            lock_directory(directory),
        ):
            pass
    with lock_directory(directory):
        pass


def test_a_full_disk_is_noticed_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_directory, "MIN_FREE_BYTES", 2**62)
    with pytest.raises(CannotStart, match="is full"), lock_directory(tmp_path):
        pass


def test_secrets_are_random_kept_and_for_the_owner_only(tmp_path: Path) -> None:
    first = load_secrets(tmp_path)
    assert load_secrets(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    (tmp_path / "other").mkdir()
    assert load_secrets(tmp_path / "other") != first
    assert first.secret_access_key not in repr(first)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"signing_secret": "only"', '{"x": 1}'])
def test_damaged_secrets_are_reported_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(CannotStart, match="damaged"):
        load_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == content
