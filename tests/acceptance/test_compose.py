"""`docker compose up`: the whole stack from nothing, used from outside, restarted, found again.

Where images can't be pulled, a tool beside the checkout makes stand-ins for those that the
Dockerfile and the compose files name; it starts a Docker engine as well, if none runs.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.doctor.scanner_checks import EICAR
from app.embedded.processes import free_ports
from tests.acceptance.clamav_image import make_clamav_image
from tests.acceptance.client import ChatClient, assert_the_file_is_there, talk_about_a_file
from tests.acceptance.command import ROOT, clean_environment, wait_for
from tests.clamd_server import MALWARE
from tests.servers import missing

STAND_IN_IMAGES = ROOT.parent / "shared" / "tools" / "stand-in-images"
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.seaweedfs.yml")
UP_SECONDS = 600


@dataclass(frozen=True)
class Stack:
    """One compose project with ports, volumes and a name of its own."""

    command: Sequence[str]
    environment: dict[str, str]
    url: str
    bucket_url: str

    def run(self, *arguments: str, check: bool = True) -> str:
        finished = subprocess.run(
            [*self.command, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
        )
        said = finished.stdout + finished.stderr
        assert not check or finished.returncode == 0, f"{' '.join(arguments)}:\n{said}"
        return said

    def up(self) -> None:
        """Bring it up and wait until the application says that it can do its work."""
        try:
            self.run("up", "--detach", "--build")
            self.run("exec", "-T", "app", "python3", "-c", _WAIT_UNTIL_READY)
        except AssertionError as exc:
            exc.add_note(self.run("logs", "--no-color", "--tail", "60", check=False))
            raise


_WAIT_UNTIL_READY = """
import time, urllib.request
for _ in range(300):
    try:
        urllib.request.urlopen("http://127.0.0.1:8000/readyz", timeout=5)
        break
    except OSError:
        time.sleep(0.2)
else:
    raise SystemExit("not ready within a minute")
"""


@pytest.fixture(scope="module")
def compose() -> Sequence[str]:
    """The compose command, with an engine that runs and the images at hand."""
    if STAND_IN_IMAGES.exists():
        files = [str(ROOT / name) for name in ("Dockerfile", *COMPOSE_FILES)]
        made = subprocess.run([str(STAND_IN_IMAGES), *files], capture_output=True, text=True)
        if made.returncode != 0:
            missing(f"stand-ins of the images: {made.stderr or made.stdout}")
    if not _succeeds("docker", "info"):
        missing("a running Docker engine (`apt-get install docker.io`)")
    if _succeeds("docker", "compose", "version"):
        return ("docker", "compose")
    if shutil.which("docker-compose") is None:
        missing("Docker Compose (`apt-get install docker-compose`)")
    return ("docker-compose",)


@pytest.fixture(params=["minio", "seaweedfs"])
def stack(request: pytest.FixtureRequest, compose: Sequence[str]) -> Iterator[Stack]:
    files = COMPOSE_FILES[: 1 if request.param == "minio" else 2]
    with stack_of(compose, request.param, files) as stack:
        yield stack


@pytest.fixture
def scanning_stack(compose: Sequence[str], tmp_path: Path) -> Iterator[Stack]:
    """The stack with the profile `scan`, on MinIO."""
    make_clamav_image("clamav/clamav:1.4", tmp_path)
    environment = {"SCANNER_URL": "clamd://clamav:3310", "COMPOSE_PROFILES": "scan"}
    with stack_of(compose, "scan", COMPOSE_FILES[:1], environment) as stack:
        yield stack


@contextmanager
def stack_of(
    compose: Sequence[str],
    name: str,
    files: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    port, bucket_port, console_port = free_ports(3)
    url, bucket_url = f"http://localhost:{port}", f"http://localhost:{bucket_port}"
    stack = Stack(
        command=(
            *compose,
            *("--project-name", f"chatkit-acceptance-{os.getpid()}-{name}"),
            *(part for file in files for part in ("--file", file)),
        ),
        environment=clean_environment(
            {
                "PORT": str(port),
                "MINIO_PORT": str(bucket_port),
                "MINIO_CONSOLE_PORT": str(console_port),
                "PUBLIC_BASE_URL": url,
                "ALLOWED_ORIGINS": url,
                "S3_PUBLIC_ENDPOINT_URL": bucket_url,
                **(environment or {}),
            }
        ),
        url=url,
        bucket_url=bucket_url,
    )
    try:
        yield stack
    finally:
        stack.run("down", "--volumes", "--timeout", "5", check=False)


def test_the_stack_works_and_finds_everything_again_after_a_restart(stack: Stack) -> None:
    stack.up()
    with ChatClient(stack.url) as client:
        thread_id = talk_about_a_file(client)
        assert_the_file_is_there(client, thread_id)
        (message,) = (i for i in client.items(thread_id) if i["type"] == "user_message")
        preview_url = message["attachments"][0]["preview_url"]
        assert preview_url.startswith(stack.bucket_url), "signed for what the browser can reach"

        _assert_the_app_is_modest(stack)

        stack.run("down", "--timeout", "10")
        stack.up()
        assert_the_file_is_there(client, thread_id)


def test_with_the_profile_scan_malware_is_found(scanning_stack: Stack) -> None:
    scanning_stack.up()
    container = scanning_stack.run("ps", "-q", "clamav").split()[-1]
    assert wait_for(lambda: _health(container) == "healthy", seconds=300), _health(container)
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
    assert wait_for(lambda: _health(container) == "healthy", seconds=60), _health(container)


def _health(container: str) -> str:
    command = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_every_image_is_named_with_its_version() -> None:
    for name in ("Dockerfile", *COMPOSE_FILES):
        for line in Path(ROOT, name).read_text().splitlines():
            if line.startswith("FROM ") or line.strip().startswith("image: "):
                image = line.split()[1]
                assert ":" in image or image == "chatkit-upload-service", line
                assert not image.endswith(":latest"), line


def _succeeds(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True).returncode == 0
