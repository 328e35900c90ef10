"""`docker compose up`: the whole stack from nothing, used from outside, restarted, found again."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.doctor.scanner_checks import EICAR
from app.embedded.processes import free_ports
from tests.acceptance.clamav_image import make_clamav_image
from tests.acceptance.client import ChatClient, assert_the_file_is_there, talk_about_a_file
from tests.acceptance.command import ROOT
from tests.acceptance.compose import Project, project
from tests.clamd_server import MALWARE
from tests.waiting import wait_until

COMPOSE_FILE = "docker-compose.yml"
OVERRIDES = {
    "minio": [],
    "seaweedfs": ["docker-compose.seaweedfs.yml"],
    "citus": ["docker-compose.citus.yml"],
}


@dataclass(frozen=True)
class Stack:
    """The whole service, with ports of its own."""

    project: Project
    url: str
    bucket_url: str

    def run(self, *arguments: str) -> str:
        return self.project.run(*arguments)

    def up(self) -> None:
        """Bring it up and wait until the application says that it can do its work."""
        try:
            self.run("up", "--detach", "--build")
            wait_until(self._is_ready, seconds=60)
        except AssertionError as exc:
            exc.add_note(self.project.logs())
            raise

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False


@pytest.fixture(params=OVERRIDES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stack(kind: str) -> Iterator[Stack]:
    with stack_of(kind, (COMPOSE_FILE, *OVERRIDES[kind])) as made:
        yield made


@pytest.fixture
def scanning_stack(tmp_path: Path) -> Iterator[Stack]:
    """The stack with the profile `scan`, on MinIO."""
    scanner = {"SCANNER_URL": "clamd://clamav:3310", "COMPOSE_PROFILES": "scan"}
    with stack_of("scan", [COMPOSE_FILE], **scanner) as made:
        make_clamav_image("clamav/clamav:1.4", tmp_path)
        yield made


@contextmanager
def stack_of(name: str, files: Sequence[str], **settings: str) -> Iterator[Stack]:
    port, bucket_port, console_port, postgres_port = free_ports(4)
    url, bucket_url = f"http://localhost:{port}", f"http://localhost:{bucket_port}"
    with project(
        f"acceptance-{name}",
        [ROOT / file for file in files],
        PORT=str(port),
        MINIO_PORT=str(bucket_port),
        MINIO_CONSOLE_PORT=str(console_port),
        POSTGRES_PORT=str(postgres_port),
        PUBLIC_BASE_URL=url,
        ALLOWED_ORIGINS=url,
        S3_PUBLIC_ENDPOINT_URL=bucket_url,
        **settings,
    ) as made:
        yield Stack(made, url, bucket_url)


def test_the_stack_works_and_finds_everything_again_after_a_restart(
    stack: Stack, kind: str
) -> None:
    stack.up()
    if kind == "citus":
        counted = "SELECT count(DISTINCT nodename) FROM citus_shards"
        psql = ("psql", "-U", "chatkit", "-h", "127.0.0.1", "-At", "-c", counted)
        assert stack.run("exec", "-T", "postgres", *psql).split() == ["2"]
    with ChatClient(stack.url) as client:
        thread_id = talk_about_a_file(client)
        assert_the_file_is_there(client, thread_id)
        (message,) = (i for i in client.items(thread_id) if i["type"] == "user_message")
        preview_url = message["attachments"][0]["preview_url"]
        assert preview_url.startswith(stack.bucket_url), "signed for what the browser can reach"

        _assert_the_app_is_modest(stack)
        # Its exit status says whether a check has failed.
        assert "This deployment works" in stack.run("run", "--rm", "-T", "doctor")

        stack.run("down", "--timeout", "10")
        stack.up()
        assert_the_file_is_there(client, thread_id)


def test_with_the_profile_scan_malware_is_found(scanning_stack: Stack) -> None:
    scanning_stack.up()
    container = scanning_stack.run("ps", "-q", "clamav").split()[-1]
    wait_until(
        lambda: _health(container) == "healthy", seconds=300, state=lambda: _health(container)
    )
    with ChatClient(scanning_stack.url) as client:
        assert_the_file_is_there(client, talk_about_a_file(client))
        attachment = client.create_attachment("invoice.txt", "text/plain", len(EICAR))
        assert client.upload(attachment, EICAR).is_success
        events = client.send("Look at this.", [attachment["id"]])
        (notice,) = (event for event in events if event["type"] == "notice")
        assert "“invoice.txt”" in notice["message"] and MALWARE in notice["message"]


def _assert_the_app_is_modest(stack: Stack) -> None:
    """Not root, watched by a health check, and open to this machine only."""
    assert stack.run("exec", "-T", "app", "id", "-u").split()[-1] == "10001"
    container = stack.run("ps", "-q", "app").split()[-1]
    inspected = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
    (described,) = json.loads(inspected.stdout)
    assert described["Config"]["Healthcheck"]["Test"][0] == "CMD"
    ports = described["HostConfig"]["PortBindings"]["8000/tcp"]
    assert [port["HostIp"] for port in ports] == ["127.0.0.1"]
    wait_until(lambda: _health(container) == "healthy", seconds=60)


def _health(container: str) -> str:
    command = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_every_image_is_named_with_its_version() -> None:
    for name in sum(OVERRIDES.values(), ["Dockerfile", COMPOSE_FILE]):
        for line in Path(ROOT, name).read_text().splitlines():
            if line.startswith("FROM ") or line.strip().startswith("image: "):
                image = line.split()[1]
                assert ":" in image or image == "chatkit-upload-service", line
                assert not image.endswith(":latest"), line
