"""The upload gateway against nginx, posting straight to the bucket, and parsing the form.

Each round posts one file of the same size by each way in turn, over connections that stay open,
and ratios are taken round by round: they compare what ran within the same second. The gateway,
nginx and the parsing service run in processes of their own, as they would. nginx only passes the
form on (`proxy_request_buffering off`), without any check, limit or translation of errors.
"""

import http.client
import multiprocessing
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from itertools import repeat
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import aioboto3
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import paths
from app.attachments.capability_links import LinkSigner
from app.embedded.processes import free_ports
from app.http.limits import ConcurrencyLimit
from app.http.uploads import UploadGateway
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.post import PostPolicySigner
from app.storage.splice import Splicer
from benchmarks._servers import report, servers

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
LINKS = LinkSigner(b"benchmark")
BOUNDARY = secrets.token_hex(16)
MIME_TYPE = "application/octet-stream"

ROUNDS = {10 * KIBIBYTE: 400, MEBIBYTE: 120, 100 * MEBIBYTE: 7}
MEMORY_UPLOADS = 16
MEMORY_SIZE = 256 * MEBIBYTE


def gateway_application(endpoint: Endpoint) -> Starlette:
    splicer = Splicer(endpoint)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with splicer:
            yield

    gateway = UploadGateway(LINKS, splicer, ConcurrencyLimit(1_000_000, "{most} at once."))
    return Starlette(routes=gateway.routes(), lifespan=lifespan)


def parsing_application(endpoint: Endpoint) -> Starlette:
    """What samples do: parse the form into a spooled file, then upload that."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        session = aioboto3.Session()
        async with session.client(
            "s3", endpoint_url=endpoint.url, region_name=endpoint.region
        ) as client:
            app.state.client = client
            yield

    async def upload(request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            await request.app.state.client.upload_fileobj(
                file.file, endpoint.bucket, request.path_params["attachment_id"]
            )
        return JSONResponse({})

    route = Route(paths.UPLOAD, upload, methods=["POST"])
    return Starlette(routes=[route], lifespan=lifespan)


def _serve(make: Callable[[Endpoint], Starlette], endpoint: Endpoint, ready: Connection) -> None:
    class Server(uvicorn.Server):
        async def startup(self, sockets: object = None) -> None:
            await super().startup()
            ready.send(self.servers[0].sockets[0].getsockname()[1])

    Server(
        uvicorn.Config(
            make(endpoint),
            host="127.0.0.1",
            port=0,
            loop="uvloop",
            http="httptools",
            log_level="error",
            access_log=False,
            timeout_keep_alive=600,
        )
    ).run()


@contextmanager
def process(make: Callable[[Endpoint], Starlette], endpoint: Endpoint) -> Iterator[tuple[int, int]]:
    """The application in a process of its own: its port and its process id."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_serve, args=(make, endpoint, there), daemon=True)
    child.start()
    try:
        port: int = here.recv()
        assert child.pid is not None
        yield port, child.pid
    finally:
        child.terminate()
        child.join()


class Uploads:
    """Posts files of one size over one connection to one address."""

    def __init__(self, url: str, file: bytes) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=600)
        self._connection.connect()
        self._file = file

    def post(self, target: str, fields: dict[str, str]) -> float:
        """Seconds from the first byte sent to the last one of the answer."""
        head = "".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        head += (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
            f"Content-Type: {MIME_TYPE}\r\n\r\n"
        )
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        length = len(head) + len(self._file) + len(tail)
        self._connection.putrequest("POST", target, skip_accept_encoding=True)
        self._connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
        self._connection.putheader("Content-Length", str(length))
        small = len(self._file) <= 64 * KIBIBYTE
        started = time.perf_counter()
        # What fits one segment or two is sent at once, as a browser does.
        self._connection.endheaders(head.encode() + self._file + tail if small else head.encode())
        if not small:
            self._connection.send(self._file)
            self._connection.send(tail)
        answer = self._connection.getresponse()
        answer.read()
        took = time.perf_counter() - started
        assert answer.status < 300, answer.status
        return took

    def close(self) -> None:
        self._connection.close()


def link(key: str, fields: dict[str, str]) -> str:
    return LINKS.sign(f"/uploads/{key}", fields, expires_at=int(time.time()) + 3600)


NGINX = """
daemon off; master_process off; pid {directory}/pid; error_log {directory}/log;
events {{}}
http {{
    access_log off; client_max_body_size 0; keepalive_requests 1000000; keepalive_timeout 600;
    client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
    uwsgi_temp_path {directory}; scgi_temp_path {directory};
    upstream bucket {{ server {bucket}; keepalive 8; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://bucket;
            proxy_http_version 1.1; proxy_request_buffering off;
            proxy_set_header Connection ""; proxy_set_header Host $http_host;
        }}
    }}
}}
"""


