"""Previews in each mode, as a page of another origin requests them."""

import asyncio
import base64
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from PIL import Image

from app.attachments.previews import RedirectPreviews
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings
from app.storage.signing import UrlSigner
from tests.closing_table import closing_table
from tests.rig import rig_on
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of

ORIGIN = "https://chat.example.org"


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign all links of a test at one time, because they change when a window of time ends."""
    now = time.time()
    for signer in (UrlSigner, RedirectPreviews):
        monkeypatch.setitem(signer.__init__.__kwdefaults__ or {}, "clock", lambda: now)


def photo(side: int = 900) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((side, side), 80).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def small_png() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (40, 20), "teal").save(out, "PNG")
    return out.getvalue()


@contextmanager
def user_of(settings: Settings) -> Iterator[ChatKitClient]:
    with running(settings) as url, ChatKitClient.of(url, "alice").http as http:
        yield ChatKitClient(http)


def previews_of(user: ChatKitClient, *images: tuple[str, bytes, str]) -> list[str]:
    """Send a message with these images, load it again, and return its preview URLs."""
    ids = [user.attach(*image)["id"] for image in images]
    events = user.say("look", *ids)
    thread_id = thread_id_of(events)
    listed = user.call("items.list", thread_id=thread_id, limit=10, order="asc")["data"]
    full = user.call("threads.get_by_id", thread_id=thread_id)["items"]["data"]
    streamed = next(e["item"] for e in events if e.get("item", {}).get("type") == "user_message")
    urls = [_urls(streamed), _urls(_message(listed)), _urls(_message(full))]
    assert urls[0] == urls[1] == urls[2], "streamed and loaded items have the same"
    return urls[0]


def _message(items: list[dict[str, Any]]) -> dict[str, Any]:
    return next(each for each in items if each["type"] == "user_message")


def _urls(message: dict[str, Any]) -> list[str]:
    return [each["preview_url"] for each in message["attachments"]]


def assert_shown(response: httpx.Response, mime_type: str) -> None:
    assert response.status_code == 200
    assert response.headers["content-type"] == mime_type
    assert response.headers["content-disposition"] == "inline"
    assert "private" in response.headers["cache-control"]
    assert "set-cookie" not in response.headers


@pytest.mark.slow
def test_signed_previews_show_a_thumbnail_of_a_large_image_and_a_small_one_itself(
    settings: Settings,
) -> None:
    with user_of(settings) as user:
        large, small = previews_of(
            user, ("a.jpg", photo(), "image/jpeg"), ("b.png", small_png(), "image/png")
        )
    response = httpx.get(large)
    assert_shown(response, "image/webp")
    with Image.open(io.BytesIO(response.content)) as thumbnail:
        assert thumbnail.size == (512, 512)
    response = httpx.get(small)
    assert_shown(response, "image/png")
    assert response.content == small_png()


@pytest.mark.slow
def test_a_thumbnail_is_deleted_with_its_original(
    settings: Settings, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with user_of(settings) as user:
        (preview,) = previews_of(user, ("a.jpg", photo(), "image/jpeg"))
        thread_id = user.call("threads.list")["data"][0]["id"]
        user.call("threads.delete", thread_id=thread_id)

    async def sweep() -> None:
        async with rig_on(database_url, seaweedfs_bucket) as rig:
            await rig.later()
            await rig.sweeper.sweep_once()
            assert await rig.objects() == []

    asyncio.run(sweep())
    assert httpx.get(preview).status_code == 404


@pytest.fixture
def redirecting(database_url: str, seaweedfs_bucket: TestBucket) -> Iterator[ChatKitClient]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = test_settings(
            database_url,
            seaweedfs_bucket,
            preview_mode="redirect",
            allowed_origins=ORIGIN,
            public_base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        )
        with running(settings, listener) as url, ChatKitClient.of(url, "alice").http as http:
            yield ChatKitClient(http)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_redirect_previews_answer_get_and_head_with_cors_on_both_hops(
    redirecting: ChatKitClient,
    seaweedfs: EmbeddedSeaweedFS,
    seaweedfs_bucket: TestBucket,
    method: str,
) -> None:
    allow_origin(seaweedfs_bucket)
    (url,) = previews_of(redirecting, ("a.png", small_png(), "image/png"))
    # The link needs no session and no cookie.
    first = httpx.request(method, url, headers={"origin": ORIGIN})
    assert first.status_code == 307
    assert first.headers["access-control-allow-origin"] == ORIGIN
    assert "private" in first.headers["cache-control"]
    second = httpx.request(method, first.headers["location"], headers={"origin": ORIGIN})
    assert_shown(second, "image/png")
    assert second.headers["access-control-allow-origin"] in (ORIGIN, "*")
    assert second.content == (small_png() if method == "GET" else b"")


def test_a_changed_redirect_link_is_invalid(
    redirecting: ChatKitClient,
) -> None:
    (url,) = previews_of(redirecting, ("a.png", small_png(), "image/png"))
    key = httpx.URL(url).params["key"]
    for name, changed in {
        "key": url.replace(key[-8:], "AAAAAAAA"),
        "id": url.replace("/attachments/atc_", "/attachments/atc_0"),
        "route": url.replace("/preview?", "/content?"),
        "expires": url.replace("expires=", "expires=9"),
        "signature": url[:-2] + ("AA" if url[-2:] != "AA" else "BB"),
        "no signature": url.partition("&signature=")[0],
        "more": url + "&name=x",
    }.items():
        response = httpx.get(changed)
        assert response.status_code in (401, 403), (name, response.text)
        closing_table.tampered_urls_refused.add(f"redirect preview: {name}")


@pytest.mark.slow
def test_data_previews_contain_a_small_image(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    settings = test_settings(database_url, seaweedfs_bucket, preview_mode="data")
    with user_of(settings) as user:
        assert user.create_attachment("a.png", small_png(), "image/png")["preview_url"].startswith(
            "data:image/gif;base64,"
        ), "there are no bytes yet"
        large, small = previews_of(
            user, ("a.jpg", photo(), "image/jpeg"), ("b.png", small_png(), "image/png")
        )
    head, _, encoded = large.partition(",")
    assert head == "data:image/webp;base64" and len(large) < 300_000
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as thumbnail:
        assert thumbnail.size == (512, 512)
    assert base64.b64decode(small.partition(",")[2]) == small_png()


@pytest.mark.slow
def test_no_mode_stores_its_urls(database_url: str, seaweedfs_bucket: TestBucket) -> None:
    settings = test_settings(database_url, seaweedfs_bucket, preview_mode="data")
    with user_of(settings) as user:
        previews_of(user, ("a.jpg", photo(), "image/jpeg"))

    async def stored() -> str:
        async with rig_on(database_url, seaweedfs_bucket) as rig:
            rows = await rig.sql(
                "SELECT payload::text FROM thread_items UNION ALL"
                " SELECT payload::text FROM attachments"
            )
            return "".join(row[0] for row in rows)

    text = asyncio.run(stored())
    assert "data:image" not in text and "X-Amz-Signature" not in text and "bucket:" in text


def allow_origin(bucket: TestBucket) -> None:
    import boto3

    client = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    rule = {"AllowedOrigins": [ORIGIN], "AllowedMethods": ["GET", "HEAD"]}
    client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [rule]})
    client.close()
