"""A real MinIO, which `../shared/tools/minio` starts."""

import base64
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.embedded.processes import death_signal_prefix, free_ports, spawn, stop
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, SHARED_TOOLS, missing
from tests.waiting import wait_until

# Unpacking it, and its first start, take long on a busy machine.
START_SECONDS = 120


@contextmanager
def running_minio(
    directory: Path, *, origins: tuple[str, ...] = (), kms_key: str | None = None
) -> Iterator[str]:
    """Yield the endpoint URL of a MinIO with one drive. Pages of `origins` may read and write.

    `kms_key` is the name of a key of its own KMS.

    Skip the test, or in CI fail, if this machine has no MinIO.
    """
    tool = SHARED_TOOLS / "minio"
    if not tool.exists():
        missing(f"{tool} is needed: it starts MinIO")
    (port,) = free_ports(1)
    process = spawn(
        [
            *(*death_signal_prefix(signal.SIGTERM), str(tool), str(directory), "server"),
            *(str(directory / "data"), "--address", f"127.0.0.1:{port}"),
        ],
        directory=directory,
        log=directory / "minio.log",
        environment={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "MINIO_ROOT_USER": ACCESS_KEY_ID,
            "MINIO_ROOT_PASSWORD": SECRET_ACCESS_KEY,
            "MINIO_BROWSER": "off",
            **(
                {"MINIO_KMS_SECRET_KEY": f"{kms_key}:{base64.b64encode(os.urandom(32)).decode()}"}
                if kms_key
                else {}
            ),
            **({"MINIO_API_CORS_ALLOW_ORIGIN": ",".join(origins)} if origins else {}),
        },
    )
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        assert process.poll() is None, (directory / "minio.log").read_text()
        try:
            return httpx.get(f"{url}/minio/health/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        wait_until(is_ready, seconds=START_SECONDS)
        yield url
    finally:
        stop(process, signal.SIGTERM)
