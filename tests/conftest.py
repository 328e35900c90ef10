"""The servers that tests run against, and a database and a bucket for each test alone.

Databases are cloned from a migrated template, never rolled back, so that code under test may
commit, lock and reconnect as it does in production.
"""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from sqlalchemy import make_url

from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import CannotStart
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.closing_table import closing_table
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket, create_bucket, missing

TEMPLATE = "template_migrated"
# Nothing of a test database has to survive a crash.
FAST_AND_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
}
_numbers = itertools.count(1)

# A machine that runs other things too may stall for seconds: neither an example of hypothesis nor
# a request is a failure because of that. A test that passes does not wait.
hypothesis.settings.register_profile(
    "patient",
    parent=hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")
REQUEST_SECONDS = 60.0


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what it has counted."""
    sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent["closing_table"] = closing_table.portable()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended; one that died has nothing to hand over."""
    if sent := getattr(node, "workeroutput", {}).get("closing_table"):
        closing_table.add(sent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the suite proved, in numbers."""
    if lines := closing_table.lines():
        terminalreporter.section("attachments you can trust")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def aws_environment() -> Iterator[None]:
    """The suite's credentials in the standard AWS chain, and nothing of the developer's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def patient_requests() -> Iterator[None]:
    """httpx waits 5 seconds for an answer where it is told nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for step in ("connect", "read", "write", "pool"):
            patch.setattr(DEFAULT_TIMEOUT_CONFIG, step, REQUEST_SECONDS)
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL server for the whole run."""
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres") / "data", parameters=FAST_AND_FORGETFUL
    )
    try:
        server.start()
    except CannotStart as exc:
        missing(str(exc))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with all migrations applied, for cloning only."""
    postgres.execute(f"CREATE DATABASE {TEMPLATE}")
    _migrate(postgres.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """The `postgresql+asyncpg://…` URL of a fresh, migrated database for this test alone."""
    name = f"test_{next(_numbers)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY file_copy")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sql(postgres: EmbeddedPostgres, database_url: str) -> Callable[[str], str]:
    """Run one statement in the test's database; returns what `psql` prints."""
    name = make_url(database_url).database
    assert name is not None
    return partial(postgres.execute, database=name)


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a fresh database without any table, for tests of the migrations themselves."""
    name = f"test_{next(_numbers)}"
    postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSeaweedFS]:
    """One SeaweedFS for the whole run: `endpoint_url`, `access_key_id`, `secret_access_key`."""
    server = EmbeddedSeaweedFS(
        tmp_path_factory.mktemp("seaweedfs") / "data",
        access_key_id=ACCESS_KEY_ID,
        secret_access_key=SECRET_ACCESS_KEY,
        max_volumes=10_000,  # each of the suite's many buckets takes one at least
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
    """A fresh bucket on SeaweedFS, which refuses what S3 refuses."""
    return create_bucket(seaweedfs.endpoint_url)


@pytest.fixture(scope="session")
def moto_endpoint_url() -> Iterator[str]:
    """One moto server for the whole run: fast, but it accepts what S3 would refuse."""
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
    """A fresh bucket on moto."""
    return create_bucket(moto_endpoint_url)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A place for the state of one `python -m app dev`."""
    return tmp_path / "data"


def _migrate(url: str) -> None:
    import asyncio

    from app.database.migrate import upgrade

    # In a thread of its own: an async test's event loop may already live in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, upgrade(url)).result()
