"""Presigns S3 URLs (SigV4 in the query): the same bytes as botocore's, some 50 times faster.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote, urlsplit

from app.errors import BucketUnavailable
from app.storage.credentials import Credentials
from app.storage.endpoint import Endpoint
from app.storage.object_keys import QUARANTINE_PREFIX

MAX_EXPIRES_SECONDS = 7 * 24 * 3600

# The largest number of URLs of one window in memory. Each takes some 600 bytes.
MAX_KEPT = 4096

Method = Literal["GET", "HEAD", "PUT", "DELETE"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


class _SigningDay(NamedTuple):
    """The part of a signature that is the same for all URLs of one day and one set of keys."""

    credentials: Credentials
    date: int
    scope: str
    key: bytes
    query_head: str
    query_token: str


_Urls = dict[tuple[Method, str, int, tuple[tuple[str, str], ...]], str]


class _Window(NamedTuple):
    """The URLs of one signing time. They are kept, because the same images are shown repeatedly."""

    signed_at: int
    day: _SigningDay
    urls: _Urls


class UrlSigner:
    """Signs URLs of one endpoint's objects, without I/O besides asking for the credentials."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Callable[[], Credentials],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._region = endpoint.region
        self._encryption_headers = endpoint.encryption_headers
        self._objects_url = endpoint.objects_url
        parts = urlsplit(self._objects_url)
        self._objects_path = parts.path
        self._host = parts.hostname or ""
        if ":" in self._host:
            self._host = f"[{self._host}]"
        if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]):
            self._host = f"{self._host}:{parts.port}"
        self._timestamp = (-1, "")
        self._day: _SigningDay | None = None
        self._window: _Window | None = None

    def presign(
        self,
        method: Method,
        key: str,
        *,
        expires_in: int,
        window_seconds: int | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """Return a URL that allows `method` on `key` for at most `expires_in` seconds.

        With `window_seconds`, the signing time is rounded down to a multiple of it: the URL is the
        same for that long, and valid for at least `expires_in - window_seconds`. It expires earlier
        if the credentials do. `headers` must be sent exactly as given. `query` overrides response
        headers (`response-content-disposition` …).

        Raises `ValueError` for times that S3 rejects and for what is in quarantine, and
        `BucketUnavailable` without credentials.
        """
        if key.startswith(QUARANTINE_PREFIX):
            raise ValueError("no link leads into the quarantine")
        if not 1 <= expires_in <= MAX_EXPIRES_SECONDS:
            raise ValueError(f"expires_in must be 1 to {MAX_EXPIRES_SECONDS} seconds")
        if window_seconds and window_seconds >= expires_in:
            raise ValueError("the window must be shorter than the URL's life")
        signed_at = int(self._clock())
        if window_seconds:
            signed_at -= signed_at % window_seconds
        credentials = self._credentials()
        expires_in = self._limited(expires_in, signed_at, credentials)
        day = self._day_of(signed_at, credentials)
        given = tuple(query.items()) if query else ()
        if not window_seconds or headers:
            return self._sign(method, key, signed_at, expires_in, day, headers, given)
        urls = self._urls_of(signed_at, day)
        wanted = (method, key, expires_in, given)
        if wanted not in urls:
            urls[wanted] = self._sign(method, key, signed_at, expires_in, day, None, given)
        return urls[wanted]

    def upload_headers(self, mime_type: str) -> dict[str, str]:
        """Return the headers that an upload by PUT has to send, besides its Content-Length.

        `presign` signs them when they are given to it.
        """
        return {"Content-Type": mime_type, "If-None-Match": "*", **self._encryption_headers}

    def _limited(self, expires_in: int, signed_at: int, credentials: Credentials) -> int:
        """Return how many seconds a URL is valid: never longer than its credentials."""
        if credentials.expires_at is None:
            return expires_in
        limited = min(expires_in, int(credentials.expires_at) - signed_at)
        if signed_at + limited <= self._clock():
            raise BucketUnavailable("The storage credentials have expired.")
        return limited

    def _day_of(self, signed_at: int, credentials: Credentials) -> _SigningDay:
        day = self._day
        if day is None or day.date != signed_at // 86400 or day.credentials is not credentials:
            day = self._day = self._signing_day(credentials, signed_at)
        return day

    def _urls_of(self, signed_at: int, day: _SigningDay) -> _Urls:
        """Return the URLs of the current window; an empty dict if it is new or had too many."""
        window = self._window
        if (
            window is None
            or window.signed_at != signed_at
            or window.day is not day
            or len(window.urls) > MAX_KEPT
        ):
            window = self._window = _Window(signed_at, day, {})
        return window.urls

    def _sign(
        self,
        method: Method,
        key: str,
        signed_at: int,
        expires_in: int,
        day: _SigningDay,
        headers: Mapping[str, str] | None,
        query: tuple[tuple[str, str], ...],
    ) -> str:
        timestamp = self._format(signed_at)
        encoded_key = quote(key, safe="/~")
        if headers:
            canonical_headers, signed_headers = self._canonical_headers(headers)
        else:
            canonical_headers, signed_headers = f"host:{self._host}\n", "host"
        lead = f"{day.query_head}{timestamp}&X-Amz-Expires={expires_in}"
        names = f"&X-Amz-SignedHeaders={signed_headers}"
        # The URL has botocore's order of parameters; the signed query is sorted by name.
        url_query = f"{lead}{names}{day.query_token}"
        canonical_query = f"{lead}{day.query_token}{names}"
        if query:
            given, given_sorted, is_last = _encoded_query(query)
            url_query = f"{given}&{url_query}"
            if is_last:
                canonical_query = f"{canonical_query}&{given_sorted}"
            else:
                canonical_query = _sorted_by_name(url_query)

        canonical_request = (
            f"{method}\n{self._objects_path}{encoded_key}\n{canonical_query}\n"
            f"{canonical_headers}\n{signed_headers.replace('%3B', ';')}\nUNSIGNED-PAYLOAD"
        )
        digest = hashlib.sha256(canonical_request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{timestamp}\n{day.scope}\n{digest}"
        signature = hmac.digest(day.key, text.encode(), "sha256").hex()
        return f"{self._objects_url}{encoded_key}?{url_query}&X-Amz-Signature={signature}"

    def _signing_day(self, credentials: Credentials, signed_at: int) -> _SigningDay:
        date = self._format(signed_at)[:8]
        key = b"AWS4" + credentials.secret_key.encode()
        for step in (date, self._region, "s3", "aws4_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        scope = f"{date}/{self._region}/s3/aws4_request"
        credential = _encode(f"{credentials.access_key}/{scope}")
        return _SigningDay(
            credentials=credentials,
            date=signed_at // 86400,
            scope=scope,
            key=key,
            query_head=(
                f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date="
            ),
            query_token=(
                f"&X-Amz-Security-Token={_encode(credentials.token)}"
                if credentials.token is not None
                else ""
            ),
        )

    def _format(self, moment: int) -> str:
        known, text = self._timestamp
        if known != moment:
            text = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
            self._timestamp = (moment, text)
        return text

    def _canonical_headers(self, headers: Mapping[str, str]) -> tuple[str, str]:
        """Return the headers as they are signed, and their names as the query has them."""
        lines = {name.strip().lower(): " ".join(value.split()) for name, value in headers.items()}
        lines["host"] = self._host
        names = sorted(lines)
        return "".join(f"{name}:{lines[name]}\n" for name in names), "%3B".join(names)


@lru_cache(maxsize=256)
def _encoded_query(query: tuple[tuple[str, str], ...]) -> tuple[str, str, bool]:
    """Return the query as given, sorted by name, and whether it sorts behind SigV4's parameters."""
    given = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in query)
    return given, _sorted_by_name(given), min(_encode(name) for name, _ in query) > "X-Amz-~"


def _sorted_by_name(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&"))
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
