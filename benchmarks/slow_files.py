"""How long one user's ordinary photo waits while another user sends the slowest images there are.

The slow ones are progressive JPEGs of thousands of scans, a few hundred KiB each: every scan makes
the decoder walk over all of the image.
"""

import asyncio
import io
import time
from statistics import median

import httpx
from PIL import Image

from benchmarks._servers import servers
from benchmarks.replica import replica
from tests.service import user_message

SLOW_FILES = 8
SCANS = 4000
PHOTOS = 5
_START_OF_SCAN = b"\xff\xda"
_END_OF_IMAGE = b"\xff\xd9"


def main() -> None:
    slow, photo = slow_image(), ordinary_photo()
    with servers() as running, replica(running) as (base_url, _):
        asyncio.run(_measure(base_url, slow, photo))


def slow_image() -> bytes:
    """Return a progressive JPEG whose last scan is there thousands of times."""
    out = io.BytesIO()
    Image.new("L", (6000, 6000), 90).save(out, "JPEG", progressive=True)
    encoded = out.getvalue()
    last = encoded[encoded.rindex(_START_OF_SCAN) : -len(_END_OF_IMAGE)]
    return encoded[: -len(_END_OF_IMAGE)] + last * SCANS + _END_OF_IMAGE


def ordinary_photo() -> bytes:
    """Return a JPEG of 12 megapixels."""
    out = io.BytesIO()
    Image.effect_noise((400, 300), 60).resize((4000, 3000)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


async def _measure(base_url: str, slow: bytes, photo: bytes) -> None:
    print(f"slow image: {len(slow) // 1024:,} KiB; photo: {len(photo) // 1024:,} KiB")
    async with httpx.AsyncClient(base_url=base_url, timeout=600) as http:
        await _send(http, "alice", [photo])  # workers start
        before = [await _send(http, "alice", [photo]) for _ in range(PHOTOS)]
        attack = asyncio.create_task(_send(http, "mallory", [slow] * SLOW_FILES))
        during: list[float] = []
        while len(during) < PHOTOS and not attack.done():
            await asyncio.sleep(1)
            during.append(await _send(http, "alice", [photo]))
        assert not attack.done(), "the slow images were not slow"
        print(
            f"a photo's message until its answer: median {median(before):.2f} s alone,"
            f" {median(during):.2f} s (at most {max(during):.2f} s) during the attack"
        )
        print(f"the attacker's own message: {await attack:.1f} s")


async def _send(http: httpx.AsyncClient, user: str, images: list[bytes]) -> float:
    """Upload images and send them in a message. Return the seconds until the answer's end."""
    headers = {"x-forwarded-user": user}
    ids = []
    for body in images:
        announced = {"name": "photo.jpg", "size": len(body), "mime_type": "image/jpeg"}
        operation = {"type": "attachments.create", "params": announced}
        created = await http.post("/chatkit", json=operation, headers=headers)
        attachment = created.raise_for_status().json()
        form = {"file": ("photo.jpg", body, "image/jpeg")}
        (await http.post(attachment["upload_descriptor"]["url"], files=form)).raise_for_status()
        ids.append(attachment["id"])
    begun = time.perf_counter()
    sent = await http.post(
        "/chatkit",
        json={"type": "threads.create", "params": {"input": user_message("Look", *ids)}},
        headers=headers | {"accept": "text/event-stream"},
    )
    assert sent.status_code == 200 and "assistant_message" in sent.text, sent.text[:500]
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
