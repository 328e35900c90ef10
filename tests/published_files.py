"""Real files of other people's packages, fetched when a test runs and never kept in git.

A package is downloaded once for each machine, into the temporary directory, and its SHA-256 is
compared. A test is skipped in words where it can't be fetched, and fails in CI.
"""

import hashlib
import io
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from pypi_simple import PyPISimple

from tests.servers import missing

_KEPT = Path(tempfile.gettempdir()) / "published-files"
_SECONDS = 120


@cache
def of_debian(source: str, archive: str, sha256: str) -> Mapping[str, bytes]:
    """Return the files of a source package's archive by their path, without its first folder.

    It comes from the mirror that this machine's apt uses.
    """
    return _members(_kept(archive, sha256, lambda: _from_mirror(source, archive)))


@cache
def of_pypi(project: str, archive: str, sha256: str) -> Mapping[str, bytes]:
    """Return the files of a project's source distribution, as `of_debian` does."""
    return _members(_kept(archive, sha256, lambda: _from_index(project, archive)))


def _kept(archive: str, sha256: str, fetch: Callable[[], bytes]) -> bytes:
    kept = _KEPT / f"{sha256[:16]}-{archive}"
    if not kept.exists():
        body = fetch()
        assert hashlib.sha256(body).hexdigest() == sha256, f"{archive} is not the known one"
        _KEPT.mkdir(exist_ok=True)
        partial = kept.with_suffix(f".{id(body)}")
        partial.write_bytes(body)
        partial.replace(kept)  # tests run in several processes
    return kept.read_bytes()


def _from_mirror(source: str, archive: str) -> bytes:
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        missing(f"{archive} of Debian: this machine has no apt")
    for mirror in dict.fromkeys(listed.split()):
        url = f"{mirror}pool/main/{source[0]}/{source}/{archive}"
        try:
            with urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - apt's own mirror
                return bytes(answer.read())
        except (URLError, TimeoutError):
            continue
    missing(f"{archive} of Debian can't be fetched from apt's mirrors")


def _from_index(project: str, archive: str) -> bytes:
    try:
        with PyPISimple() as index:
            packages = index.get_project_page(project, timeout=_SECONDS).packages
            [found] = [each for each in packages if each.filename == archive]
            with tempfile.NamedTemporaryFile() as fetched:
                index.download_package(found, fetched.name, timeout=_SECONDS)
                return Path(fetched.name).read_bytes()
    except OSError as problem:  # those of requests are such
        missing(f"{archive} can't be fetched from the package index: {type(problem).__name__}")


def _members(archive: bytes) -> dict[str, bytes]:
    if archive.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            named = {each: opened.read(each) for each in opened.namelist() if each[-1:] != "/"}
    else:
        with tarfile.open(fileobj=io.BytesIO(archive)) as unpacked:
            files = [each for each in unpacked if each.isfile()]
            named = {each.name: unpacked.extractfile(each).read() for each in files}  # type: ignore[union-attr]
    return {name.partition("/")[2]: body for name, body in named.items()}
