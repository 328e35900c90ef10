"""Projects of Docker Compose, for tests.

Where images can't be pulled, a tool beside the checkout makes stand-ins for those that Dockerfiles
and compose files name; it starts a Docker engine as well, if none runs.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.command import ROOT, clean_environment
from tests.servers import SHARED_TOOLS, missing

STAND_IN_IMAGES = SHARED_TOOLS / "stand-in-images"
RUN_SECONDS = 600


@dataclass(frozen=True)
class Project:
    """A compose project with containers, networks and volumes of its own."""

    command: Sequence[str]
    environment: Mapping[str, str]

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run a command of Compose. Return its output; fail if its exit status is not 0."""
        finished = subprocess.run(
            [*self.command, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        output = finished.stdout + finished.stderr
        assert not check or finished.returncode == 0, f"{' '.join(arguments)}:\n{output}"
        return output

    def logs(self) -> str:
        return self.run("logs", "--no-color", "--tail", "60", check=False)


@contextmanager
def project(name: str, files: Sequence[Path], **settings: str) -> Iterator[Project]:
    """Yield a project of these files, and remove all of it afterwards.

    `settings` are variables for the files. Skip the test, or in CI fail, if this machine has no
    Docker.
    """
    command = _compose_command([ROOT / "Dockerfile", *files])
    options = [part for file in files for part in ("--file", str(file))]
    made = Project(
        (*command, "--project-name", f"chatkit-{name}-{os.getpid()}", *options),
        clean_environment(settings),
    )
    try:
        yield made
    finally:
        made.run("down", "--volumes", "--timeout", "5", check=False)


def _compose_command(files: Sequence[Path]) -> Sequence[str]:
    """Return the compose command, after the engine runs and the images of `files` are there."""
    if STAND_IN_IMAGES.exists():
        made = subprocess.run([STAND_IN_IMAGES, *files], capture_output=True, text=True)
        if made.returncode != 0:
            missing(f"stand-ins of the images: {made.stderr or made.stdout}")
    if not _succeeds("docker", "info"):
        missing("a running Docker engine (`apt-get install docker.io`)")
    if _succeeds("docker", "compose", "version"):
        return ("docker", "compose")
    if shutil.which("docker-compose") is None:
        missing("Docker Compose (`apt-get install docker-compose`)")
    return ("docker-compose",)


def _succeeds(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True).returncode == 0
