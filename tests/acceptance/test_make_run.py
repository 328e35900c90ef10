"""`make run` and `python -m app dev`, started for real: from nothing to a chat, and back."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from tests.acceptance.client import ChatClient, assert_the_file_is_there, talk_about_a_file
from tests.acceptance.command import (
    READY_SECONDS,
    ROOT,
    STOP_SECONDS,
    Command,
    app,
    clean_environment,
    listeners,
    processes_of,
    running,
)
from tests.servers import TestBucket, missing
from tests.waiting import wait_until

INSTALL_SECONDS = 600
NOT_COPIED = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".data",
    ".env",
    "node_modules",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    ".coverage*",
    "test-results",
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "output.log"


@pytest.fixture(autouse=True)
def nothing_is_left_running(data_dir: Path) -> Iterator[None]:
    yield
    assert processes_of(data_dir) == []


@dataclass(frozen=True)
class Instance:
    command: Command
    url: str
    data_dir: Path


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One running `app dev` for the tests that only look at it."""
    directory = tmp_path_factory.mktemp("instance")
    command = app("dev", "--port", "0", "--data-dir", str(directory / "data"))
    with running(command, log=directory / "output.log") as started:
        yield Instance(started, started.wait_until_ready(), directory / "data")


@pytest.fixture
def fresh_copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path / "checkout", ignore=NOT_COPIED))


def test_make_run_works_in_a_fresh_copy_and_ctrl_c_ends_everything(
    fresh_copy: Path, data_dir: Path, log: Path
) -> None:
    command = ["make", "run", "PORT=0", f"DATA_DIR={data_dir}"]
    if Path(sys.prefix, "installed.lock").exists():
        # `make` installed the environment that runs this test: once is proof enough.
        command.append(f"VENV={sys.prefix}")
    with running(command, directory=fresh_copy, log=log) as make:
        make.wait_for_output("^Starting PostgreSQL", seconds=INSTALL_SECONDS)
        with ChatClient(make.wait_until_ready()) as client:
            assert_the_file_is_there(client, talk_about_a_file(client))
        # An impatient person at a terminal: the whole process group gets it, twice.
        os.killpg(make.process.pid, signal.SIGINT)
        os.killpg(make.process.pid, signal.SIGINT)
        make.process.wait(STOP_SECONDS)
        assert "Traceback" not in make.output
    wait_until(lambda: not processes_of(data_dir), seconds=STOP_SECONDS)


def test_a_restart_finds_everything_again_after_a_stop_and_after_a_kill(
    data_dir: Path, log: Path
) -> None:
    command = app("dev", "--port", "0", "--data-dir", str(data_dir))
    with running(command, log=log) as first:
        with ChatClient(first.wait_until_ready()) as client:
            thread_id = talk_about_a_file(client)
            cookies = dict(client.http.cookies)
        assert first.end(signal.SIGTERM) == 0
    assert processes_of(data_dir) == []
    with running(command, log=log) as second:
        with ChatClient(second.wait_until_ready(), cookies) as client:
            assert_the_file_is_there(client, thread_id)
            other_thread_id = talk_about_a_file(client)
        second.end(signal.SIGKILL)
    with (
        running(command, log=log) as third,
        ChatClient(third.wait_until_ready(), cookies) as client,
    ):
        assert_the_file_is_there(client, thread_id)
        assert_the_file_is_there(client, other_thread_id)
        assert sum("weed" in line for line in processes_of(data_dir)) == 1


@pytest.mark.parametrize("moment", ["Starting PostgreSQL", "Starting SeaweedFS", "Migrating"])
def test_a_signal_while_it_starts_ends_everything(data_dir: Path, log: Path, moment: str) -> None:
    with running(app("dev", "--port", "0", "--data-dir", str(data_dir)), log=log) as command:
        command.wait_for_output(moment)
        command.end(signal.SIGTERM)
        assert "Traceback" not in command.output
    assert processes_of(data_dir) == []
    with running(app("dev", "--port", "0", "--data-dir", str(data_dir)), log=log) as command:
        command.wait_until_ready()


def test_two_instances_run_side_by_side(instance: Instance, data_dir: Path, log: Path) -> None:
    with running(app("dev", "--port", "0", "--data-dir", str(data_dir)), log=log) as other:
        with ChatClient(other.wait_until_ready()) as there, ChatClient(instance.url) as here:
            assert_the_file_is_there(here, talk_about_a_file(here))
            assert_the_file_is_there(there, talk_about_a_file(there))
        other.end()
    with ChatClient(instance.url) as here:
        wait_until(lambda: here.http.get("/readyz").status_code == 200)


def test_everything_listens_on_loopback_and_nothing_unneeded_runs(instance: Instance) -> None:
    found = listeners(instance.command.family())
    assert {address for address, _, _ in found} == {"127.0.0.1"}
    # PostgreSQL has a socket in the file system only. SeaweedFS: master, volume, filer, S3 and
    # admin, each with HTTP and gRPC; no WebDAV, Iceberg, Lance or metrics.
    by_name = [name for _, _, name in found]
    assert "postgres" not in by_name
    assert by_name.count("weed") <= 10
    port = int(instance.url.rpartition(":")[2])
    assert [p for _, p, name in found if name != "weed"] == [port]


