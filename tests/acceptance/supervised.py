"""A supervised worker that blocks. The module imports little, so that it starts fast."""

import logging
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from app.serving import supervisor
from app.serving.serve import open_listener


def supervise(silence_seconds: float, log: Path) -> None:
    """Run one worker until SIGTERM. Write to `log`, first "ready"."""
    logging.basicConfig(filename=log)
    supervisor._CLEAN_UP_SECONDS = 0.1
    with open_listener("127.0.0.1", 0) as listener:
        supervisor.Supervisor(
            _block,
            listener,
            workers=1,
            graceful_seconds=0,
            silence_seconds=silence_seconds,
        ).run(on_ready=lambda: logging.error("ready"))


def _block(listener: socket.socket, beat: Callable[[], None]) -> bool:
    """Report once, then do nothing more, as a blocked event loop. Ignore SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    beat()
    time.sleep(3600)
    return True
