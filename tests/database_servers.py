"""The servers that the tests' databases are on, by the option `--database`.

- `postgresql` (the default): the embedded PostgreSQL.
- `pgbouncer`: the same behind PgBouncer in transaction mode (Debian: apt-get install pgbouncer).
- `citus`: a coordinator and two workers, started by `../shared/tools/citus`.
"""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from sqlalchemy import make_url

from app.embedded.postgres import EmbeddedPostgres, _as_unprivileged
from app.embedded.processes import (
    CannotStart,
    death_signal_prefix,
    free_ports,
    is_free,
    spawn,
    stop,
)
from tests.servers import SHARED_TOOLS, missing
from tests.waiting import wait_until

KINDS = ("postgresql", "pgbouncer", "citus")
SHARDS = 4
# Where ../shared/tools/citus expects them.
POSTGRESQL_PROGRAMS = Path("/usr/lib/postgresql/15/bin")

# A test database need not survive a crash.
FAST_AND_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
}


class DatabaseServer(Protocol):
    """Creates databases, and says where they are."""

    # Whether connections to a database stay open when the service has closed its own.
    keeps_connections: bool

    def url(self, database: str) -> str:
        """Return the `postgresql+asyncpg://…` URL of a database, as the service connects to it."""
        ...

    def execute(self, statement: str, *, database: str) -> str:
        """Run one statement outside of a transaction block. Return what `psql` prints."""
        ...

    def create(self, database: str, *, template: str | None = None) -> None:
        """Create a database: an empty one, or a copy of `template`, which nobody may be using."""
        ...

    def release(self, database: str) -> None:
        """Close all connections to a database, so that it can be a template."""
        ...

    def drop(self, database: str) -> None:
        """Close all connections to a database and delete it."""
        ...


@contextmanager
def database_server(kind: str, directory: Path) -> Iterator[DatabaseServer]:
    """Run a server of one of `KINDS`; skip the test, or in CI fail, if this machine lacks it."""
    start: dict[str, Callable[[Path], AbstractContextManager[DatabaseServer]]] = {
        "postgresql": _postgresql,
        "pgbouncer": _pgbouncer,
        "citus": _citus,
    }
    with start[kind](directory) as server:
        yield server


class OneServer:
    """An embedded PostgreSQL."""

    keeps_connections = False

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self.postgres = postgres

    def url(self, database: str) -> str:
        return self.postgres.url(database)

    def execute(self, statement: str, *, database: str) -> str:
        return self.postgres.execute(statement, database=database)

    def create(self, database: str, *, template: str | None = None) -> None:
        self.postgres.execute(_create(database, template))

    def release(self, database: str) -> None:
        """The embedded PostgreSQL has no connections but those of the tests, which are closed."""

    def drop(self, database: str) -> None:
        self.postgres.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def _postgresql(directory: Path) -> Iterator[OneServer]:
    postgres = EmbeddedPostgres(directory / "data", parameters=FAST_AND_FORGETFUL)
    try:
        postgres.start()
    except CannotStart as exc:
        missing(str(exc))
    try:
        yield OneServer(postgres)
    finally:
        postgres.stop()


class PooledServer(OneServer):
    """An embedded PostgreSQL whose URLs lead to PgBouncer on `port`."""

    keeps_connections = True

    def __init__(self, postgres: EmbeddedPostgres, port: int) -> None:
        super().__init__(postgres)
        self._port = port

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self._port}/{database}"

    def release(self, database: str) -> None:
        self.postgres.execute(_end_connections(database))


# Statements without a transaction go to any of the server connections, as in production.
_PGBOUNCER_INI = """
[databases]
* = host={sockets}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
auth_user = postgres
pool_mode = transaction
server_round_robin = 1
min_pool_size = 3
default_pool_size = 10
max_client_conn = 2000
"""


@contextmanager
def _pgbouncer(directory: Path) -> Iterator[PooledServer]:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("PgBouncer is needed: apt-get install pgbouncer")
    with _postgresql(directory) as server:
        (port,) = free_ports(1)
        sockets = make_url(server.url("postgres")).query["host"]
        configuration = directory / "pgbouncer.ini"
        users = directory / "pgbouncer.users"
        users.write_text('"postgres" ""\n')  # PgBouncer looks up the others as this one
        configuration.write_text(_PGBOUNCER_INI.format(sockets=sockets, port=port, users=users))
        process = spawn(
            # Like PostgreSQL, it does not run as root.
            [*_as_unprivileged(), *death_signal_prefix(signal.SIGINT), program, str(configuration)],
            directory=directory,
            log=directory / "pgbouncer.log",
            environment=os.environ,
        )
        try:
            wait_until(lambda: not is_free(port))
            yield PooledServer(server.postgres, port)
        finally:
            stop(process, signal.SIGINT)


