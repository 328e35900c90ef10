"""Authentication: each AUTH_MODE has one class that finds the user's id in a request's headers."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt
from itsdangerous import BadSignature, URLSafeSerializer

from app.errors import Unauthenticated
from app.public_keys import PublicKeys
from app.storable import is_user_id

DEV_COOKIE = "chatkit_dev_user"

# The clocks of the issuer and of this machine may differ a little.
_LEEWAY_SECONDS = 30

PUBLIC_KEY_ALGORITHMS = ("RS256", "ES256")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent a request. `claims` are those of the token, if there was one."""

    user_id: str
    claims: Mapping[str, Any] = field(default_factory=dict)


class Authenticator(Protocol):
    """Finds the user of a request. `header` is the name of the header that identifies the user."""

    @property
    def header(self) -> str: ...

    async def authenticate(
        self, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Identity:
        """Return the user. Header names are in lower case.

        Raises `Unauthenticated`, with a message for the caller.
        """
        ...


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """Return the token of `Authorization: Bearer` (RFC 6750, 2.1), or None."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


class DevAuthenticator:
    """AUTH_MODE=dev: a signed cookie, which the page sets, names the user.

    There is no sign-in, but users can't take the ids of others.
    """

    header = "cookie"

    def __init__(self, secret: bytes, *, also_accepted: Sequence[bytes] = ()) -> None:
        # The library signs with the last key and accepts all of them.
        self._serializer = URLSafeSerializer([*also_accepted, secret], salt="chatkit-dev-user")

    def issue(self) -> str:
        """Return the value of a cookie for a new user."""
        return str(self._serializer.dumps(f"dev_{secrets.token_hex(8)}"))

    def is_valid(self, cookie: str | None) -> bool:
        return cookie is not None and self._load(cookie) is not None

    async def authenticate(
        self, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Identity:
        user_id = self._load(cookies.get(DEV_COOKIE, ""))
        if user_id is None:
            raise Unauthenticated(
                "No valid dev cookie came with the request. Open the page once: it sets one."
            )
        return Identity(user_id)

    def _load(self, cookie: str) -> str | None:
        try:
            user_id = self._serializer.loads(cookie)
        except BadSignature:
            return None
        return user_id if isinstance(user_id, str) else None


class HeaderAuthenticator:
    """AUTH_MODE=header: a reverse proxy signs users in and sends their id in a header.

    The proxy must remove that header from incoming requests.
    """

    def __init__(self, header: str) -> None:
        self.header = header.lower()

    async def authenticate(
        self, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Identity:
        user_id = headers.get(self.header, "").strip()
        if not user_id:
            raise Unauthenticated(f"The proxy in front sent no {self.header} header.")
        if not is_user_id(user_id):
            raise Unauthenticated(f"The {self.header} header can't be used as a user id.")
        return Identity(user_id)


class JwtAuthenticator:
    """AUTH_MODE=jwt: `Authorization: Bearer <JWT>`, whose `sub` is the user's id.

    `key` is either a shared secret (HS256) or the issuer's public keys (RS256, ES256). Only one
    kind of algorithm is accepted, so that a public key can't be used as a shared secret (RFC 8725
    §3.1).
    """

    header = "authorization"

    def __init__(self, key: str | PublicKeys, *, audience: str | None, issuer: str | None) -> None:
        self._key = key
        self._audience = audience
        self._issuer = issuer

    async def authenticate(
        self, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Identity:
        """Return the token's `sub` and claims.

        Raises `Unavailable` if the public keys can't be fetched.
        """
        token = bearer_token(headers)
        if token is None:
            raise Unauthenticated("Send a token: `Authorization: Bearer <JWT>`.")
        try:
            claims = await self._claims(token)
        except jwt.ExpiredSignatureError as exc:
            raise Unauthenticated("The token has expired. Sign in again.") from exc
        except jwt.PyJWTError as exc:
            raise Unauthenticated(f"The token is not valid: {_in_utf8(exc)}.") from exc
        user_id = str(claims["sub"])
        if not is_user_id(user_id):
            raise Unauthenticated("The token's `sub` can't be used as a user id.")
        return Identity(user_id, claims)

    async def _claims(self, token: str) -> dict[str, Any]:
        key: Any = self._key
        algorithms = ["HS256"]
        if isinstance(self._key, PublicKeys):
            signing_key = await self._key.key_of(token)
            key = signing_key.key
            # The token chooses the key. PyJWT raises a TypeError for a key of another kind, so only
            # the key's own algorithm is allowed.
            own = signing_key.algorithm_name
            algorithms = [each for each in PUBLIC_KEY_ALGORITHMS if each == own]
        return jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=self._audience,
            issuer=self._issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
        )


def _in_utf8(problem: jwt.PyJWTError) -> str:
    """Return an error's text without lone surrogates.

    The library quotes the token. Its JSON may contain them, but a response can't.
    """
    return str(problem).encode("utf-8", "backslashreplace").decode()
