"""Withdrawn keys end, and strangers can't stop the sign-in of others."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from app.errors import Unavailable
from app.public_keys import COOLDOWN_SECONDS, MAX_AGE_SECONDS, PublicKeys
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
                self.wfile.write(json.dumps({"keys": keys}).encode())

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
