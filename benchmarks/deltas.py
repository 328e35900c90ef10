"""The processor time of a streamed delta: ours against a bare server of the SDK, in the same run.

Each server is a process of its own. Several answers stream at once, and every client checks that
its text is complete. Once the servers yield the events themselves, once an agent reads them from a
model's provider: there, most of the time is that of the OpenAI client and the Agents SDK.
"""

import asyncio
import json
from statistics import median

import httpx
import psutil

from benchmarks._paced import bare_application, provider, wish
from benchmarks._servers import process, servers
from benchmarks.replica import replica

ROUNDS = 3
ANSWERS = 8
SECONDS = 4
INTERVALS_MS = (1, 5, 10, 143)  # the last is the pace of a slow model: 7 a second


def main() -> None:
    with servers() as running, process(provider) as (provider_url, _):
        model = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": f"{provider_url}/v1"}
        own = {"ASSISTANT": "benchmarks._paced:PacedAssistant"}
        for name, settings, bare_url in (
            ("own events", own, None),
            ("an agent", model, provider_url),
        ):
            with (
                replica(running, **settings) as ours,
                process(bare_application, bare_url) as bare,
            ):
                for interval_ms in INTERVALS_MS:
                    _compare(f"{name}, a delta each {interval_ms} ms", ours, bare, interval_ms)


def _compare(
    name: str,
    ours: tuple[str, psutil.Process],
    bare: tuple[str, psutil.Process],
    interval_ms: float,
) -> None:
    deltas = int(SECONDS * 1000 / interval_ms)
    each: dict[str, list[float]] = {"ours": [], "bare": []}
    events: dict[str, int] = {}
    for number in range(ROUNDS + 1):
        for which, (url, measured) in (("ours", ours), ("bare", bare)):
            before = _processor_seconds(measured)
            events[which] = asyncio.run(_stream(url, deltas, interval_ms))
            if number:  # the first round warms up
                used = _processor_seconds(measured) - before
                each[which].append(used / deltas / ANSWERS)
    ratio = median(b / o for o, b in zip(each["ours"], each["bare"], strict=True))
    print(
        f"{name}: {median(each['ours']) * 1e6:.0f} µs of a core for each delta, bare SDK"
        f" {median(each['bare']) * 1e6:.0f} µs, {ratio:.2f} of its speed;"
        f" {deltas * ANSWERS / events['ours']:.1f} deltas an event",
        flush=True,
    )


async def _stream(url: str, deltas: int, interval_ms: float) -> int:
    """Read answers at the same time. Return how many events with text they had."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        counts = await asyncio.gather(
            *(_answer(client, f"user-{each}", deltas, interval_ms) for each in range(ANSWERS))
        )
    return sum(counts)


async def _answer(client: httpx.AsyncClient, user: str, deltas: int, interval_ms: float) -> int:
    content = [{"type": "input_text", "text": wish(deltas, interval_ms)}]
    message = {"content": content, "attachments": [], "inference_options": {}}
    request = {"type": "threads.create", "params": {"input": message}}
    headers = {"x-forwarded-user": user, "accept": "text/event-stream"}
    # Read as a whole and parsed afterwards: the client shares the cores with the servers.
    body = (await client.post("/chatkit", json=request, headers=headers)).text
    events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]
    updates = [each["update"] for each in events if each["type"] == "thread.item.updated"]
    pieces = [each["delta"] for each in updates if each["type"].endswith("text_delta")]
    done = [each for each in events if each["type"] == "thread.item.done"]
    text = done[-1]["item"]["content"][0]["text"]
    assert "".join(pieces) == text, body[-500:]
    assert len(text) >= deltas, body[-500:]
    return len(pieces)


def _processor_seconds(measured: psutil.Process) -> float:
    times = measured.cpu_times()
    return float(times.user + times.system)
