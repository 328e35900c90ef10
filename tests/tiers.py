"""The two tiers of the suite, and the one line that says what a run left out.

`make test` runs the tests without the marker `slow`, `make test-all` runs all. The marker is given
to the directories in `SLOW_DIRECTORIES`; elsewhere a module or a test has it itself.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SLOW_DIRECTORIES = ("acceptance", "browser")

# Programs that some slow tests need, and Debian's packages of them.
_PROGRAMS = {"chromium": "chromium", "docker": "docker.io docker-compose"}

# How a skip by `servers.missing` begins; other skips are not about this machine.
MISSING = "not on this machine: "


def mark_slow_directories(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in SLOW_DIRECTORIES:
            item.add_marker(pytest.mark.slow)


def left_out(deselected: int, skipped: Counter[str]) -> list[str]:
    """Return a line for the tests that were deselected, and one for each reason of skips."""
    lines = [f"{count} tests: {reason}" for reason, count in skipped.items()]
    if deselected:
        line = f"{deselected} slow tests: `make test-all` runs them"
        if absent := [name for name in _PROGRAMS if shutil.which(name) is None]:
            packages = " ".join(_PROGRAMS[name] for name in absent)
            line += f", some with {' and '.join(absent)} (`apt-get install {packages}`)"
        lines.append(line)
    return lines
