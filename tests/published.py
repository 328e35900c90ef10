"""Files out of other projects' source packages, fetched from the package index when a test runs."""

import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from tempfile import mkdtemp


@cache
def files_of(requirement: str) -> dict[str, bytes]:
    """Return the files of a source package by their paths in it, like `mail-parser==4.8.0`.

    pip fetches it from the index that the machine is configured for.
    """
    folder = Path(mkdtemp(prefix="published-"))
    name = requirement.partition("==")[0]
    options = ["--no-deps", "--no-binary", name, "--dest", str(folder), "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, requirement], check=True)
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        members = [member for member in opened.getmembers() if member.isfile()]
        read = {member.name: opened.extractfile(member) for member in members}
        return {
            path.partition("/")[2]: content.read()
            for path, content in read.items()
            if content is not None
        }
