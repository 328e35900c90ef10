"""The upload gateway alone, in front of SeaweedFS and of servers that fail on purpose."""

import asyncio
import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.middleware import Middleware

from app.attachments.capability_links import LinkSigner
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.http.limits import ConcurrencyLimit
from app.http.middleware import ErrorMiddleware, RequestIdMiddleware
from app.http.uploads import STALL_SECONDS, UploadGateway
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.post import PostPolicySigner
from app.storage.splice import Splicer
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket, create_bucket
from tests.serving import serving
from tests.stopwatch import least, seconds_of
from tests.waiting import wait_until

MEBIBYTE = 1024 * 1024
SOCKET_SECONDS = 30  # no passing test waits as long
LINKS = LinkSigner(b"the test's secret")
_numbers = itertools.count(1)


@dataclass
class Gateway:
    """A running gateway, the bucket behind it, and links for both."""

    base_url: str
    endpoint: Endpoint
    s3: Any = None
    policies: PostPolicySigner = field(init=False)

    def __post_init__(self) -> None:
        self.policies = PostPolicySigner(self.endpoint, SessionCredentials())

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.base_url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def new_key(self) -> str:
        return f"attachments/{next(_numbers)}.upload"

    def link(
        self, key: str, size: int, *, mime_type: str = "image/png", expires_in: int = 600
    ) -> str:
        """Return path and query of an upload link."""
        fields = self.policies.presign(
            key, mime_type=mime_type, size=size, expires_in=max(expires_in, 1), uploader=key
        )
        return LINKS.sign("/uploads/atc_1", fields, expires_at=int(time.time()) + expires_in)

    def stored(self, key: str) -> tuple[bytes, str] | None:
        """Return bytes and type of the object; None if there is none."""
        try:
            found = self.s3.get_object(Bucket=self.endpoint.bucket, Key=key)
        except ClientError as exc:
            assert exc.response["Error"]["Code"] == "NoSuchKey"
            return None
        return found["Body"].read(), found["ContentType"]

    def every_key(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.endpoint.bucket)
        return [item["Key"] for item in listed.get("Contents", ())]


@contextmanager
def serving_gateway(endpoint: Endpoint, *, stall_seconds: float = STALL_SECONDS) -> Iterator[str]:
    splicer = Splicer(endpoint)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        async with splicer:
            yield

    gateway = UploadGateway(
        LINKS, splicer, ConcurrencyLimit(1, "{most} of a user."), stall_seconds=stall_seconds
    )
    application = Starlette(
        routes=gateway.routes(),
        middleware=[Middleware(RequestIdMiddleware), Middleware(ErrorMiddleware)],
        lifespan=lifespan,
    )
    with serving(application, loop="uvloop", http="httptools") as url:
        yield url


@pytest.fixture(scope="module", params=["seaweedfs", pytest.param("minio", marks=pytest.mark.slow)])
def shared(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    fixtures = {"seaweedfs": "seaweedfs", "minio": "minio_endpoint_url"}
    store = request.getfixturevalue(fixtures[request.param])
    bucket = create_bucket(store if isinstance(store, str) else store.endpoint_url)
    s3 = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    endpoint = Endpoint(bucket.endpoint_url, bucket.name, bucket.region, "path")
    with serving_gateway(endpoint) as base_url:
        yield Gateway(base_url, endpoint, s3)
    s3.close()


@pytest.fixture
def gateway(shared: Gateway) -> Gateway:
    return shared


@pytest.fixture
def http(gateway: Gateway) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=gateway.base_url, timeout=30, limits=limits) as client:
        yield client


def error_code(response: httpx.Response) -> str:
    answer = response.json()
    assert answer["message"] == answer["error"]["message"]
    return str(answer["error"]["code"])


# What arrives


@pytest.mark.parametrize("size", [1, 100, 10_000, 65_536, MEBIBYTE + 3, 20 * MEBIBYTE])
def test_a_form_arrives_byte_for_byte(gateway: Gateway, http: httpx.Client, size: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311  - any bytes are fine
    key = gateway.new_key()
    answer = http.post(gateway.link(key, size), files={"file": ("photo.png", content, "image/png")})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"id": "atc_1", "status": "uploaded"}
    assert gateway.stored(key) == (content, "image/png")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content_type", ["image/png", "application/octet-stream", None])
