"""What `make` says when a machine lacks something."""

import subprocess
from pathlib import Path

from tests.acceptance.command import ROOT, clean_environment


def _make(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=clean_environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_make_alone_lists_what_can_be_done() -> None:
    said = _make().stdout
    for target in ("run", "test", "test-all", "check", "lint", "fmt", "bench", "help"):
        assert f"make {target} " in said


def test_a_machine_without_a_new_enough_python_gets_one_sentence(tmp_path: Path) -> None:
    finished = _make("run", "PYTHON=", f"VENV={tmp_path / 'venv'}")
    assert finished.returncode != 0
    assert "Error: Python 3.11 or newer is needed; none was found." in finished.stderr


def test_a_python_that_cannot_make_environments_is_named(tmp_path: Path) -> None:
    crippled = tmp_path / "python"
    crippled.write_text("#!/bin/sh\nexit 1\n")
    crippled.chmod(0o755)
    finished = _make("run", f"PYTHON={crippled}", f"VENV={tmp_path / 'venv'}")
    assert finished.returncode != 0
    assert "python3-venv" in finished.stderr
