"""The settings of sign-in, and the secrets behind it."""

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import SettingsGroup

AuthMode = Literal["dev", "jwt", "header"]

# RFC 7518, 3.2: a key of HS256 has 256 bits or more. A shorter one can be guessed from a token.
MIN_SECRET_CHARACTERS = 32


class SignInSettings(SettingsGroup):
    """Sign-in and secrets."""

    mode: AuthMode = Field("jwt", alias="AUTH_MODE")
    """`jwt` takes a bearer token. `header` trusts a proxy that signs users in. `dev` needs no
    sign-in: a cookie makes each browser a user of its own."""

    jwt_secret: SecretStr | None = Field(None, alias="JWT_SECRET", min_length=MIN_SECRET_CHARACTERS)
    """The secret that is shared with the issuer of the tokens (HS256). AUTH_MODE=jwt needs either
    this or JWT_JWKS_URL."""

    jwt_jwks_url: str | None = Field(None, alias="JWT_JWKS_URL")
    """The URL at which the issuer publishes its public keys (RS256, ES256)."""

    jwt_audience: str | None = Field(None, alias="JWT_AUDIENCE")
    """The `aud` that a token must have. Set it, so that tokens for other services are rejected."""

    jwt_issuer: str | None = Field(None, alias="JWT_ISSUER")
    """The `iss` that a token must have."""

    header: str = Field("x-forwarded-user", alias="AUTH_HEADER")
    """The header in which the proxy of AUTH_MODE=header sends the user's id. The proxy must remove
    it from incoming requests."""

    signing_secret: SecretStr | None = Field(
        None, alias="SIGNING_SECRET", min_length=MIN_SECRET_CHARACTERS
    )
    """Signs links to this service, receipts, and the cookies of AUTH_MODE=dev: random characters
    (`openssl rand -base64 32`), the same on every replica. Empty: derived from the secret key of
    the bucket; `make run` creates one and keeps it."""

    signing_secret_previous: SecretStr | None = Field(
        None, alias="SIGNING_SECRET_PREVIOUS", min_length=MIN_SECRET_CHARACTERS
    )
    """Links and cookies that it has signed are accepted too, so that none breaks while
    SIGNING_SECRET is replaced: see docs/operations.md."""

    admin_token: SecretStr | None = Field(None, alias="ADMIN_TOKEN", min_length=16)
    """Requests with this bearer token may list the threads of all users at /v1/chatkit/threads,
    and erase users. Empty: nobody may."""