@pytest.mark.parametrize("size", [1, 3 * MEBIBYTE])
def test_raw_bytes_arrive_under_the_policys_type(
    gateway: Gateway, http: httpx.Client, method: str, content_type: str | None, size: int
) -> None:
    content = b"\r\n" * (size // 2) + b"-" * (size % 2)
    key = gateway.new_key()
    headers = {"content-type": content_type} if content_type else {}
    answer = http.request(method, gateway.link(key, size), content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    assert gateway.stored(key) == (content, "image/png")


@pytest.mark.parametrize(
    "name",
    [
        'quo"te\\.png',
        "new\r\nline.png",
        "../../etc/passwd",
        "\u202egnp.exe",
        "🙂" * 5000,
        "x" * 5000,
        "${filename}",
        " ",
    ],
)
def test_a_form_arrives_with_any_file_name(gateway: Gateway, http: httpx.Client, name: str) -> None:
    key = gateway.new_key()
    answer = http.post(gateway.link(key, 4), files={"file": (name, b"data", "text/html")})
    assert answer.status_code == 200, answer.text
    assert gateway.stored(key) == (b"data", "image/png")


def form(boundary: str, content: bytes, *, before: str = "", name: str = "file") -> bytes:
    head = (
        f'{before}--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    ("boundary", "content_type"),
    [
        ("abc", "multipart/form-data; boundary=abc"),
        ("a b'():?=c", 'multipart/form-data; boundary="a b\'():?=c"'),
        ("----WebKitFormBoundaryx", 'Multipart/Form-Data; boundary="----WebKitFormBoundaryx"'),
        ("q" * 70, f"multipart/form-data; charset=utf-8; boundary={'q' * 70}"),
    ],
)
def test_every_boundary_of_the_rfc_works(
    gateway: Gateway, http: httpx.Client, boundary: str, content_type: str
) -> None:
    key = gateway.new_key()
    answer = http.post(
        gateway.link(key, 4),
        content=form(boundary, b"data"),
        headers={"content-type": content_type},
    )
    assert answer.status_code == 200, answer.text
    assert gateway.stored(key) == (b"data", "image/png")


def test_concurrent_uploads_do_not_mix(gateway: Gateway) -> None:
    contents = {gateway.new_key(): bytes([number]) * 300_000 for number in range(24)}

    async def upload_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=gateway.base_url, timeout=60) as client:
            return await asyncio.gather(
                *(
                    client.post(
                        gateway.link(key, len(content)),
                        files={"file": ("f", content, "image/png")},
                    )
                    for key, content in contents.items()
                )
            )

    assert {answer.status_code for answer in asyncio.run(upload_all())} == {200}
    for key, content in contents.items():
        assert gateway.stored(key) == (content, "image/png")


# Errors of the bucket, in words


@pytest.mark.parametrize("size", [10, 3 * MEBIBYTE])
@pytest.mark.parametrize(
    ("difference", "status", "code"),
    [(-1, 413, "attachment_too_large"), (1, 400, "upload_mismatch")],
)
def test_one_byte_more_or_less_is_rejected(
    gateway: Gateway, http: httpx.Client, size: int, difference: int, status: int, code: str
) -> None:
    content = b"x" * size
    for body in ({"files": {"file": ("f", content, "image/png")}}, {"content": content}):
        key = gateway.new_key()
        answer = http.post(gateway.link(key, size + difference), **body)
        assert (answer.status_code, error_code(answer)) == (status, code)
        assert "announced" in answer.json()["message"]
        assert gateway.stored(key) is None


def test_an_empty_file_is_rejected(gateway: Gateway, http: httpx.Client) -> None:
    key = gateway.new_key()
    answer = http.post(gateway.link(key, 5), files={"file": ("f", b"", "image/png")})
    assert (answer.status_code, error_code(answer)) == (400, "upload_mismatch")
    assert gateway.stored(key) is None


def test_a_form_without_the_file_is_rejected_in_words(gateway: Gateway, http: httpx.Client) -> None:
    key = gateway.new_key()
    answer = http.post(gateway.link(key, 4), files={"attachment": ("f", b"data", "image/png")})
    assert answer.status_code == 400, answer.text
    assert "file" in answer.json()["message"]
    assert gateway.stored(key) is None


def test_a_policy_that_the_bucket_finds_expired_is_an_expired_link(
    gateway: Gateway, http: httpx.Client
) -> None:
    key = gateway.new_key()
    fields = gateway.policies.presign(
        key, mime_type="image/png", size=4, expires_in=-60, uploader="alice"
    )
    link = LINKS.sign("/uploads/atc_1", fields, expires_at=int(time.time()) + 600)
    answer = http.post(link, files={"file": ("f", b"data", "image/png")})
    assert (answer.status_code, error_code(answer)) == (403, "link_expired")
    assert gateway.stored(key) is None


@pytest.mark.parametrize(
    "field",
    [
        ("key", "attachments/victim"),
        ("KEY", "attachments/victim"),
        ("Key", "attachments/victim"),
        ("Content-Type", "text/html"),
        ("content-type", "text/html"),
        ("policy", "eyJjb25kaXRpb25zIjpbXX0="),
        ("x-amz-signature", "0" * 64),
        ("bucket", "another"),
        ("x-amz-meta-evil", "1"),
        ("acl", "public-read"),
        ("success_action_redirect", "https://evil.example"),
        ("success_action_status", "201"),
        ("x-amz-credential", "other/20260101/us-east-1/s3/aws4_request"),
    ],
)
@pytest.mark.parametrize("size", [4, 5])
def test_fields_that_a_client_adds_do_not_weaken_the_policy(
    gateway: Gateway, http: httpx.Client, field: tuple[str, str], size: int
) -> None:
    key = gateway.new_key()
    before = set(gateway.every_key())
    added = f'--b\r\nContent-Disposition: form-data; name="{field[0]}"\r\n\r\n{field[1]}\r\n'
    answer = http.post(
        gateway.link(key, 4),
        content=form("b", b"x" * size, before=added),
        headers={"content-type": "multipart/form-data; boundary=b"},
        follow_redirects=False,
    )
    assert set(gateway.every_key()) - before <= {key}
    if answer.status_code == 200:
        assert size == 4
    assert gateway.stored(key) in ({(b"xxxx", "image/png"), None} if size == 4 else {None})


@pytest.mark.parametrize("preamble", ["\r\n", "evil", "evil\r\n", "\r\n--b\r\n"])
def test_nothing_can_be_put_between_our_fields_and_the_clients_form(
    gateway: Gateway, http: httpx.Client, preamble: str
) -> None:
    key = gateway.new_key()
    answer = http.post(
        gateway.link(key, 4),
        content=form("b", b"evil", before=preamble),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code in (400, 403) or gateway.stored(key) == (b"evil", "image/png")
    assert gateway.stored("attachments/evil") is None


# Errors before a byte is read


def ask(gateway: Gateway, target: str, *headers: str, method: str = "POST") -> httpx.Response:
    """Send the head of a request without its body, and return the answer, which must come."""
    lines = [f"{method} {target} HTTP/1.1", "Host: gateway", *headers, "", ""]
    with socket.create_connection(gateway.address, timeout=SOCKET_SECONDS) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += (received := connection.recv(65536))
            assert received, answer
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(
            dict(line.split(b": ", 1) for line in head.splitlines()[1:])[b"content-length"]
        )
        while len(body) < length:
            body += connection.recv(65536)
    return httpx.Response(int(head.split()[1]), content=body)


MULTIPART = "Content-Type: multipart/form-data; boundary=b"


def changed(link: str, **changes: str | None) -> str:
    path, _, query = link.partition("?")
    params: dict[str, str | None] = {**dict(parse_qsl(query)), **changes}
    return f"{path}?{urlencode({name: v for name, v in params.items() if v is not None})}"


@pytest.mark.parametrize(
    "edit",
    [
        lambda link: link.partition("?")[0],
        lambda link: changed(link, signature=None),
        lambda link: changed(link, signature="0" * 43),
        lambda link: changed(link, expires="9999999999"),
        lambda link: changed(link, key="attachments/other"),
        lambda link: changed(link, policy="e30="),
        lambda link: changed(link, added="1"),
        lambda link: link + "&key=attachments/other",
        lambda link: link + "&signature=x",
        lambda link: link.replace("atc_1", "atc_2"),
    ],
)
def test_an_edited_link_is_invalid_before_a_byte_is_read(
    gateway: Gateway, edit: Callable[[str], str]
) -> None:
    link = edit(gateway.link(gateway.new_key(), 4))
    answer = ask(gateway, link, MULTIPART, "Content-Length: 200")
    assert (answer.status_code, error_code(answer)) == (403, "link_invalid")


def test_an_expired_link_is_rejected_before_a_byte_is_read(gateway: Gateway) -> None:
    link = gateway.link(gateway.new_key(), 4, expires_in=-1)
    answer = ask(gateway, link, MULTIPART, "Content-Length: 200")
    assert (answer.status_code, error_code(answer)) == (403, "link_expired")
    assert "Attach the file again" in answer.json()["message"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([MULTIPART, "Transfer-Encoding: chunked"], 411, "length_required"),
        ([MULTIPART], 411, "length_required"),
        ([MULTIPART, "Content-Length: 4"], 400, "upload_mismatch"),
        ([MULTIPART, "Content-Length: 1000000"], 413, "attachment_too_large"),
        (["Content-Length: 3"], 400, "upload_mismatch"),
        (["Content-Length: 5"], 413, "attachment_too_large"),
        (["Content-Length: 0"], 400, "upload_mismatch"),
        (["Content-Type: multipart/form-data", "Content-Length: 200"], 400, "invalid_request"),
        (
            ['Content-Type: multipart/form-data; boundary="a\tb"', "Content-Length: 200"],
            400,
            "invalid_request",
        ),
    ],
)
def test_an_impossible_length_is_rejected_before_a_byte_is_read(
    gateway: Gateway, headers: list[str], status: int, code: str
) -> None:
    answer = ask(gateway, gateway.link(gateway.new_key(), 4), *headers)
    assert (answer.status_code, error_code(answer)) == (status, code)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(gateway: Gateway, method: str) -> None:
    answer = ask(gateway, gateway.link(gateway.new_key(), 4), "Content-Length: 4", method=method)
    assert answer.status_code == 405


# Clients and buckets that go away


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=b", "image/png"])
def test_a_client_that_disconnects_leaves_no_object(
    gateway: Gateway, http: httpx.Client, share: float, content_type: str
) -> None:
    content = b"x" * (8 * MEBIBYTE)
    body = form("b", content) if "multipart" in content_type else content
    key = gateway.new_key()
    link = gateway.link(key, len(content))
    head = (
        f"POST {link} HTTP/1.1\r\nHost: gateway\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(gateway.address, timeout=SOCKET_SECONDS) as connection:
        connection.sendall(head.encode() + body[: int(len(body) * share)])
    # The same link still works, because the broken upload has used up nothing of it.
    assert gateway.stored(key) is None

    def upload_again() -> httpx.Response | None:
        answer = http.post(link, content=body, headers={"content-type": content_type})
        return None if answer.status_code == 429 else answer

    answer = wait_until(upload_again)
    assert answer.status_code == 200, answer.text
    assert gateway.stored(key) == (content, "image/png")


@pytest.mark.parametrize("arrived", [b"", b"da"])
def test_a_client_that_stays_silent_is_disconnected(gateway: Gateway, arrived: bytes) -> None:
    with serving_gateway(gateway.endpoint, stall_seconds=0.2) as base_url:
        impatient = Gateway(base_url, gateway.endpoint, gateway.s3)
        key = gateway.new_key()
        head = f"POST {gateway.link(key, 4)} HTTP/1.1\r\nHost: g\r\nContent-Length: 4\r\n\r\n"
        with socket.create_connection(impatient.address, timeout=SOCKET_SECONDS) as connection:
            connection.sendall(head.encode() + arrived)
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert gateway.stored(key) is None


def test_the_upload_of_a_lost_client_is_aborted_at_the_bucket() -> None:
    with FakeBucket() as bucket, serving_gateway(bucket.endpoint) as base_url:
        gateway = Gateway(base_url, bucket.endpoint)
        link = gateway.link("k", MEBIBYTE)
        with socket.create_connection(gateway.address, timeout=SOCKET_SECONDS) as connection:
            connection.sendall(
                f"POST {link} HTTP/1.1\r\nHost: g\r\nContent-Length: {MEBIBYTE}\r\n\r\n".encode()
                + b"x" * 1000
            )
            upstream = bucket.accept()
            assert b"POST /uploads HTTP/1.1" in upstream.recv(65536)
        while upstream.recv(65536):
            pass  # the connection ends long before the announced length
        upstream.close()


class FakeBucket:
    """A listening socket on which a test plays the bucket."""

    def __enter__(self) -> "FakeBucket":
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(SOCKET_SECONDS)
        port = self._socket.getsockname()[1]
        self.endpoint = Endpoint(f"http://127.0.0.1:{port}", "uploads", "us-east-1", "path")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()

    def accept(self) -> socket.socket:
        connection, _ = self._socket.accept()
        connection.settimeout(SOCKET_SECONDS)
        return connection

    def answer(self, connection: socket.socket, status: str, body: str = "") -> None:
        """Read one whole request, then answer it."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, rest = received.partition(b"\r\n\r\n")
        missing = int(head.lower().partition(b"content-length: ")[2].split()[0]) - len(rest)
        while missing > 0:
            missing -= len(connection.recv(65536))
        self.send(connection, status, body)

    def send(self, connection: socket.socket, status: str, body: str = "") -> None:
        connection.sendall(
            f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            + (f"{len(body):x}\r\n{body}\r\n" if body else "").encode()
            + b"0\r\n\r\n"
        )


def in_background(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def xml_error(code: str, message: str = "words") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error xmlns="http://s3.amazonaws.com/doc/">'
        f"<Code>{code}</Code><Message>{message}</Message></Error>"
    )


@pytest.mark.parametrize(
    ("status", "body", "expected_status", "expected_code"),
    [
        ("400 Bad Request", xml_error("EntityTooLarge"), 413, "attachment_too_large"),
        ("400 Bad Request", xml_error("EntityTooSmall"), 400, "upload_mismatch"),
        (
            "403 Forbidden",
            xml_error("AccessDenied", "Invalid according to Policy: Policy expired."),
            *(403, "link_expired"),
        ),
        (
            "403 Forbidden",
            xml_error("AccessDenied", "Invalid according to Policy: Policy Condition failed"),
            *(400, "upload_mismatch"),
        ),
        ("403 Forbidden", xml_error("SignatureDoesNotMatch"), 403, "link_invalid"),
        ("403 Forbidden", xml_error("InvalidAccessKeyId"), 403, "link_invalid"),
        ("400 Bad Request", xml_error("ExpiredToken", "has expired"), 403, "link_invalid"),
        ("400 Bad Request", xml_error("MalformedPOSTRequest"), 400, "invalid_request"),
        ("404 Not Found", xml_error("NoSuchBucket"), 503, "bucket_unavailable"),
        ("501 Not Implemented", xml_error("NotImplemented"), 503, "bucket_unavailable"),
        ("503 Slow Down", xml_error("SlowDown"), 503, "bucket_unavailable"),
        ("507 Insufficient Storage", xml_error("XMinioStorageFull"), 507, "storage_full"),
        ("403 Forbidden", xml_error("QuotaExceeded"), 507, "storage_full"),
        ("500 Internal Server Error", "<html>oops", 503, "bucket_unavailable"),
        ("418 Teapot", "", 400, "invalid_request"),
        ("303 See Other", "", 400, "invalid_request"),
    ],
)
def test_errors_of_the_bucket_become_words(
    status: str, body: str, expected_status: int, expected_code: str
) -> None:
    with FakeBucket() as bucket, serving_gateway(bucket.endpoint) as base_url:
        gateway = Gateway(base_url, bucket.endpoint)

        def play() -> None:
            with bucket.accept() as connection:
                bucket.answer(connection, status, body)

        player = in_background(play)
        answer = httpx.post(base_url + gateway.link("k", 4), content=b"data")
        player.join()
        assert (answer.status_code, error_code(answer)) == (expected_status, expected_code)


def test_an_error_before_the_end_of_the_upload_is_passed_on() -> None:
    with FakeBucket() as bucket, serving_gateway(bucket.endpoint) as base_url:
        gateway = Gateway(base_url, bucket.endpoint)
        size = 64 * MEBIBYTE

        def play() -> None:
            with bucket.accept() as connection:
                connection.recv(65536)
                bucket.send(connection, "403 Forbidden", xml_error("SignatureDoesNotMatch"))
                with suppress(ConnectionError):
                    while connection.recv(65536):
                        pass  # like servers: closing at once would discard the answer

        player = in_background(play)
        answer = httpx.post(base_url + gateway.link("k", size), content=bytes(size))
        player.join()
        assert (answer.status_code, error_code(answer)) == (403, "link_invalid")


@pytest.mark.slow
@pytest.mark.parametrize("content_type", ["image/png", "multipart/form-data; boundary=b"])
def test_a_connection_is_kept_and_replaced_when_the_bucket_has_closed_it(
    content_type: str,
) -> None:
    body = form("b", b"data") if "multipart" in content_type else b"data"
    headers = {"content-type": content_type}
    with FakeBucket() as bucket, serving_gateway(bucket.endpoint) as base_url:
        gateway = Gateway(base_url, bucket.endpoint)

        def play() -> None:
            with bucket.accept() as connection:
                bucket.answer(connection, "200 OK")
                bucket.answer(connection, "200 OK")
                # It closes while the third request is on its way, before any answer.
                connection.recv(1)
            with bucket.accept() as connection:
                bucket.answer(connection, "200 OK")

        player = in_background(play)
        for _ in range(3):
            url = base_url + gateway.link("k", 4)
            answer = httpx.post(url, content=body, headers=headers)
            assert answer.status_code == 200, answer.text
        player.join()


@pytest.mark.slow
def test_a_bucket_that_reads_nothing_stops_the_client() -> None:
    """Backpressure: no more is read from the client than fits into the buffers."""
    with FakeBucket() as bucket, serving_gateway(bucket.endpoint) as base_url:
        clogged = Gateway(base_url, bucket.endpoint)
        size = 256 * MEBIBYTE
        link = clogged.link("k", size)
        with socket.create_connection(clogged.address, timeout=SOCKET_SECONDS) as connection:
            connection.sendall(
                f"POST {link} HTTP/1.1\r\nHost: g\r\nContent-Length: {size}\r\n\r\nx".encode()
            )
            upstream = bucket.accept()
            connection.settimeout(1)  # until nothing is read for a second
            taken, chunk = 0, bytes(MEBIBYTE)
            with pytest.raises(TimeoutError):
                while taken < size:
                    taken += connection.send(chunk)
            assert taken < 24 * MEBIBYTE
            upstream.close()


@pytest.mark.slow
def test_a_bucket_that_is_down_is_unavailable_and_works_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    server = EmbeddedSeaweedFS(
        tmp_path / "data", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY
    )
    server.start()
    try:
        s3 = boto3.client("s3", endpoint_url=server.endpoint_url, region_name="us-east-1")
        s3.create_bucket(Bucket="uploads")
        endpoint = Endpoint(server.endpoint_url, "uploads", "us-east-1", "path")
        with serving_gateway(endpoint) as base_url:
            gateway = Gateway(base_url, endpoint, s3)

            def upload() -> httpx.Response:
                return httpx.post(base_url + gateway.link("k", 4), content=b"data")

            assert upload().status_code == 200
            server.stop()

            def is_refused() -> None:
                answer = upload()
                assert (answer.status_code, error_code(answer)) == (503, "bucket_unavailable")
                assert "does not answer" in answer.json()["message"]

            assert least(lambda: seconds_of(is_refused), limit=5) < 5
            server.start()
            assert upload().status_code == 200
        s3.close()
    finally:
        server.stop()


def test_a_bucket_that_does_not_exist_is_unavailable(seaweedfs_bucket: TestBucket) -> None:
    endpoint = Endpoint(seaweedfs_bucket.endpoint_url, "does-not-exist", "us-east-1", "path")
    with serving_gateway(endpoint) as base_url:
        gateway = Gateway(base_url, endpoint)
        answer = httpx.post(base_url + gateway.link("k", 4), content=b"data")
        assert (answer.status_code, error_code(answer)) == (503, "bucket_unavailable")


def test_the_answer_is_json_without_anything_from_the_bucket(
    gateway: Gateway, http: httpx.Client
) -> None:
    answer = http.post(gateway.link(gateway.new_key(), 4), content=b"data")
    assert json.loads(answer.content) == {"id": "atc_1", "status": "uploaded"}
    assert not {name for name in answer.headers if name.startswith("x-amz")}
