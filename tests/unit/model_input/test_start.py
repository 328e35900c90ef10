"""The server starts without the libraries that only worker processes need."""

import subprocess
import sys

import pytest

WORKER_LIBRARIES = {"duckdb", "kreuzberg", "oxmsg", "pypdfium2", "python_calamine"}


@pytest.mark.slow
def test_the_readers_libraries_are_not_imported_at_the_start() -> None:
    code = "import sys, app.wiring.application; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not WORKER_LIBRARIES & set(imported.stdout.decode().split())