class CitusCluster:
    """A coordinator and two workers. A database is one on each node, with the same name."""

    keeps_connections = False

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.ports = (port, port + 1, port + 2)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.ports[0]}/{database}"

    def execute(self, statement: str, *, database: str) -> str:
        return self._execute(self.ports[0], statement, database)

    def create(self, database: str, *, template: str | None = None) -> None:
        self._execute_on_all(_create(database, template), "postgres")
        if template is None:
            self._execute_on_all("CREATE EXTENSION citus", database)
            coordinator, *workers = self.ports
            self.execute(
                f"SELECT citus_set_coordinator_host('127.0.0.1', {coordinator})", database=database
            )
            for port in workers:
                self.execute(f"SELECT citus_add_node('127.0.0.1', {port})", database=database)

    def release(self, database: str) -> None:
        """End Citus' own connections too. A database that allows none gets no new ones."""
        self._execute_on_all(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false", "postgres")
        self._execute_on_all(_end_connections(database), "postgres")
        for port in self.ports:
            wait_until(partial(self._is_unused, port, database))

    def drop(self, database: str) -> None:
        self._execute_on_all(f"DROP DATABASE {database} WITH (FORCE)", "postgres")

    def kill(self, node: int) -> None:
        """Kill a node as a crash does; 0 is the coordinator."""
        _pg_ctl(self.directory / str(node), "stop", "-m", "immediate")

    def start(self, node: int) -> None:
        """Start a node that was killed, and wait until it answers."""
        directory = self.directory / str(node)
        _pg_ctl(directory, "start", "-l", f"{directory}.log")

    def _is_unused(self, port: int, database: str) -> bool:
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
        return self._execute(port, count, "postgres") == "0"

    def _execute_on_all(self, statement: str, database: str) -> None:
        with ThreadPoolExecutor(len(self.ports)) as pool:
            list(pool.map(lambda port: self._execute(port, statement, database), self.ports))

    def _execute(self, port: int, statement: str, database: str) -> str:
        psql = ("psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port))
        finished = subprocess.run(
            [*psql, "-U", "postgres", "-d", database, "-c", statement],
            capture_output=True,
            text=True,
        )
        if finished.returncode != 0:
            raise RuntimeError(f"{statement!r} failed: {finished.stderr.strip()}")
        return finished.stdout.strip()


@contextmanager
def _citus(directory: Path) -> Iterator[CitusCluster]:
    tool = SHARED_TOOLS / "citus"
    if not tool.exists():
        missing(f"{tool} is needed: it starts a Citus cluster")
    port = _consecutive_free_ports(3)
    # As a system account, PostgreSQL can't enter pytest's private directories.
    with TemporaryDirectory(prefix="citus-") as place:
        Path(place).chmod(0o711)
        nodes = Path(place, "nodes")
        started = subprocess.run(
            [str(tool), "up", str(nodes), str(port)], capture_output=True, text=True
        )
        try:
            if started.returncode != 0:
                missing(f"Citus could not be started: {started.stderr.strip()}")
            cluster = CitusCluster(nodes, port)
            # Few shards, because each test creates them all anew.
            cluster.execute(f"ALTER SYSTEM SET citus.shard_count = {SHARDS}", database="postgres")
            cluster.execute("SELECT pg_reload_conf()", database="postgres")
            yield cluster
        finally:
            subprocess.run([str(tool), "down", str(nodes)], capture_output=True)


def _consecutive_free_ports(count: int) -> int:
    """Return the first of `count` free ports in a row."""
    while True:
        (first,) = free_ports(1)
        if all(is_free(port) for port in range(first, first + count)):
            return first


def _pg_ctl(directory: Path, *arguments: str) -> None:
    command = [POSTGRESQL_PROGRAMS / "pg_ctl", "-D", directory, "-w", *arguments]
    finished = subprocess.run(
        ["su", "postgres", "-s", "/bin/sh", "-c", shlex.join(map(str, command))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr


def _create(database: str, template: str | None) -> str:
    copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
    return f"CREATE DATABASE {database}{copied}"


def _end_connections(database: str) -> str:
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    return f"{ended} WHERE datname = '{database}'"
