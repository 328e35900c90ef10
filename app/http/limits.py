"""How much one caller may ask for: sizes of a request, requests a minute, things at once.

Counts of things at once are kept by each replica for itself. Requests a minute are too, unless
RATE_LIMIT_STORAGE_URL names a place where replicas share the count.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil

from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import HeadersTooLarge, RateLimited, RequestTooLarge, UrlTooLong

logger = logging.getLogger(__name__)

# An upload link has about 1,000 characters, most of them the signed policy.
MAX_URL_BYTES = 8 * 1024
MAX_HEADER_BYTES = 32 * 1024

# Where replicas keep the count for themselves. The library's own names for all other places.
IN_PROCESS = "memory://"


class RequestSizes:
    """Refuses URLs, headers and bodies that no caller of this service needs.

    `max_body_bytes` is for everything but `streamed_paths`, prefixes of routes that pass bodies on
    and know how long each may be.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, streamed_paths: Sequence[str]) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._streamed_paths = tuple(streamed_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL_BYTES:
            raise UrlTooLong
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            raise HeadersTooLarge
        if scope["path"].startswith(self._streamed_paths):
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max_body_bytes:
            raise self._too_large()
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                raise self._too_large()
            return message

        await self._app(scope, receive_within_limit, send)

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(
            f"The request is larger than {self._max_body_bytes // 1024:,} KiB. Files are attached,"
            " not sent inside a message."
        )


class RequestRate:
    """So many requests of each user in so much time, over a window that slides."""

    def __init__(self, rate: str, storage_url: str | None = None) -> None:
        """`rate` as in "600/minute"; `storage_url` as in "redis://host:6379".

        Raises ValueError for a rate that means nothing, `ConfigurationError` of the library for a
        place that it does not know or lacks the driver of.
        """
        self._rate: RateLimitItem = parse(rate)
        url = storage_url or IN_PROCESS
        # The library prefers another Redis client, which pins packages that others need newer.
        options = {"implementation": "redispy"} if url.startswith("redis") else {}
        self._storage = storage_from_string(f"async+{url}", wrap_exceptions=True, **options)
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    async def check(self, user_id: str) -> None:
        """Count a request. Raises `RateLimited` with the seconds to wait.

        When the shared count can't be reached everyone is let in: a limit must not be an outage.
        """
        try:
            if await self._limiter.hit(self._rate, user_id):
                return
            stats = await self._limiter.get_window_stats(self._rate, user_id)
        except StorageError as problem:
            logger.warning("requests are not limited: their count can't be kept (%s)", problem)
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
            # The library has no way to do it.
            await self._storage.bridge.storage.aclose()  # type: ignore[attr-defined] # redispy's


class ConcurrencyLimit:
    """Things of one kind that a key, a user or a link, may have under way at the same time."""

    def __init__(self, most: int, message: str) -> None:
        """`message` is for who wants more; `{most}` in it becomes the number."""
        self._most = most
        self._message = message.format(most=most)
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def slot(self, key: str) -> Iterator[None]:
        """Holds a place while inside. Raises `RateLimited` when none is free."""
        if self._under_way[key] >= self._most:
            raise RateLimited(self._message, retry_after_seconds=1)
        self._under_way[key] += 1
        try:
            yield
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
