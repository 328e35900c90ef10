"""Limits for callers: the size of a request, requests per time, and concurrent requests.

Each replica counts concurrent requests for itself, and also requests per time, unless
RATE_LIMIT_STORAGE_URL names a server at which replicas share that count.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import paths
from app.errors import (
    HeadersTooLarge,
    Misconfigured,
    Overloaded,
    RateLimited,
    RequestTooLarge,
    UrlTooLong,
)
from app.http.asgi import HttpMiddleware, own_path
from app.settings.limits import LimitSettings
from app.telemetry.logs import without_secrets

logger = logging.getLogger(__name__)

# An upload link has about 1,000 characters, most of them in the signed policy.
MAX_URL_BYTES = 8 * 1024
MAX_HEADER_BYTES = 32 * 1024

# A minute of speech has about a MiB. Apart from uploads, only dictation needs large requests.
MAX_DICTATION_BYTES = 8 * 1024 * 1024

_IN_PROCESS = "memory://"


class RequestSizes(HttpMiddleware):
    """Rejects URLs, headers and bodies that are larger than any caller of this service needs.

    `max_body_bytes` does not apply to paths.STREAMED, where each body has a limit of its own. At
    the ChatKit endpoint it does not apply to dictation, so the endpoint checks it itself.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        super().__init__(app)
        self._max_body_bytes = max_body_bytes

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
            raise UrlTooLong
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            raise HeadersTooLarge
        if own_path(scope).startswith(paths.STREAMED):
            await self._app(scope, receive, send)
            return
        most = self._max_body_bytes
        if scope["path"] == paths.CHATKIT:
            most = max(most, MAX_DICTATION_BYTES)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            raise request_too_large(self._max_body_bytes)
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise request_too_large(self._max_body_bytes)
            return message

        await self._app(scope, receive_within_limit, send)


def request_too_large(max_bytes: int) -> RequestTooLarge:
    """Return the error for a request beyond MAX_REQUEST_BYTES."""
    return RequestTooLarge(
        f"The request is larger than {max_bytes // 1024:,} KiB. Attach files instead of sending"
        " them inside a message."
    )


class RequestRate:
    """Limits the requests of each user over a sliding window."""

    def __init__(self, settings: LimitSettings) -> None:
        """Make no connection yet. Raises `Misconfigured` if the rate or storage can't be used."""
        url = _IN_PROCESS
        if settings.rate_limit_storage_url is not None:
            url = settings.rate_limit_storage_url.get_secret_value()
        # By default the library uses another Redis client, which pins older versions of packages
        # that are needed in newer ones.
        options = {"implementation": "redispy"} if url.startswith("redis") else {}
        try:
            self._rate: RateLimitItem = parse(settings.request_rate)
            self._storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **options)
        except (ValueError, ConfigurationError) as exc:
            raise Misconfigured(
                f"USER_REQUEST_RATE={settings.request_rate!r} or RATE_LIMIT_STORAGE_URL can't be"
                f" used: {without_secrets(str(exc))}."
            ) from exc
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    async def check(self, user_id: str) -> None:
        """Count a request. Raises `RateLimited` with the seconds to wait.

        While the shared count can't be reached, every request passes: the limit must not cause an
        outage.
        """
        try:
            if await self._limiter.hit(self._rate, user_id):
                return
            stats = await self._limiter.get_window_stats(self._rate, user_id)
        except StorageError as problem:
            logger.warning("requests are not limited: they can't be counted (%s)", problem)
            return
        seconds = max(1, ceil(stats.reset_time - time.time()))
        raise RateLimited(
            f"You sent more than {self._rate.amount} requests in a"
            f" {self._rate.GRANULARITY.name}. Wait {seconds} seconds and try again.",
            retry_after_seconds=seconds,
        )

    async def close(self) -> None:
        """Close the connections to the shared count, if there are any."""
        if isinstance(self._storage, RedisStorage):
            # The library has no method for it.
            await self._storage.bridge.storage.aclose()  # type: ignore[attr-defined] # redispy's


class ConcurrencyLimit:
    """Limits what one key, a user or a link, may have under way at the same time.

    `message` is that of the error; `{most}` in it is replaced by the limit.
    """

    def __init__(self, most: int, message: str) -> None:
        self._most = most
        self._message = message.format(most=most)
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def slot(self, key: str) -> Iterator[None]:
        """Occupy a slot while the context is entered. Raises `RateLimited` if none is free."""
        if self._under_way[key] >= self._most:
            raise RateLimited(self._message, retry_after_seconds=1)
        self._under_way[key] += 1
        try:
            yield
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]


class AnswerLimit:
    """Limits the answers under way: `most_of_one` for each user, `most` for all users together."""

    def __init__(self, *, most_of_one: int, most: int) -> None:
        self._of_users = ConcurrencyLimit(
            most_of_one,
            "You have {most} answers under way. Wait until one has ended, then send again.",
        )
        self._most = most
        self._under_way = 0

    @contextmanager
    def slot(self, user_id: str) -> Iterator[None]:
        """Occupy a slot while the context is entered. Raises `RateLimited` and `Overloaded`."""
        with self._of_users.slot(user_id):
            if self._under_way >= self._most:
                raise Overloaded
            self._under_way += 1
            try:
                yield
            finally:
                self._under_way -= 1
