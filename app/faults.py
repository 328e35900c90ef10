"""Fault points: places where a test kills the process, to prove that a restart recovers from it.

With `FAULT_POINT=name` in the environment, `fault_point("name")` ends the process by SIGKILL, like
a power failure; with `FAULT_POINT=name:3` the third call does. Without it, a call costs one
comparison.
"""

import os
import signal

_armed, _, _count = os.environ.get("FAULT_POINT", "").partition(":")
_calls_left = int(_count or 1)


def fault_point(name: str) -> None:
    """Kill the process if FAULT_POINT names this point."""
    if name == _armed:
        _count_call()


def _count_call() -> None:
    global _calls_left
    _calls_left -= 1
    if _calls_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
