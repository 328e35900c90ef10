"""Places where tests let the process die, to prove that what comes after mends it.

`FAULT_POINT=name` in the environment ends the process with SIGKILL, as a power cut would, when it
comes to `fault_point("name")`; `name:3` does so the third time. Without it, one comparison is all.
"""

import os
import signal

_armed, _, _count = os.environ.get("FAULT_POINT", "").partition(":")
_remaining = int(_count or 1)


def fault_point(name: str) -> None:
    """Die here, if the environment says so."""
    if name == _armed:
        _die_when_due()


def _die_when_due() -> None:
    global _remaining
    _remaining -= 1
    if _remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)
