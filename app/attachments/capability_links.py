"""Capability links to routes of this service: a signed URL is the permission for one action.

The signature is an HMAC-SHA256 over path and query, keyed by SIGNING_SECRET. Every replica can
check the links of the others, and an edge gateway needs no AWS secret.
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
    """Signs and checks links. `clock` returns the time in seconds since the epoch.

    Links that were signed with one of `also_accepted` are valid as well.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        also_accepted: Sequence[bytes] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secret = secret
        self._accepted = (secret, *also_accepted)
        self._clock = clock

    def sign(self, path: str, params: Mapping[str, str], *, expires_at: int) -> str:
        """Return `path?query` with `params`, `expires` (epoch seconds) and `signature`."""
        pairs = [*params.items(), ("expires", str(expires_at))]
        signature = _signature(self._secret, path, pairs)
        return f"{path}?{urlencode([*pairs, ('signature', signature)])}"

    def pseudonym(self, user_id: str) -> str:
        """Return a name for a user that is the same on every replica.

        It can't be computed from user ids without the secret. It has 72 bits of an HMAC, which is
        enough to distinguish users.
        """
        # The texts that `_signature` signs begin with a bracket, so none of them equals this one.
        digest = hmac.digest(self._secret, b"user " + user_id.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:9]).decode()

    def verify(self, path: str, query: str) -> dict[str, str]:
        """Return the parameters of a raw query string, without `expires` and `signature`.

        Raises `LinkInvalid` if it was not signed here, `LinkExpired` if it is too old.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        given = [value for name, value in pairs if name == "signature"]
        signed = [(name, value) for name, value in pairs if name != "signature"]
        if len(given) != 1 or not self._is_accepted(given[0], path, signed):
            raise LinkInvalid
        params = dict(signed)
        if self._clock() >= int(params.pop("expires")):
            raise LinkExpired
        return params

    def _is_accepted(self, signature: str, path: str, pairs: Sequence[tuple[str, str]]) -> bool:
        given = signature.encode("utf-8", "replace")
        return any(
            hmac.compare_digest(given, _signature(secret, path, pairs).encode())
            for secret in self._accepted
        )


def _signature(secret: bytes, path: str, pairs: Sequence[tuple[str, str]]) -> str:
    # The pairs are decoded and sorted, because clients that parse and rebuild a URL change their
    # order and escapes. They are signed as JSON, in which different lists have different texts.
    message = json.dumps([path, sorted(pairs)]).encode()
    digest = hmac.digest(secret, message, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
