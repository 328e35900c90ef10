"""Who is asking, by each AUTH_MODE."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.auth import DEV_COOKIE, DevAuthenticator, HeaderAuthenticator, JwtAuthenticator
from app.errors import Unauthenticated, Unavailable
from app.public_keys import PublicKeys

SECRET = "a shared secret of more than 32 bytes"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def claims(**changes: Any) -> dict[str, Any]:
    given = {"sub": "alice", "exp": time.time() + 60, "aud": "chat", "iss": "https://login"}
    return {name: value for name, value in (given | changes).items() if value is not None}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def shared_secret() -> JwtAuthenticator:
    return JwtAuthenticator(SECRET, audience="chat", issuer="https://login")


async def test_a_token_signed_with_the_shared_secret_names_its_subject() -> None:
    token = jwt.encode(claims(), SECRET, algorithm="HS256")
    assert (await shared_secret().authenticate(bearer(token), {})).user_id == "alice"


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": time.time() - 120},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "nul\0"},
        {"sub": "x" * 256},
        {"sub": "lone surrogate \ud800"},
        {"aud": "other"},
        {"aud": None},
        {"iss": "https://evil"},
        {"nbf": time.time() + 3600},
    ],
)
async def test_other_claims_are_rejected(changes: dict[str, Any]) -> None:
    token = jwt.encode(claims(**changes), SECRET, algorithm="HS256")
    with pytest.raises(Unauthenticated):
        await shared_secret().authenticate(bearer(token), {})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer not.a.token",
        f"Bearer {jwt.encode(claims(), 'another secret of more than 32 bytes', algorithm='HS256')}",
        f"Bearer {jwt.encode(claims(), '', algorithm='none')}",
    ],
)
async def test_an_invalid_token_is_rejected(header: str) -> None:
    with pytest.raises(Unauthenticated):
        await shared_secret().authenticate({"authorization": header}, {})


@pytest.mark.parametrize("named", [{"crit": ["\ud800"]}, {"kid": "\ud800"}])
async def test_an_error_that_quotes_a_token_can_be_sent(
    jwks_url: str, named: dict[str, Any]
) -> None:
    token = jwt.encode(claims(), SECRET[::-1], algorithm="HS256", headers=named)
    by_key_set = JwtAuthenticator(PublicKeys(jwks_url), audience=None, issuer=None)
    for authenticator in (shared_secret(), by_key_set):
        with pytest.raises(Unauthenticated) as rejected:
            await authenticator.authenticate(bearer(token), {})
        assert rejected.value.message.encode()


@pytest.fixture(scope="module")
def jwks_url() -> Iterator[str]:
    keys = [
        json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key())) | {"kid": "rsa", "alg": "RS256"},
        json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())) | {"kid": "ec", "alg": "ES256"},
    ]

    class KeySet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": keys}).encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), KeySet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("key", "key_id", "algorithm"), [(RSA_KEY, "rsa", "RS256"), (EC_KEY, "ec", "ES256")]
)
async def test_tokens_are_checked_against_the_key_set(
    jwks_url: str, key: Any, key_id: str, algorithm: str
) -> None:
    authenticator = JwtAuthenticator(PublicKeys(jwks_url), audience=None, issuer=None)
    token = jwt.encode(claims(aud=None), key, algorithm=algorithm, headers={"kid": key_id})
    assert (await authenticator.authenticate(bearer(token), {})).user_id == "alice"


async def test_a_public_key_is_never_taken_for_a_shared_secret(jwks_url: str) -> None:
    authenticator = JwtAuthenticator(PublicKeys(jwks_url), audience=None, issuer=None)
    token = jwt.encode(claims(), SECRET, algorithm="HS256", headers={"kid": "rsa"})
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(bearer(token), {})


async def test_a_key_is_used_for_its_own_algorithm_only(jwks_url: str) -> None:
    authenticator = JwtAuthenticator(PublicKeys(jwks_url), audience=None, issuer=None)
    for key, algorithm, named in ((RSA_KEY, "RS256", "ec"), (EC_KEY, "ES256", "rsa")):
        token = jwt.encode(claims(aud=None), key, algorithm=algorithm, headers={"kid": named})
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(bearer(token), {})


async def test_a_key_set_that_can_not_be_fetched_is_not_the_callers_fault() -> None:
    keys = PublicKeys("http://127.0.0.1:1/jwks.json")
    authenticator = JwtAuthenticator(keys, audience=None, issuer=None)
    token = jwt.encode(claims(), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
    with pytest.raises(Unavailable):
        await authenticator.authenticate(bearer(token), {})


async def test_the_proxys_header_names_the_user() -> None:
    authenticator = HeaderAuthenticator("X-Forwarded-User")
    assert (await authenticator.authenticate({"x-forwarded-user": "alice"}, {})).user_id == "alice"
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate({"x-forwarded-user": " "}, {})
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate({"x-forwarded-user": "x" * 256}, {})


async def test_the_dev_cookie_is_signed_and_new_for_each_visitor() -> None:
    authenticator = DevAuthenticator(b"secret")
    first, second = authenticator.issue(), authenticator.issue()
    assert first != second
    assert authenticator.is_valid(first) and not authenticator.is_valid(first + "x")
    user_id = (await authenticator.authenticate({}, {DEV_COOKIE: first})).user_id
    assert user_id.startswith("dev_")
    for cookies in ({}, {DEV_COOKIE: user_id}, {DEV_COOKIE: DevAuthenticator(b"x").issue()}):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate({}, cookies)


async def test_a_dev_cookie_outlives_the_replacement_of_the_secret() -> None:
    cookie = DevAuthenticator(b"old").issue()
    during = DevAuthenticator(b"new", also_accepted=[b"old"])
    assert during.is_valid(cookie)
    after = DevAuthenticator(b"new")
    assert after.is_valid(during.issue()) and not after.is_valid(cookie)
