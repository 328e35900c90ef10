"""Checks the Kubernetes manifests in deploy/kubernetes: `python -m tools.manifests`.

Each resource must be valid by the official schemas of the oldest and the newest supported version
of Kubernetes, both as its file has it and as kustomize builds it into an overlay.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

MANIFESTS = Path(__file__).parents[1] / "deploy" / "kubernetes"
# The oldest with a pause before a container ends (`preStop.sleep`), and the newest with schemas.
VERSIONS = ("1.30", "1.37")
# Go compares the source with its public checksum database. Go 1.19, which Debian 12 has, builds it.
INSTALL = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.0.1"

Resource = Mapping[str, Any]


class CannotBuild(Exception):
    """kustomize rejects a directory. The message is its own."""


def files(manifests: Path = MANIFESTS) -> Sequence[Path]:
    """Return the files that contain resources."""
    return sorted(path for path in manifests.rglob("*.yaml") if path.name != "kustomization.yaml")


def read(path: Path) -> Sequence[Resource]:
    """Return the resources of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def overlays(manifests: Path = MANIFESTS) -> Sequence[Path]:
    """Return the directories that `kubectl apply -k` takes."""
    return sorted((manifests / "overlays").iterdir())


def kustomize() -> Sequence[str] | None:
    """Return the command that builds a directory, or None if none is installed."""
    for command in (("kustomize", "build"), ("kubectl", "kustomize")):
        if shutil.which(command[0]):
            return command
    return None


def build(overlay: Path, command: Sequence[str]) -> Sequence[Resource]:
    """Return the resources of an overlay with all components. Raises `CannotBuild`."""
    components = sorted((overlay.parents[1] / "components").iterdir())
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory).resolve()  # kustomize takes relative paths only
        kustomization = {
            "resources": [os.path.relpath(overlay, place)],
            "components": [os.path.relpath(each, place) for each in components],
        }
        (place / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        finished = subprocess.run(  # noqa: S603 - one of the commands above, without a shell
            [*command, str(place)], capture_output=True, text=True, check=False
        )
    if finished.returncode != 0:
        raise CannotBuild(finished.stderr.strip())
    return list(yaml.safe_load_all(finished.stdout))


def problems(resource: Resource) -> Iterator[str]:
    """Yield what the schemas reject: unknown fields, missing ones, values of a wrong type."""
    name = f"{resource['kind']} {resource['metadata']['name']}"
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            field = ".".join(str(step) for step in error.absolute_path)
            yield f"{name}, Kubernetes {version}: {field}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"{name}: {error.message}"


def check(manifests: Path, command: Sequence[str] | None) -> Iterator[str]:
    """Yield every problem of the files and, if there is a command, of the built overlays."""
    for path in files(manifests):
        for resource in read(path):
            yield from (f"{path.relative_to(manifests)}: {each}" for each in problems(resource))
    for overlay in overlays(manifests) if command else ():
        try:
            for resource in build(overlay, command or ()):
                yield from (f"{overlay.name}, built: {each}" for each in problems(resource))
        except CannotBuild as error:
            yield f"{overlay.name}: {error}"


def main() -> int:
    """Print each problem and return 1, or print that there is none.

    CI must have kustomize, unless `.ci/run` could not build it and set NO_KUSTOMIZE.
    """
    command = kustomize()
    found = list(check(MANIFESTS, command))
    print(*found or [f"Manifests: valid for Kubernetes {' to '.join(VERSIONS)}."], sep="\n")
    if command is None:
        print(f"NOT BUILT: the overlays, because kustomize is not installed: {INSTALL}")
    must_build = "CI" in os.environ and "NO_KUSTOMIZE" not in os.environ
    return int(bool(found) or (command is None and must_build))


if __name__ == "__main__":
    sys.exit(main())
