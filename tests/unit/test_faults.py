"""Fault points: nothing without the environment's word, SIGKILL with it, the n-th time if asked."""

import signal
import subprocess
import sys

import pytest

SCRIPT = """
from app.faults import fault_point
for number in range(1, 4):
    print(number, flush=True)
    fault_point("here")
"""


@pytest.mark.parametrize(
    ("setting", "reached", "status"),
    [
        (None, 3, 0),
        ("elsewhere", 3, 0),
        ("here", 1, -signal.SIGKILL),
        ("here:2", 2, -signal.SIGKILL),
        ("here:4", 3, 0),
    ],
)
def test_a_process_dies_where_it_was_told_to(
    setting: str | None, reached: int, status: int
) -> None:
    environment = {} if setting is None else {"FAULT_POINT": setting}
    ended = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True)
    assert ended.returncode == status
    assert ended.stdout.split() == [str(number).encode() for number in range(1, reached + 1)]
