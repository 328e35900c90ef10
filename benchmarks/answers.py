"""Whether the service still answers others while 8 turns with 20 MiB of images each run.

The service, the model's provider (which counts bytes, and checks the requests between the rounds)
and the prober are processes of their own, as they would be. Every turn is the first of its thread:
all is read, checked and encoded.
"""

import http.client
import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import httpx
from starlette.applications import Starlette

from app.settings.environment import Settings
from app.wiring.application import create_application
from benchmarks._servers import Servers, process, servers
from benchmarks.converter import photo
from tests.model_api import Text
from tests.model_api.deferred import DeferredApi

TURNS = 8
IMAGES_EACH = 4
ROUNDS = 5
PROBE_SECONDS = 0.005


def main() -> None:
    with servers() as running, process(_provider) as (provider, _):
        settings = _settings(running, f"{provider}/v1")
        with process(create_application, settings) as (service, _):
            httpx.get(f"{service}/readyz").raise_for_status()  # as a load balancer does
            images = [photo() for _ in range(IMAGES_EACH)]
            for round_number in range(ROUNDS):
                _measure(service, images, f"round {round_number + 1}")
                problems = httpx.get(f"{provider}/check", timeout=120).json()
                assert problems == [], problems


def _measure(service: str, images: list[bytes], name: str) -> None:
    users = [f"user-{secrets.token_hex(4)}" for _ in range(TURNS)]
    with ThreadPoolExecutor(TURNS) as pool:
        attached = list(pool.map(lambda user: _upload(service, user, images), users))
        idle = _probed(service, threading.Event(), 1)
        done = threading.Event()
        with ThreadPoolExecutor(1) as prober:
            probing = prober.submit(_probed, service, done, 60)
            start = time.perf_counter()
            sizes = list(
                pool.map(lambda it: _turn(service, *it), zip(users, attached, strict=True))
            )
            took = time.perf_counter() - start
            done.set()
            busy = probing.result()
    print(
        f"{name}: {TURNS} turns took {took:.2f} s, {sum(sizes) / 1e6:.0f} MB reached the provider;"
        f" /livez p50 {median(busy) * 1000:.1f} ms, p99 {_p99(busy) * 1000:.1f} ms, worst"
        f" {max(busy) * 1000:.1f} ms of {len(busy)} (idle: p99 {_p99(idle) * 1000:.1f} ms)",
        flush=True,
    )


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def _probed(service: str, done: threading.Event, at_most_seconds: float) -> list[float]:
    """Seconds that each `GET /livez` took, one after the other on one connection."""
    connection = http.client.HTTPConnection(service.removeprefix("http://"))
    times: list[float] = []
    end = time.perf_counter() + at_most_seconds
    while not done.is_set() and time.perf_counter() < end:
        start = time.perf_counter()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        times.append(time.perf_counter() - start)
        done.wait(PROBE_SECONDS)
    connection.close()
    return times


def _upload(service: str, user: str, images: list[bytes]) -> list[str]:
    ids = []
    with httpx.Client(base_url=service, headers={"x-forwarded-user": user}, timeout=60) as client:
        for body in images:
            params = {"name": "a.png", "mime_type": "image/png", "size": len(body)}
            request = {"type": "attachments.create", "params": params}
            created = client.post("/chatkit", json=request).raise_for_status().json()
            url = created["upload_descriptor"]["url"]
            client.post(url, files={"file": ("a.png", body, "image/png")}).raise_for_status()
            ids.append(created["id"])
    return ids


def _turn(service: str, user: str, attachments: list[str]) -> int:
    """Send a message with the attachments; how many bytes the provider got, as it answered."""
    content = [{"type": "input_text", "text": "Look."}]
    message = {"content": content, "attachments": attachments, "inference_options": {}}
    request = {"type": "threads.create", "params": {"input": message}}
    headers = {"x-forwarded-user": user, "accept": "text/event-stream"}
    answer = httpx.post(f"{service}/chatkit", json=request, headers=headers, timeout=120).text
    items = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]
    answers = [
        event["item"]["content"][0]["text"]
        for event in items
        if event["type"] == "thread.item.done" and event["item"]["type"] == "assistant_message"
    ]
    assert answers, answer[-500:]
    return int(answers[-1])


def _settings(running: Servers, provider: str) -> Settings:
    return Settings.read(
        {
            "DATABASE_URL": running.database_url,
            "S3_BUCKET": running.bucket,
            "S3_ENDPOINT_URL": running.endpoint_url,
            "AUTH_MODE": "header",
            "SIGNING_SECRET": secrets.token_hex(32),
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_BASE_URL": provider,
        }
    )


def _said(length: int, streams: bool) -> Text:
    """How many bytes were read; titles do not stream."""
    return Text(str(length) if streams else "A title")


def _provider() -> Starlette:
    return DeferredApi(_said).application()
