"""The two locks: complete, agreeing, and free of any package index's address."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCTION, DEVELOPMENT = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*])?==(\S+)", re.MULTILINE)


def _pins(lock: Path) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in PIN.findall(lock.read_text()):
        pins.setdefault(name, set()).add(version)
    return pins


def _name(requirement: str) -> str:
    name = re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", [PRODUCTION, DEVELOPMENT], ids=lambda lock: lock.name)
def test_every_package_is_pinned_by_version_and_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links| @ ", lock.read_text())


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {_name(each) for each in project["dependencies"]}
    assert wanted <= _pins(PRODUCTION).keys()
    extras = project["optional-dependencies"]
    for_development = {_name(each) for each in [*extras["dev"], *extras["embedded"]]}
    assert for_development - {project["name"]} <= _pins(DEVELOPMENT).keys()


def test_development_runs_the_versions_of_production() -> None:
    development = _pins(DEVELOPMENT)
    differing = {
        name: (versions, development.get(name))
        for name, versions in _pins(PRODUCTION).items()
        if versions != development.get(name)
    }
    assert differing == {}
