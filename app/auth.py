"""Who is asking: one authenticator per AUTH_MODE, each from request headers to a user id."""

import secrets
from collections.abc import Mapping
from typing import Any, Protocol

import anyio.to_thread
import jwt
from itsdangerous import BadSignature, URLSafeSerializer

from app.errors import Unauthenticated, Unavailable
from app.storable import is_storable

DEV_COOKIE = "chatkit_dev_user"

# Machines' clocks differ a little; tokens are not refused for that.
_LEEWAY_SECONDS = 30

_PUBLIC_KEY_ALGORITHMS = ("RS256", "ES256")


class Authenticator(Protocol):
    """Header names are lower case. Raises `Unauthenticated`, with words for the caller."""

    async def user_id(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str: ...


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """What stands behind `Authorization: Bearer` (RFC 6750, 2.1); None: nothing does."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


class DevAuthenticator:
    """A signed cookie that the page hands out: no sign-in, yet users can't take each other's id."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeSerializer(secret, salt="chatkit-dev-user")

    def issue(self) -> str:
        """A cookie value for a user who was not here before."""
        return self._dump(f"dev_{secrets.token_hex(8)}")

    def is_valid(self, cookie: str | None) -> bool:
        return cookie is not None and self._load(cookie) is not None

    async def user_id(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
        user_id = self._load(cookies.get(DEV_COOKIE, ""))
        if user_id is None:
            raise Unauthenticated(
                "No valid dev cookie came with the request. Open the page once: it sets one."
            )
        return user_id

    def _dump(self, user_id: str) -> str:
        return str(self._serializer.dumps(user_id))

    def _load(self, cookie: str) -> str | None:
        try:
            user_id = self._serializer.loads(cookie)
        except BadSignature:
            return None
        return user_id if isinstance(user_id, str) else None


class HeaderAuthenticator:
    """A reverse proxy signed the user in and puts the id into a header, which it never lets by."""

    def __init__(self, header: str) -> None:
        self._header = header.lower()

    async def user_id(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
        user_id = headers.get(self._header, "").strip()
        if not user_id:
            raise Unauthenticated(f"The proxy in front sent no {self._header} header.")
        return user_id


class JwtAuthenticator:
    """`Authorization: Bearer <JWT>`; the user id is its `sub`.

    `key` is a shared secret (HS256) or a JWKS client (RS256, ES256): never both, so that a public
    key can't be taken for a shared secret (RFC 8725 §3.1).
    """

    def __init__(
        self, key: str | jwt.PyJWKClient, *, audience: str | None, issuer: str | None
    ) -> None:
        self._key = key
        self._audience = audience
        self._issuer = issuer

    async def user_id(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
        token = bearer_token(headers)
        if token is None:
            raise Unauthenticated("Send a token: `Authorization: Bearer <JWT>`.")
        try:
            claims = await self._claims(token)
        except jwt.PyJWKClientConnectionError as exc:
            raise Unavailable("The sign-in service's keys can't be fetched right now.") from exc
        except jwt.ExpiredSignatureError as exc:
            raise Unauthenticated("The token has expired. Sign in again.") from exc
        except jwt.PyJWTError as exc:
            raise Unauthenticated(f"The token is not valid: {_in_utf8(exc)}.") from exc
        user_id = str(claims["sub"])
        if not user_id or not is_storable(user_id):
            raise Unauthenticated("The token's `sub` names nobody.")
        return user_id

    async def _claims(self, token: str) -> dict[str, Any]:
        key: Any = self._key
        algorithms = ["HS256"]
        if isinstance(self._key, jwt.PyJWKClient):
            # Fetching the key set is blocking; it is cached, so this is rare.
            signing_key = await anyio.to_thread.run_sync(self._key.get_signing_key_from_jwt, token)
            key = signing_key.key
            # The caller chooses the key: with one of another kind PyJWT raises a TypeError.
            own = signing_key.algorithm_name
            algorithms = [each for each in _PUBLIC_KEY_ALGORITHMS if each == own]
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
    """The library quotes the token, whose JSON may have lone surrogates, which no answer can."""
    return str(problem).encode("utf-8", "backslashreplace").decode()