@contextmanager
def nginx(endpoint: Endpoint) -> Iterator[int]:
    """nginx as a plain proxy in front of the bucket: its port."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as directory:
        configuration = Path(directory) / "nginx.conf"
        configuration.write_text(
            NGINX.format(directory=directory, bucket=endpoint.bucket_url.netloc, port=port)
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        child = subprocess.Popen([program, "-c", str(configuration)])
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)):
                if child.poll() is not None:
                    raise RuntimeError(
                        "nginx did not start: it needs `apt-get install nginx-light`"
                    )
                time.sleep(0.01)
            yield port
        finally:
            child.terminate()
            child.wait()


def compare(
    size: int, rounds: int, endpoint: Endpoint, gateway: int, parsing: int, proxy: int
) -> None:
    policies = PostPolicySigner(endpoint, SessionCredentials())
    file = secrets.token_bytes(size)
    assert endpoint.url is not None
    direct = Uploads(endpoint.url, file)
    spliced = Uploads(f"http://127.0.0.1:{gateway}", file)
    parsed = Uploads(f"http://127.0.0.1:{parsing}", file)
    proxied = Uploads(f"http://127.0.0.1:{proxy}", file)
    times: dict[str, list[float]] = {"direct": [], "spliced": [], "parsed": [], "proxied": []}
    for number in range(rounds + 2):
        keys = [f"{way}-{size}-{number % 4}" for way in times]
        fields = [
            policies.presign(
                key, mime_type=MIME_TYPE, size=size, expires_in=3600, uploader="somebody"
            )
            for key in keys
        ]
        ways: list[Callable[[], float]] = [
            lambda: direct.post(endpoint.bucket_url.path, fields[0]),  # noqa: B023  (called here)
            lambda: spliced.post(link("atc_1", fields[1]), {}),  # noqa: B023
            lambda: parsed.post(f"/uploads/{keys[2]}", {}),  # noqa: B023
            lambda: proxied.post(endpoint.bucket_url.path, fields[3]),  # noqa: B023
        ]
        order = [(number + step) % 4 for step in range(4)]  # nobody is always the first
        took = {index: ways[index]() for index in order}
        if number >= 2:  # the first ones open connections
            for index, way in enumerate(times):
                times[way].append(took[index])
    for uploads in (direct, spliced, parsed, proxied):
        uploads.close()
    name = f"{size // KIBIBYTE} KiB" if size < MEBIBYTE else f"{size // MEBIBYTE} MiB"
    report(f"{name} through the gateway, against nginx", times["spliced"], times["proxied"])
    report(f"{name} through the gateway, against direct POST", times["spliced"], times["direct"])
    report(
        f"{name} through the gateway, against form() + upload", times["spliced"], times["parsed"]
    )


def resident(pid: int, what: str) -> int:
    """MiB of VmRSS, or of VmHWM, its highest value so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) // KIBIBYTE
    raise LookupError(what)


def memory(endpoint: Endpoint, make: Callable[[Endpoint], Starlette], what: str) -> None:
    policies = PostPolicySigner(endpoint, SessionCredentials())
    file = bytes(MEMORY_SIZE)
    with process(make, endpoint) as (port, pid):
        url = f"http://127.0.0.1:{port}"

        def upload(name: str, content: bytes) -> None:
            fields = policies.presign(
                name, mime_type=MIME_TYPE, size=len(content), expires_in=3600, uploader=name
            )
            uploads = Uploads(url, content)
            uploads.post(link(name, fields), {})
            uploads.close()

        upload("warm-up", b"x")
        before = resident(pid, "VmRSS")
        with ThreadPoolExecutor(MEMORY_UPLOADS) as pool:
            names = [f"memory-{number}" for number in range(MEMORY_UPLOADS)]
            list(pool.map(upload, names, repeat(file)))
        peak = resident(pid, "VmHWM")
    size = MEMORY_SIZE // MEBIBYTE
    print(
        f"memory of {what} during {MEMORY_UPLOADS} uploads at once of {size} MiB:"
        f" {before} MiB before, {peak} MiB at most: +{peak - before} MiB",
        flush=True,
    )


def main() -> None:
    with servers() as started:
        endpoint = Endpoint(started.endpoint_url, started.bucket)
        with (
            process(gateway_application, endpoint) as (gateway, _),
            process(parsing_application, endpoint) as (parsing, _),
            nginx(endpoint) as proxy,
        ):
            for size, rounds in ROUNDS.items():
                compare(size, rounds, endpoint, gateway, parsing, proxy)
        memory(endpoint, gateway_application, "the gateway")


if __name__ == "__main__":
    main()
