"""A stand-in for the image `clamav/clamav`, with this machine's clamd and a signature of our own.

It has what the compose file relies on: clamd on port 3310, and `clamdcheck.sh`.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from app.doctor.scanner_checks import EICAR
from tests.clamd_server import MALWARE
from tests.servers import missing

_BASE = "stand-in/base"  # made by ../shared/tools/stand-in-images
_DOCKERFILE = f"""
FROM {_BASE}
COPY lib /opt/clamav
COPY clamd clamdcheck.sh /usr/local/bin/
COPY own.ndb /var/lib/clamav/
COPY clamd.conf /etc/clamav/clamd.conf
ENV LD_LIBRARY_PATH=/opt/clamav
EXPOSE 3310
CMD ["clamd", "--config-file", "/etc/clamav/clamd.conf"]
"""
_CONFIGURATION = """
DatabaseDirectory /var/lib/clamav
TCPAddr 0.0.0.0
TCPSocket 3310
TemporaryDirectory /tmp
Foreground yes
"""
_CHECK = """#!/usr/bin/env python3
import socket
with socket.create_connection(("127.0.0.1", 3310), 5) as peer:
    peer.sendall(b"zPING\\0")
    assert peer.recv(16) == b"PONG\\0"
"""


def make_clamav_image(image: str, directory: Path) -> None:
    """Build the stand-in in `directory`, if there is no such image yet. Skip without clamd."""
    known = subprocess.run(["docker", "image", "inspect", image], capture_output=True)
    if known.returncode == 0:
        return
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
    if program is None:
        missing("clamd is needed: `apt-get install clamav-daemon`")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    (directory / "lib").mkdir()
    for name, path in re.findall(r"(\S+) => (/\S+)", listed):
        if not name.startswith(("libc.so", "libm.so")):  # the image has its own
            shutil.copy(path, directory / "lib" / name)
    shutil.copy(program, directory / "clamd")
    signature = f"{MALWARE.removesuffix('.UNOFFICIAL')}:0:*:{EICAR.hex()}\n"
    (directory / "own.ndb").write_text(signature)
    (directory / "clamd.conf").write_text(_CONFIGURATION)
    (directory / "clamdcheck.sh").write_text(_CHECK)
    (directory / "clamdcheck.sh").chmod(0o755)
    (directory / "Dockerfile").write_text(_DOCKERFILE)
    built = subprocess.run(
        ["docker", "build", "-q", "-t", image, str(directory)],
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
