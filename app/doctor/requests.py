"""Sends signed and unsigned HTTP requests as a browser does."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

import httpx2

from app.storage.codes import Meaning, meaning_of
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.post import PostPolicySigner
from app.storage.signing import Method, UrlSigner

_LINK_SECONDS = 300
# Methods that a preflight need not list (Fetch standard, CORS-safelisted method).
_SAFELISTED = ("GET", "HEAD", "POST")
_CODE = re.compile(rb"<Code>([^<]{1,100})</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]{1,300})</Message>")


class Unreachable(Exception):
    """There was no response. The message says why."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response. `code` is the S3 error code of its XML body, or empty."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        found = _CODE.search(self.body)
        return found[1].decode(errors="replace") if found else ""

    @property
    def meaning(self) -> Meaning:
        """What the store's code means."""
        return meaning_of(self.code, self.status)

    @property
    def words(self) -> str:
        """The response for a person, without signed values: `403 AccessDenied (Access Denied)`."""
        message = _MESSAGE.search(self.body)
        detail = f" ({message[1].decode(errors='replace').strip()})" if message else ""
        return f"{self.status} {self.code}{detail}".strip()

    def lets_in(self, origin: str) -> bool:
        """Return whether a browser lets a page of `origin` read this (without credentials)."""
        return self.headers.get("access-control-allow-origin") in ("*", origin)


def new_client() -> httpx2.AsyncClient:
    """Return a client that behaves like a browser: no proxy settings, no .netrc, no redirects."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(10, connect=5), follow_redirects=False, trust_env=False
    )


async def request(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    form: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Send one request. Redirects are not followed. Raises `Unreachable`."""
    try:
        response = await http.request(
            method, url, headers=headers, content=body, files=files, data=form
        )
    except httpx2.HTTPError as exc:
        raise Unreachable(_why(exc, url)) from exc
    return HttpResponse(response.status_code, response.headers, response.content)


def preflight_headers(origin: str, method: str, headers: str) -> dict[str, str]:
    """Return the headers of the preflight for `method` with `headers` from a page of `origin`."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


def allows(answer: HttpResponse, origin: str, method: str, headers: str) -> bool:
    """Return whether this answer to a preflight permits the request (Fetch, CORS-preflight)."""
    methods = _listed(answer, "access-control-allow-methods")
    allowed = _listed(answer, "access-control-allow-headers")
    wanted = {name.strip() for name in headers.split(",") if name.strip()}
    return (
        answer.is_success
        and answer.lets_in(origin)
        and (method in _SAFELISTED or "*" in methods or method.lower() in methods)
        and ("*" in allowed or wanted <= allowed)
    )


def _listed(answer: HttpResponse, header: str) -> set[str]:
    return {part.strip().lower() for part in answer.headers.get(header, "").split(",")}


def _why(exc: httpx2.HTTPError, url: str) -> str:
    host = urlsplit(url).netloc
    if isinstance(exc, httpx2.TimeoutException):
        return f"{host} did not answer in time"
    if isinstance(exc, httpx2.ConnectError):
        return f"no connection to {host} ({exc or 'refused'})"
    return f"the connection to {host} broke ({exc or type(exc).__name__})"


@dataclass
class BucketProbe:
    """Sends presigned requests to one endpoint of the bucket, as browsers do.

    `written` collects the keys of objects that may exist now, to delete them at the end.
    """

    endpoint: Endpoint
    credentials: SessionCredentials
    http: httpx2.AsyncClient
    written: set[str] = field(default_factory=set)

    async def send(
        self,
        method: Method,
        key: str,
        *,
        signed_headers: Mapping[str, str] | None = None,
        sent_headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> HttpResponse:
        """Send a presigned request. `sent_headers` replace signed ones of the same name.

        An empty `key` addresses the bucket itself. Raises `Unreachable`, and `BucketUnavailable`
        if there are no credentials.
        """
        signed = dict(signed_headers or {})
        if method == "PUT":
            signed |= self.endpoint.encryption_headers
        url = self.url(method, key, headers=signed, query=query, clock=clock)
        headers = signed | dict(sent_headers or {})
        headers.pop("content-length", None)
        if method == "PUT":
            self.written.add(key)
        return await request(self.http, method, url, headers=headers, body=body)

    async def post(
        self,
        key: str,
        content: bytes,
        *,
        mime_type: str,
        origin: str,
        signed_size: int | None = None,
        changed_fields: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a presigned multipart POST from a page of `origin`, as a browser's form does."""
        fields = self.policies.presign(
            key,
            mime_type=mime_type,
            size=len(content) if signed_size is None else signed_size,
            expires_in=_LINK_SECONDS,
        ) | dict(changed_fields or {})
        self.written.add(fields["key"])
        return await request(
            self.http,
            "POST",
            self.endpoint.bucket_url.geturl(),
            headers={"Origin": origin},
            form=fields,
            files={"file": ("doctor.txt", content, mime_type)},
        )

    def url(
        self,
        method: Method,
        key: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> str:
        return self.signer(clock or time.time).presign(
            method, key, expires_in=_LINK_SECONDS, headers=headers, query=query
        )

    @cached_property
    def policies(self) -> PostPolicySigner:
        return PostPolicySigner(self.endpoint, self.credentials)

    def signer(self, clock: Callable[[], float] = time.time) -> UrlSigner:
        return UrlSigner(self.endpoint, self.credentials, clock=clock)
