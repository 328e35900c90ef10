"""Capability links to our own routes: whoever holds one may do the one thing it was made for.

The signature is an HMAC-SHA256 over path and query, keyed by SIGNING_SECRET, so every replica can
check what another one signed, and an edge gateway needs no AWS secret.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from app.errors import LinkExpired, LinkInvalid


class LinkSigner:
    """Signs and checks links. `clock` answers the time in seconds since the epoch."""

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    def sign(self, path: str, params: Mapping[str, str], *, expires_at: int) -> str:
        """`path?query` with the parameters, `expires` (epoch seconds) and `signature`."""
        pairs = [*params.items(), ("expires", str(expires_at))]
        return f"{path}?{urlencode([*pairs, ('signature', self._signature(path, pairs))])}"

    def pseudonym(self, user_id: str) -> str:
        """A name for a user that every replica gives, and that tells nobody else whose it is.

        72 bits of an HMAC: enough to tell users apart, and to be guessed by nobody without the
        secret who tries user ids.
        """
        # What `_signature` signs begins with a bracket, so neither is ever taken for the other.
        digest = hmac.digest(self._secret, b"user " + user_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:9]).decode()

    def verify(self, path: str, query: str) -> dict[str, str]:
        """The parameters, without `expires` and `signature`, of a raw query string.

        Raises `LinkInvalid` for anything that was not signed here, `LinkExpired` for what was but
        is too old.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        given = [value for name, value in pairs if name == "signature"]
        signed = [(name, value) for name, value in pairs if name != "signature"]
        if len(given) != 1 or not hmac.compare_digest(
            given[0].encode("utf-8", "replace"), self._signature(path, signed).encode()
        ):
            raise LinkInvalid
        params = dict(signed)
        if self._clock() >= int(params.pop("expires")):
            raise LinkExpired
        return params

    def _signature(self, path: str, pairs: Sequence[tuple[str, str]]) -> str:
        # Over the sorted, decoded pairs: clients that parse and rebuild the URL change the order
        # and the escapes, which means nothing. As JSON, because no two lists look alike in it.
        message = json.dumps([path, sorted(pairs)]).encode()
        digest = hmac.digest(self._secret, message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
