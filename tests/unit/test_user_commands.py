"""The options of the commands on what one user has."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli


@pytest.mark.parametrize("command", ["export", "erase"])
def test_a_directory_that_is_missing_is_named_before_anything_happens(
    command: str, tmp_path: Path
) -> None:
    target = tmp_path / "missing" / "file"
    ran = CliRunner().invoke(cli, [command, "--user", "alice", "--output", str(target)])
    assert ran.exit_code == 2
    assert "there is no directory" in " ".join(ran.output.split())
