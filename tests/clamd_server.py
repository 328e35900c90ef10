"""A real clamd of Debian (`clamav-daemon`), with one signature: that of the EICAR test file.

It downloads no signatures. Without a frame of its own, the test file is a string that every scanner
finds, so it is never written into a source file as a whole: https://www.eicar.org.
"""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.doctor.scanner_checks import EICAR
from app.embedded.processes import death_signal_prefix, free_ports, spawn, stop
from tests.servers import missing
from tests.waiting import wait_until

MALWARE = "Test.Eicar.UNOFFICIAL"
START_SECONDS = 60


@dataclass
class ClamdServer:
    """clamd at a port of loopback and at a socket. `options` are lines of clamd.conf."""

    directory: Path
    port: int
    options: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"clamd://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"clamd+unix://{self.directory / 'clamd.socket'}"

    def start(self) -> None:
        """Start it, with the options of now, and wait until it answers."""
        program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
        if program is None:
            missing("clamd is needed: `apt-get install clamav-daemon`")
        signatures = self.directory / "signatures"
        signatures.mkdir(parents=True, exist_ok=True)
        name = MALWARE.removesuffix(".UNOFFICIAL")
        (signatures / "own.ndb").write_text(f"{name}:0:*:{EICAR.hex()}\n")
        lines = {
            "DatabaseDirectory": signatures,
            "TCPAddr": "127.0.0.1",
            "TCPSocket": self.port,
            "LocalSocket": self.directory / "clamd.socket",
            "TemporaryDirectory": self.directory,
            "Foreground": "yes",
            "LogTime": "yes",
            **self.options,
        }
        configuration = self.directory / "clamd.conf"
        configuration.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        self._process = process = spawn(
            [*death_signal_prefix(signal.SIGTERM), program, "--config-file", str(configuration)],
            directory=self.directory,
            log=self.directory / "clamd.log",
            environment={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
        )

        def answers() -> bool:
            assert process.poll() is None, (self.directory / "clamd.log").read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as peer:
                peer.sendall(b"zPING\0")
                return peer.recv(16) == b"PONG\0"
            return False

        wait_until(answers, seconds=START_SECONDS)

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM)
            self._process = None


@contextmanager
def running_clamd(directory: Path, **options: str) -> Iterator[ClamdServer]:
    """Yield a clamd that runs. Skip the test, or in CI fail, if this machine has none."""
    (port,) = free_ports(1)
    server = ClamdServer(directory, port, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
