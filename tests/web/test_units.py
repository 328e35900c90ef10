"""The page's pure modules: `node --test` on tests/web/unit, one file at a time."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers import missing

UNITS = sorted((Path(__file__).parent / "unit").glob("*.test.js"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name.removesuffix(".test.js"))
def test_unit(unit: Path) -> None:
    node = shutil.which("node")
    if node is None:
        missing("No Node.js: the unit tests of the page's JavaScript are left out")
    run = subprocess.run([node, "--test", unit], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
