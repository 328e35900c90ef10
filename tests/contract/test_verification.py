"""Verification at first use, on PostgreSQL and on each store."""

import asyncio
import io
import random
from typing import Any

import pytest
from PIL import Image

from app.attachments.policy import AttachmentPolicy
from app.errors import (
    AttachmentNotUploaded,
    AttachmentRejected,
    NotFound,
    ObjectChanged,
)
from app.file_types.table import INLINE_MIME_TYPES
from app.storage.object_keys import preview_key, upload_key
from tests.rig import Rig


def photo(side: int = 1200) -> bytes:
    """Return a JPEG that compresses as badly as a photo."""
    image = Image.effect_noise((side, side // 2), 80).convert("RGB")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def small(image_format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, image_format)
    return out.getvalue()


async def test_verified_bytes_are_pinned_where_no_link_can_write(rig: Rig) -> None:
    record = await rig.uploaded()
    verified = await rig.verifier.verify(record)
    assert verified.state == "stored" and verified.etag and verified.object_key
    assert await rig.bucket.read(verified.object_key, etag=verified.etag) == b"hello"
    assert verified.object_key != upload_key(verified.object_key)


async def test_verifying_again_asks_the_bucket_nothing(rig: Rig) -> None:
    verified = await rig.verifier.verify(await rig.uploaded())
    assert verified.object_key
    await rig.bucket.delete([verified.object_key])
    assert await rig.verifier.verify(verified) == verified


async def test_missing_bytes_can_still_be_uploaded(rig: Rig) -> None:
    record = await rig.reserve()
    with pytest.raises(AttachmentNotUploaded, match="“a” has not been uploaded yet"):
        await rig.verifier.verify(record)
    await rig.upload(record, b"hello")
    assert (await rig.verifier.verify(record)).state == "stored"


async def test_a_page_that_is_declared_as_png_is_rejected(rig: Rig) -> None:
    page = b"<!DOCTYPE html><script>alert(document.cookie)</script>"
    record = await rig.uploaded(body=page, mime_type="image/png")
    with pytest.raises(AttachmentRejected, match=r"was declared as image/png, but .* an HTML page"):
        await rig.verifier.verify(record)
    rejected = await rig.records.load("alice", record.id)
    assert rejected.state == "rejected" and rejected.problem and "image/png" in rejected.problem
    assert await rig.objects() == []
    assert (rejected.mime_type, rejected.preview_key) == ("image/png", None)
    [(payload,)] = await rig.sql("SELECT payload FROM attachments")
    assert payload["type"] == "file" and "preview_url" not in payload
    await rig.verifier.verify_all("alice", [record.id])
    assert await rig.verifier.rejections("alice", [record.id]) == [rejected.problem]


async def test_another_size_is_rejected(rig: Rig) -> None:
    record = await rig.reserve(size=5)
    await rig.upload(record, b"hello, world")
    with pytest.raises(AttachmentRejected, match=r"announced with 5 bytes .* 12 bytes"):
        await rig.verifier.verify(record)
    assert await rig.objects() == []


async def test_another_type_in_the_bucket_is_rejected(rig: Rig) -> None:
    record = await rig.reserve(size=5)
    assert record.object_key
    await rig.bucket.write(upload_key(record.object_key), b"hello", mime_type="text/html")
    with pytest.raises(AttachmentRejected, match=r"announced as text/plain .* as text/html"):
        await rig.verifier.verify(record)


async def test_an_upload_after_verification_changes_nothing(rig: Rig) -> None:
    record = await rig.uploaded(body=b"hello")
    verified = await rig.verifier.verify(record)
    await rig.upload(record, b"HELLO")
    assert verified.object_key and verified.etag
    assert await rig.bucket.read(verified.object_key, etag=verified.etag) == b"hello"
    assert await rig.bucket.read(verified.object_key) == b"hello"


async def test_a_read_of_other_bytes_fails_instead_of_serving_them(rig: Rig) -> None:
    verified = await rig.verifier.verify(await rig.uploaded(body=b"hello"))
    assert verified.object_key and verified.etag
    await rig.bucket.write(verified.object_key, b"HELLO", mime_type="text/plain")
    with pytest.raises(ObjectChanged):
        await rig.bucket.read(verified.object_key, etag=verified.etag)


@pytest.mark.slow
async def test_an_upload_swapped_between_pin_and_copy_is_rejected(rig: Rig) -> None:
    record = await rig.uploaded(body=b"hello")
    assert record.object_key
    first = (await rig.bucket.head(upload_key(record.object_key))).etag
    await rig.records.pin_upload("alice", record.id, first)
    await rig.upload(record, b"HELLO")
    await rig.verifier.verify_all("alice", [record.id])
    [problem] = await rig.verifier.rejections("alice", [record.id])
    assert "replaced while it was being checked" in problem


async def test_a_swap_after_an_interrupted_verification_keeps_the_first_bytes(rig: Rig) -> None:
    record = await rig.uploaded(body=b"hello")
    assert record.object_key
    first = (await rig.bucket.head(upload_key(record.object_key))).etag
    await rig.records.pin_upload("alice", record.id, first)
    await rig.bucket.copy(
        upload_key(record.object_key), record.object_key, etag=first, mime_type="text/plain"
    )
    await rig.upload(record, b"HELLO")
    await rig.verifier.verify_all("alice", [record.id])
    assert await rig.bucket.read(record.object_key) == b"hello"


@pytest.mark.slow
async def test_ten_concurrent_verifications_agree_and_copy_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[str] = []
    copy = rig.bucket.copy

    async def counted(source_key: str, key: str, **given: Any) -> str:
        copies.append(key)
        return await copy(source_key, key, **given)

    monkeypatch.setattr(rig.bucket, "copy", counted)
    record = await rig.uploaded(body=photo(), mime_type="image/jpeg")
    verified = await asyncio.gather(*(rig.verifier.verify(record) for _ in range(10)))
    assert len(set(verified)) == 1
    # In a store that encrypts each copy with a new key, a second one has another ETag.
    assert copies == [record.object_key]


async def test_ten_swaps_during_ten_verifications_leave_one_verified_file(
    seaweedfs_rig: Rig,
) -> None:
    rig = seaweedfs_rig  # moto ignores CopySourceIfMatch
    bodies = [bytes([65 + number]) * 5 for number in range(10)]
    record = await rig.uploaded(body=bodies[0])

    async def swap() -> None:
        for body in random.sample(bodies, len(bodies)):
            await rig.upload(record, body)

    results = await asyncio.gather(
        swap(), *(rig.verifier.verify(record) for _ in range(10)), return_exceptions=True
    )
    failures = [each for each in results if isinstance(each, BaseException)]
    assert all(isinstance(each, AttachmentRejected) for each in failures), failures
    after = await rig.records.load("alice", record.id)
    if after.state == "stored":
        assert after.object_key and after.etag
        assert await rig.bucket.read(after.object_key, etag=after.etag) in bodies
    else:
        assert after.state == "rejected"


@pytest.mark.parametrize(
    ("name", "declared", "body", "stored"),
    [
        ("photo.jpg", "image/jpeg", small("PNG"), "image/png"),
        ("photo.jpg", "image/jpeg", small("WEBP"), "image/webp"),
        ("photo.jpg", "image/jpeg", small("HEIF"), "image/heic"),
        ("table.xls", "application/vnd.ms-excel", b"a\tb\n1\t2\n", "text/tab-separated-values"),
        ("table.xls", "application/vnd.ms-excel", b"<html><table>", "text/html"),
        ("notes.txt", "text/plain", b"%PDF-1.7\n", "application/pdf"),
    ],
)
async def test_a_wrong_type_is_corrected_and_stored(
    rig: Rig, name: str, declared: str, body: bytes, stored: str
) -> None:
    record = await rig.uploaded(name=name, body=body, mime_type=declared)
    verified = await rig.verifier.verify(record)
    assert (verified.state, verified.mime_type, verified.name) == ("stored", stored, name)
    assert await rig.verifier.verify(verified) == verified
    [(payload,)] = await rig.sql("SELECT payload FROM attachments")
    assert payload["mime_type"] == stored
    is_shown = stored in INLINE_MIME_TYPES
    assert payload["type"] == ("image" if is_shown else "file")
    assert payload.get("preview_url") == (f"bucket:{verified.object_key}" if is_shown else None)


async def test_a_corrected_type_must_be_allowed_too(rig: Rig) -> None:
    rig.verifier._policy = AttachmentPolicy(max_bytes=1000, allowed_mime_types=("image/jpeg",))
    record = await rig.uploaded(name="a.jpg", body=small("PNG"), mime_type="image/jpeg")
    with pytest.raises(AttachmentRejected, match="its content is image/png"):
        await rig.verifier.verify(record)


async def test_all_attachments_of_a_message_are_verified_even_if_one_is_missing(
    rig: Rig,
) -> None:
    await rig.uploaded("atc_good")
    await rig.reserve("atc_missing")
    await rig.uploaded("atc_bad", b"<svg onload=alert(1)>", mime_type="image/png")
    with pytest.raises(AttachmentNotUploaded):
        await rig.verifier.verify_all("alice", ["atc_good", "atc_missing", "atc_bad"])
    assert await rig.states() == {
        "atc_good": "stored",
        "atc_missing": "pending",
        "atc_bad": "rejected",
    }


async def test_another_users_attachment_is_not_found_and_not_touched(rig: Rig) -> None:
    await rig.uploaded("atc_hers", user_id="alice")
    with pytest.raises(NotFound):
        await rig.verifier.verify_all("bob", ["atc_hers"])
    assert await rig.states() == {"atc_hers": "pending"}


async def test_deleted_during_verification_leaves_no_object(rig: Rig) -> None:
    record = await rig.uploaded()
    await rig.records.tombstone("alice", record.id)
    await rig.later()
    await rig.sweeper.sweep_once()
    await rig.upload(record, b"hello")  # like the copy of a verification under way
    with pytest.raises(NotFound):
        await rig.verifier.verify(record)
    assert await rig.objects() == []


async def test_a_large_image_gets_a_small_preview_that_its_payload_refers_to(rig: Rig) -> None:
    body = photo()
    record = await rig.uploaded(body=body, mime_type="image/jpeg")
    verified = await rig.verifier.verify(record)
    assert verified.object_key and verified.preview_key == preview_key(verified.object_key)
    thumbnail = await rig.bucket.read(verified.preview_key)
    with Image.open(io.BytesIO(thumbnail)) as opened:
        assert opened.format == "WEBP" and max(opened.size) == 512
    assert len(thumbnail) < len(body)
    [(reference,)] = await rig.sql("SELECT payload->>'preview_url' FROM attachments")
    assert reference == f"bucket:{verified.preview_key}"


async def test_a_small_image_is_its_own_preview(rig: Rig) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "PNG")
    record = await rig.uploaded(body=out.getvalue(), mime_type="image/png")
    verified = await rig.verifier.verify(record)
    assert verified.preview_key is None
    [(reference,)] = await rig.sql("SELECT payload->>'preview_url' FROM attachments")
    assert reference == f"bucket:{verified.object_key}"


async def test_a_damaged_photo_is_accepted_without_a_preview_of_its_own(rig: Rig) -> None:
    body = photo()[:60_000]
    verified = await rig.verifier.verify(await rig.uploaded(body=body, mime_type="image/jpeg"))
    assert verified.state == "stored" and verified.preview_key is None
