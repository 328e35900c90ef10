"""The public keys of the issuer of tokens (JWKS, RFC 7517), fetched when they are needed."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException

import anyio.to_thread
import jwt
from anyio import CapacityLimiter

from app.errors import Unavailable

logger = logging.getLogger(__name__)

# A key that the issuer has withdrawn is accepted for this long at most. After half of it the keys
# are fetched again, while requests go on with those that are known.
MAX_AGE_SECONDS = 300
_REFRESH_SECONDS = MAX_AGE_SECONDS / 2
# Anybody can send tokens that name an unknown key, so they cause at most one fetch in this time.
COOLDOWN_SECONDS = 10
_FETCH_SECONDS = 5


class FetchFailed(Exception):
    """The keys can't be fetched. The message is a clause for operators."""


async def fetch_keys(client: jwt.PyJWKClient) -> Mapping[str | None, jwt.PyJWK]:
    """Return the keys that `client` finds at its URL, by their id. Raises `FetchFailed`."""
    try:
        async with asyncio.timeout(2 * _FETCH_SECONDS):
            # The library blocks, so it runs in a thread. The limiter is its own, so that other
            # work does not wait for it.
            found = await anyio.to_thread.run_sync(
                lambda: client.get_signing_keys(refresh=True),
                abandon_on_cancel=True,
                limiter=CapacityLimiter(1),
            )
    except (jwt.PyJWTError, HTTPException, OSError, ValueError) as problem:
        # Only some errors of the connection, and none of an answer that is not JSON, are PyJWT's.
        raise FetchFailed(str(problem) or "timeout") from problem
    return {key.key_id: key for key in found if key.key_id}


def new_client(url: str) -> jwt.PyJWKClient:
    """Return a client of this URL that keeps no keys."""
    return jwt.PyJWKClient(url, cache_jwk_set=False, timeout=_FETCH_SECONDS)


class PublicKeys:
    """Keys by their id. All requests share one fetch at a time.

    Only requests that name an unknown key wait for a fetch. `clock` returns seconds.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = new_client(url)
        self._clock = clock
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetch: asyncio.Task[None] | None = None

    async def key_of(self, token: str) -> jwt.PyJWK:
        """Return the key that the token names in its header.

        Raises `jwt.PyJWTError` if there is none, and `Unavailable` if no keys can be fetched.
        """
        key_id = jwt.get_unverified_header(token).get("kid")
        key = self._known().get(key_id)
        if key is None:
            await self._refreshed()
            key = self._known().get(key_id)
        elif self._clock() - self._fetched_at > _REFRESH_SECONDS:
            self._begin_fetch()
        if key is None:
            raise jwt.InvalidKeyError("its key is not one of the issuer's")
        return key

    def _known(self) -> Mapping[str | None, jwt.PyJWK]:
        """Return the keys that are not too old to be used."""
        return self._keys if self._clock() - self._fetched_at < MAX_AGE_SECONDS else {}

    async def _refreshed(self) -> None:
        self._begin_fetch()
        if self._fetch is not None:
            await asyncio.shield(self._fetch)
        if not self._known():
            raise Unavailable("The sign-in service's keys can't be fetched right now.")

    def _begin_fetch(self) -> None:
        """Start a fetch, unless one is under way or began less than COOLDOWN_SECONDS ago."""
        if self._fetch is None and self._clock() - self._tried_at >= COOLDOWN_SECONDS:
            self._tried_at = self._clock()
            self._fetch = asyncio.create_task(self._fetch_keys())

    async def _fetch_keys(self) -> None:
        begun = self._clock()
        try:
            self._keys = await fetch_keys(self._client)
            self._fetched_at = begun
        except FetchFailed as problem:
            logger.warning("the keys of JWT_JWKS_URL can't be fetched: %s", problem)
        finally:
            self._fetch = None