def test_the_bucket_lets_in_the_page_and_nobody_else(instance: Instance) -> None:
    with ChatClient(instance.url) as client:
        preview_url = client.create_attachment("a.png", "image/png", 3)["preview_url"]
    for origin, let_in in ((instance.url, True), ("http://elsewhere.example", False)):
        headers = {"origin": origin, "access-control-request-method": "PUT"}
        answer = httpx.options(preview_url, headers=headers, trust_env=False)
        assert (answer.headers.get("access-control-allow-origin") == origin) is let_in


def test_secrets_are_for_their_owner_only(instance: Instance) -> None:
    for name in ("secrets.json", "seaweedfs.options", "postgres", "seaweedfs"):
        assert (instance.data_dir / name).stat().st_mode & 0o077 == 0, name
    secrets = json.loads((instance.data_dir / "secrets.json").read_text())
    lines = " ".join(processes_of(instance.data_dir))
    assert [name for name, secret in secrets.items() if secret in lines] == []


def test_a_data_directory_in_use_is_said_in_one_sentence(instance: Instance) -> None:
    said = _error_of(app("dev", "--port", "0", "--data-dir", str(instance.data_dir)))
    assert "in use by another instance" in said


def test_settings_in_the_environment_win(
    database_url: str, seaweedfs_bucket: TestBucket, data_dir: Path, log: Path
) -> None:
    with (
        running(
            app("dev"),
            log=log,
            PORT="0",
            DATA_DIR=str(data_dir),
            DATABASE_URL=database_url,
            S3_ENDPOINT_URL=seaweedfs_bucket.endpoint_url,
            S3_BUCKET=seaweedfs_bucket.name,
            AWS_ACCESS_KEY_ID=seaweedfs_bucket.access_key_id,
            AWS_SECRET_ACCESS_KEY=seaweedfs_bucket.secret_access_key,
            UPLOAD_METHOD="PUT",
        ) as command,
        ChatClient(command.wait_until_ready()) as client,
    ):
        assert len(command.family()) == 1, "no server of its own"
        attachment = client.create_attachment("a.txt", "text/plain", 3)
        assert attachment["upload_descriptor"]["method"] == "PUT"
        assert attachment["upload_descriptor"]["url"].startswith(seaweedfs_bucket.endpoint_url)
        assert_the_file_is_there(client, talk_about_a_file(client))


def test_a_port_in_use_is_said_in_one_sentence(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = _error_of(app("dev", "--port", str(port), "--data-dir", str(data_dir)))
    assert f"Port {port}" in said
    assert not data_dir.exists()


def test_a_data_directory_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = _error_of(app("dev", "--port", "0", "--data-dir", str(tmp_path / "file" / "data")))
    assert "can't be written" in said


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        missing("a small disk, which only root can make")
    try:
        said = _error_of(app("dev", "--port", "0", "--data-dir", str(disk / "data")))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert "full" in said


def test_an_initialisation_that_was_killed_half_way_is_done_again(
    data_dir: Path, log: Path
) -> None:
    for number in range(5):  # it may be done before the signal comes: then again, in another place
        directory = data_dir / str(number)
        command = app("dev", "--port", "0", "--data-dir", str(directory))
        unfinished = directory / "postgres.unfinished"
        with running(command, log=log) as first:
            wait_until(partial(_is_initialised, directory), seconds=READY_SECONDS)
            first.end(signal.SIGKILL)
        for process in psutil.process_iter(["cmdline"]):
            if str(unfinished) in (process.info["cmdline"] or ()):
                process.kill()
        if not (directory / "postgres").exists():
            break
    assert not (directory / "postgres").exists()
    # initdb gets a SIGTERM when its owner dies, and may have tidied up before it was killed, too.
    unfinished.mkdir(exist_ok=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with running(command, log=log) as second:
        second.wait_until_ready()


def _is_initialised(directory: Path) -> bool:
    """Or is being: the first file is there."""
    first_file = directory / "postgres.unfinished" / "PG_VERSION"
    return first_file.exists() or (directory / "postgres").exists()


def test_a_damaged_database_is_said_in_one_sentence(data_dir: Path, log: Path) -> None:
    command = app("dev", "--port", "0", "--data-dir", str(data_dir))
    with running(command, log=log) as first:
        first.wait_until_ready()
    (data_dir / "postgres" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    assert "PostgreSQL could not start" in _error_of(command)
    (data_dir / "postgres" / "PG_VERSION").unlink()
    assert "not a PostgreSQL data directory" in _error_of(command)
    shutil.rmtree(data_dir / "postgres")
    (data_dir / "secrets.json").write_text("{")
    assert "secrets.json is damaged" in _error_of(command)


def test_serve_says_what_it_needs() -> None:
    assert "DATABASE_URL" in _error_of(app("serve", "--port", "0"))
    assert "MAX_ATTACHMENT_BYTES" in _error_of(app("serve"), MAX_ATTACHMENT_BYTES="many")
    # Letting everyone in is never a default: without a word about AUTH_MODE, it is `jwt`.
    complete = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SIGNING_SECRET": "s" * 32}
    assert "JWT_SECRET" in _error_of(app("serve", "--port", "0"), **complete)


def _error_of(command: list[str], **settings: str) -> str:
    """Run a command that must not start; the one sentence that it says."""
    finished = subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(settings),
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
    )
    assert finished.returncode not in (0, None), finished.stdout
    assert "Traceback" not in finished.stderr + finished.stdout
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]
