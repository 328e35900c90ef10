"""Withdrawn keys end, and strangers can't stop the sign-in of others."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from app.doctor.deployment import Deployment, deployment_of
from app.doctor.report import Problem
from app.doctor.sign_in_checks import public_keys
from app.errors import Unavailable
from app.public_keys import COOLDOWN_SECONDS, MAX_AGE_SECONDS, PublicKeys
from app.settings.environment import Settings
from tests.waiting import wait_until_async

KEY = ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """A JWKS endpoint. `fetches` counts the requests; while `answers` is not set, it hangs."""

    def __init__(self) -> None:
        self.key_ids = ["first"]
        self.fetches = 0
        self.answers = threading.Event()
        self.answers.set()
        self.status = 200
        self.body: bytes | None = None
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                issuer.answers.wait()
                keys = [
                    json.loads(ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": kid, "alg": "ES256"}
                    for kid in issuer.key_ids
                ]
                self.send_response(issuer.status)
                self.end_headers()
                self.wfile.write(issuer.body or json.dumps({"keys": keys}).encode())

            def log_message(self, format: str, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever)
    thread.start()
    yield issuer
    issuer.answers.set()
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> PublicKeys:
    return PublicKeys(issuer.url, clock=clock)


def token(key_id: str = "first") -> str:
    claims = {"sub": "alice", "exp": time.time() + 60}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": key_id})


async def test_a_withdrawn_key_ends_within_five_minutes(
    issuer: Issuer, keys: PublicKeys, clock: Clock
) -> None:
    await keys.key_of(token())
    issuer.key_ids = ["second"]
    clock.now += 300
    with pytest.raises(jwt.InvalidKeyError):
        await keys.key_of(token())
    assert MAX_AGE_SECONDS <= 300
    assert (await keys.key_of(token("second"))).key_id == "second"


async def test_a_withdrawn_key_ends_although_the_endpoint_fails(
    issuer: Issuer, keys: PublicKeys, clock: Clock
) -> None:
    await keys.key_of(token())
    issuer.status = 500
    clock.now += 300
    with pytest.raises(Unavailable):
        await keys.key_of(token())
    issuer.status = 200
    clock.now += COOLDOWN_SECONDS
    assert await keys.key_of(token())


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b'{"keys": 5}', b"{}"])
async def test_an_answer_that_is_no_set_of_keys_is_an_outage(
    issuer: Issuer, keys: PublicKeys, clock: Clock, body: bytes
) -> None:
    issuer.body = body
    with pytest.raises(Unavailable):
        await keys.key_of(token())
    issuer.body = None
    clock.now += COOLDOWN_SECONDS
    assert await keys.key_of(token())


@pytest.fixture
async def deployment(issuer: Issuer) -> AsyncIterator[Deployment]:
    settings = Settings.read(
        {
            "DATABASE_URL": "postgresql://nobody@localhost/none",
            "JWT_JWKS_URL": issuer.url,
            "SIGNING_SECRET": "s" * 32,
        }
    )
    async with httpx2.AsyncClient() as http:
        yield deployment_of(settings, http)


async def test_doctor_counts_the_keys_that_can_be_used(
    issuer: Issuer, deployment: Deployment
) -> None:
    issuer.key_ids = ["first", "second"]
    assert await public_keys(deployment) == "has 2 keys that can be used"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, None, "no keys can be fetched"),
        (200, b"<html>Sign in</html>", "no keys can be fetched"),
        (200, b'{"keys": []}', "no keys can be fetched"),
        (
            200,
            b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}]}',
            "no key that can be used",
        ),
    ],
)
async def test_doctor_explains_an_issuer_without_usable_keys(
    issuer: Issuer, deployment: Deployment, status: int, body: bytes | None, words: str
) -> None:
    issuer.status, issuer.body = status, body
    with pytest.raises(Problem, match=words):
        await public_keys(deployment)


async def test_a_new_key_is_known_at_its_first_token(
    issuer: Issuer, keys: PublicKeys, clock: Clock
) -> None:
    await keys.key_of(token())
    issuer.key_ids = ["first", "second"]
    clock.now += COOLDOWN_SECONDS
    assert await keys.key_of(token("second"))
    assert issuer.fetches == 2


async def test_known_keys_are_used_while_the_endpoint_hangs_and_strangers_wait(
    issuer: Issuer, keys: PublicKeys, clock: Clock
) -> None:
    await keys.key_of(token())
    issuer.answers.clear()
    clock.now += COOLDOWN_SECONDS
    strangers = [asyncio.create_task(keys.key_of(token(f"made up {n}"))) for n in range(50)]

    async def is_fetching() -> bool:
        return issuer.fetches == 2

    await wait_until_async(is_fetching)
    assert await keys.key_of(token())
    assert not any(stranger.done() for stranger in strangers)
    issuer.answers.set()
    rejected = await asyncio.gather(*strangers, return_exceptions=True)
    assert all(isinstance(each, jwt.InvalidKeyError) for each in rejected)
    assert issuer.fetches == 2, "one fetch for all of them"


async def test_keys_are_renewed_before_they_are_too_old_and_nobody_waits(
    issuer: Issuer, keys: PublicKeys, clock: Clock
) -> None:
    await keys.key_of(token())
    issuer.answers.clear()
    clock.now += MAX_AGE_SECONDS - 1
    assert await keys.key_of(token())
    issuer.answers.set()

    async def is_renewed() -> bool:
        return keys._fetch is None

    await wait_until_async(is_renewed)
    clock.now += MAX_AGE_SECONDS / 3  # too old for the keys that were fetched first
    assert await keys.key_of(token())
    assert issuer.fetches == 2


async def test_strangers_cause_one_fetch_in_a_while(
    issuer: Issuer, keys: PublicKeys, clock: Clock
) -> None:
    await keys.key_of(token())
    clock.now += COOLDOWN_SECONDS
    for number in range(20):
        with pytest.raises(jwt.InvalidKeyError):
            await keys.key_of(token(f"made up {number}"))
    assert issuer.fetches == 2
