"""The servers of the tests, and a database and a bucket of its own for each test.

A database is emptied after a test, never rolled back, so that the code under test commits, locks
and reconnects as in production.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import httpx2
import hypothesis
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG

from app.chat import waiting
from app.database import engine
from app.embedded.processes import CannotStart
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests import database_servers
from tests.clamd_server import ClamdServer, running_clamd
from tests.closing_table import closing_table
from tests.database_servers import CitusCluster, DatabaseServer
from tests.databases import Databases
from tests.minio_server import running_minio
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket, create_bucket, missing
from tests.tiers import MISSING, left_out, mark_slow_directories

TEMPLATE = "template_migrated"
# A busy machine may stall for seconds. Neither an example of hypothesis nor a request may fail
# then. A test that passes does not wait.
hypothesis.settings.register_profile(
    "patient",
    parent=hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")
REQUEST_SECONDS = 60.0


DESELECTED = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=database_servers.KINDS,
        default="postgresql",
        help="the server that the tests' databases are on (tests/database_servers.py)",
    )


@pytest.hookimpl(tryfirst=True)  # before `-m` deselects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow. On Citus, deselect the tests of what only a single PostgreSQL has."""
    mark_slow_directories(items)
    if config.getoption("database") == "citus":
        single = [item for item in items if item.get_closest_marker("single_node")]
        items[:] = [item for item in items if item not in single]
        config.hook.pytest_deselected(items=single)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist, send what it has counted to the process that reports."""
    sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent["closing_table"] = closing_table.portable()
        sent["deselected"] = session.config.stash.get(DESELECTED, 0)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    if items:
        stash = items[0].config.stash
        stash[DESELECTED] = stash.get(DESELECTED, 0) + len(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker has counted. One that died has sent nothing."""
    sent = getattr(node, "workeroutput", {})
    if "closing_table" in sent:
        closing_table.add(sent["closing_table"])
        node.config.stash[DESELECTED] = sent["deselected"]  # the same in every worker


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what the suite proved, and what it left out."""
    if lines := closing_table.lines():
        terminalreporter.section("attachments you can trust")
        for line in lines:
            terminalreporter.write_line(line)
    reasons = (
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    skipped = Counter(reason for reason in reasons if reason.startswith(MISSING))
    for line in left_out(config.stash.get(DESELECTED, 0), skipped):
        terminalreporter.write_line(f"Left out: {line}.", yellow=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def aws_environment() -> Iterator[None]:
    """Put the suite's credentials into the standard AWS chain, and remove the developer's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_requests() -> Iterator[None]:
    """Let httpx wait longer for a response than its default of 5 seconds."""
    with pytest.MonkeyPatch.context() as patch:
        for step in ("connect", "read", "write", "pool"):
            patch.setattr(DEFAULT_TIMEOUT_CONFIG, step, REQUEST_SECONDS)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_service() -> Iterator[None]:
    """Let the service in this process wait as long before it says that it waits, or gives up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "PATIENCE_SECONDS", REQUEST_SECONDS)
        patch.setattr(engine, "_WAIT_SECONDS", REQUEST_SECONDS)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_tls_context() -> Iterator[None]:
    """Let all HTTP clients share a TLS context: to load the certificates takes 50 ms of CPU."""
    with pytest.MonkeyPatch.context() as patch:
        for transport in (httpx._transports.default, httpx2._transports.default):
            patch.setattr(transport, "create_ssl_context", cache(transport.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def database_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseServer]:
    """One database server for all tests of this process, of the kind that `--database` names."""
    kind = request.config.getoption("database")
    with database_servers.database_server(kind, tmp_path_factory.mktemp(kind)) as server:
        yield server


@pytest.fixture(scope="session")
def databases(database_server: DatabaseServer) -> Databases:
    """Makes databases for fixtures that several tests share."""
    database_server.create(TEMPLATE)
    _migrate(database_server.url(TEMPLATE), distributes=isinstance(database_server, CitusCluster))
    database_server.release(TEMPLATE)
    return Databases(database_server, TEMPLATE)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The `postgresql+asyncpg://…` URL of a migrated database without rows."""
    with databases.lend() as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """The URL of a new database without tables, for the tests of migrations."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def sql(databases: Databases, database_url: str) -> Callable[[str], str]:
    """Runs a statement in the test's database and returns what `psql` prints."""
    return partial(databases.execute, database_url)


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSeaweedFS]:
    """One SeaweedFS for all tests of this process."""
    server = EmbeddedSeaweedFS(
        tmp_path_factory.mktemp("seaweedfs") / "data",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
        max_volumes=10_000,  # each bucket takes at least one
    )
    try:
        server.start()
    except CannotStart as exc:
        missing(str(exc))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def seaweedfs_bucket(seaweedfs: EmbeddedSeaweedFS) -> TestBucket:
    """A new bucket on SeaweedFS, which rejects what S3 rejects."""
    return create_bucket(seaweedfs.endpoint_url)


@pytest.fixture(scope="session")
def minio_endpoint_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One MinIO for all tests of this process."""
    with running_minio(tmp_path_factory.mktemp("minio")) as url:
        yield url


@pytest.fixture
def minio_bucket(minio_endpoint_url: str) -> TestBucket:
    """A new bucket on MinIO, which rejects what S3 rejects."""
    return create_bucket(minio_endpoint_url)


@pytest.fixture(scope="session")
def moto_endpoint_url() -> Iterator[str]:
    """One moto server for all tests of this process. It accepts what S3 rejects."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def moto_bucket(moto_endpoint_url: str) -> TestBucket:
    """A new bucket on moto."""
    return create_bucket(moto_endpoint_url)


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClamdServer]:
    """One clamd for all tests of this process. A test that stops it starts one of its own."""
    with running_clamd(tmp_path_factory.mktemp("clamd")) as server:
        yield server


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The directory for the state of one `python -m app dev`."""
    return tmp_path / "data"


def _migrate(url: str, *, distributes: bool) -> None:
    import asyncio

    from app.database.distribution import distribute
    from app.database.migrate import upgrade

    async def migrated() -> None:
        await upgrade(url)
        if distributes:
            await distribute(url)

    # In another thread, because the event loop of an async test may run in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, migrated()).result()
