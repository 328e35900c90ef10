"""Checks of the bucket as the service uses it: clock, credentials, permissions, conditions."""

import secrets
import time
from email.utils import parsedate_to_datetime

from app.doctor import remedies
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.doctor.requests import HttpResponse, Unreachable, request
from app.errors import BucketUnavailable
from app.storage import codes, setup
from app.storage.codes import Meaning
from app.storage.endpoint import KMS_ALGORITHM, KMS_KEY_HEADER, SSE_HEADER
from app.storage.object_keys import OBJECT_KEY_PREFIX, READINESS_KEY, new_object_key
from app.storage.setup import is_minio

# AWS rejects requests that are 15 minutes off. A smaller difference shortens the life of links.
_MAX_SKEW_SECONDS = 60

MIME_TYPE = "text/plain"

_WRONG_CREDENTIALS = {
    codes.INVALID_ACCESS_KEY_ID: (
        "the bucket does not know the access key",
        "Check AWS_ACCESS_KEY_ID. The key may belong to another account or store, or to a temporary"
        " session that is over.",
    ),
    codes.SIGNATURE_DOES_NOT_MATCH: (
        "the secret does not belong to the access key",
        "Check that AWS_SECRET_ACCESS_KEY was copied without losing or gaining a character, and"
        " that no proxy in front of the bucket changes the Host header or the path.",
    ),
    codes.EXPIRED_SESSION: (
        "the session token has expired",
        "Renew AWS_SESSION_TOKEN, or better use a role (instance, container, web identity): its"
        " credentials renew themselves.",
    ),
    codes.INVALID_SESSION: (
        "the session token is not valid",
        "Set the AWS_SESSION_TOKEN that belongs to the key; unset it for permanent keys.",
    ),
    codes.REQUEST_TIME_TOO_SKEWED: (
        "the bucket says that this machine's clock is wrong",
        "Synchronise the clock (chrony, systemd-timesyncd).",
    ),
}


async def endpoint(deployment: Deployment) -> str:
    """Check that S3_ENDPOINT_URL answers HTTP."""
    url = deployment.internal.endpoint.bucket_url.geturl()
    try:
        await request(deployment.http, "GET", url)
    except Unreachable as exc:
        raise Problem(
            f"the bucket's endpoint can't be reached: {exc}",
            "Check S3_ENDPOINT_URL (unset for AWS itself), DNS and firewalls from this machine.",
        ) from exc
    return f"{url} answers"


async def clock(deployment: Deployment) -> str:
    """Check that this machine and the bucket agree on the time, which signatures contain."""
    url = deployment.internal.endpoint.bucket_url.geturl()
    answer = await request(deployment.http, "GET", url)
    now = time.time()
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return "the bucket does not state its time; assumed right"
    skew = now - theirs
    if abs(skew) > _MAX_SKEW_SECONDS:
        direction = "ahead of" if skew > 0 else "behind"
        raise Problem(
            f"this machine's clock is {abs(skew):,.0f} seconds {direction} the bucket's",
            "Synchronise it: signatures contain the time, and S3 rejects a wrong one.\n"
            "chronyc makestep, or timedatectl set-ntp true",
        )
    return "agrees with the bucket's to the minute"


async def credentials(deployment: Deployment) -> str:
    """Check that the AWS chain has a key, and that the bucket accepts its signature."""
    try:
        keys = deployment.internal.credentials()
    except BucketUnavailable as exc:
        raise Problem(
            "no AWS credentials were found",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.",
        ) from exc
    answer = await deployment.internal.send("GET", READINESS_KEY)
    if answer.code in _WRONG_CREDENTIALS:
        raise Problem(*_WRONG_CREDENTIALS[answer.code])
    return "temporary, and accepted" if keys.token else "accepted"


async def bucket(deployment: Deployment) -> str:
    """Check that the bucket exists in the region that signatures name."""
    answer = await deployment.internal.send("GET", READINESS_KEY)
    name = deployment.bucket
    if answer.meaning is Meaning.NO_BUCKET:
        raise Problem(
            f"there is no bucket {name!r}",
            "Create it with `python -m app bucket`, or correct S3_BUCKET.",
        )
    if answer.meaning is Meaning.WRONG_REGION or answer.status in (301, 307):
        region = answer.headers.get("x-amz-bucket-region", "the bucket's own")
        raise Problem(
            f"the bucket {name!r} is not in region {deployment.internal.endpoint.region!r}"
            f" ({answer.words})",
            f"Set S3_REGION={region}",
        )
    if answer.status not in (200, 403, 404):
        raise Problem(
            f"the bucket {name!r} answered {answer.words}",
            "Read the store's own log. S3_ENDPOINT_URL may not be an S3 API at all.",
        )
    return f"{name} exists"


async def write(deployment: Deployment) -> str:
    """Check PutObject under the prefix of attachments. Later checks read the sample object."""
    answer = await deployment.internal.send(
        "PUT",
        deployment.sample.key,
        signed_headers={"content-type": MIME_TYPE},
        body=deployment.sample.content,
    )
    _check_permitted(deployment, answer, "s3:PutObject", "write")
    return f"wrote {OBJECT_KEY_PREFIX}…"


async def encryption(deployment: Deployment) -> str:
    """Check that what is written is encrypted with the key of S3_SSE_KMS_KEY_ID."""
    key_id = deployment.settings.bucket.sse_kms_key_id
    if key_id is None:
        raise NotChecked("S3_SSE_KMS_KEY_ID is not set, so the bucket's own encryption applies")
    object_key = new_object_key()
    answer = await deployment.internal.send(
        "PUT",
        object_key,
        signed_headers={"content-type": MIME_TYPE},
        body=deployment.sample.content,
    )
    if not answer.is_success:
        raise Problem(
            f"the store does not write with the KMS key {key_id}: {answer.words}",
            remedies.kms(key_id) if not is_minio(answer.headers) else remedies.KMS_ON_MINIO,
        )
    found = await deployment.internal.send("HEAD", object_key)
    algorithm = found.headers.get(SSE_HEADER, "no encryption")
    used = found.headers.get(KMS_KEY_HEADER, "")
    is_alias = "alias/" in key_id
    if algorithm != KMS_ALGORITHM or not (is_alias or used.endswith(key_id.rpartition("/")[2])):
        raise Problem(
            f"an object that was written with the KMS key {key_id} has {algorithm} {used}".rstrip(),
            "The store ignores the request's encryption. Unset S3_SSE_KMS_KEY_ID and configure the"
            " encryption of the store itself, or use a store with SSE-KMS.",
        )
    return f"objects are encrypted with {used}"


async def read(deployment: Deployment) -> str:
    """Check GetObject with a range, because verification reads only the first bytes."""
    answer = await deployment.internal.send(
        "GET", deployment.sample.key, sent_headers={"Range": "bytes=4-9"}
    )
    _check_permitted(deployment, answer, "s3:GetObject", "read")
    if answer.status != 206 or answer.body != deployment.sample.content[4:10]:
        raise Problem(
            f"the bucket was asked for 6 bytes and sent {len(answer.body)}",
            "The store (or a proxy in front of it) ignores Range requests; it has to honour them.",
        )
    return "read back a range of it"


async def pinned_read(deployment: Deployment) -> str:
    """Check that a read with If-Match does not return bytes other than the verified ones."""
    answer = await deployment.internal.send(
        "GET",
        deployment.sample.key,
        sent_headers={"If-Match": '"00000000000000000000000000000000"'},
    )
    if answer.status != 412:
        raise Problem(
            f"a read of another ETag was answered {answer.words}, not 412",
            "The store ignores If-Match, so bytes that change after they were verified would be"
            " used. Use a store that implements conditional reads.",
        )
    return "another ETag is rejected"


async def copy(deployment: Deployment) -> str:
    """Check CopyObject, which puts verified bytes where the upload link can't write."""
    key = new_object_key()
    source = f"/{deployment.bucket}/{deployment.sample.key}"
    answer = await deployment.internal.send(
        "PUT", key, signed_headers={"x-amz-copy-source": source}
    )
    _check_permitted(deployment, answer, "s3:PutObject, s3:GetObject", "copy")
    head = await deployment.internal.send("HEAD", key)
    if head.headers.get("content-length") != str(len(deployment.sample.content)):
        raise Problem(
            "a copy inside the bucket does not have the bytes of its source",
            "The store has to implement CopyObject (x-amz-copy-source).",
        )
    return "copied inside the bucket"


async def list_objects(deployment: Deployment) -> str:
    """Check ListBucket. Without it S3 answers 403 for a missing object, and `reconcile` fails."""
    answer = await deployment.internal.send(
        "GET", "", query={"list-type": "2", "max-keys": "1", "prefix": deployment.sample.key}
    )
    _check_permitted(deployment, answer, "s3:ListBucket", "list")
    if deployment.sample.key.encode() not in answer.body:
        raise Problem(
            "the list of the bucket lacks an object that was just written",
            "`python -m app reconcile` would report it lost. Use a store whose lists are strongly"
            " consistent, as S3's are.",
        )
    return "finds what was written"


async def lifecycle(deployment: Deployment) -> str:
    """Check that a lifecycle rule aborts incomplete multipart uploads."""
    answer = await deployment.internal.send("GET", "", query={"lifecycle": ""})
    if answer.status in (403, 501) or answer.meaning is Meaning.NOT_IMPLEMENTED:
        return f"can't be seen with this key ({answer.status}); see docs/operations.md"
    if is_minio(answer.headers):
        return "MinIO removes incomplete uploads itself (MINIO_API_STALE_UPLOADS_EXPIRY)"
    if b"AbortIncompleteMultipartUpload" not in answer.body:
        raise Problem(
            "no lifecycle rule aborts incomplete multipart uploads",
            remedies.lifecycle(deployment.bucket),
        )
    return "incomplete uploads are aborted"


async def deletion(deployment: Deployment) -> str:
    """Check that deleted objects are gone: versions, object lock, replication."""
    send = deployment.internal.send
    lock = await send("GET", "", query={"object-lock": ""})
    if lock.is_success and b"<DefaultRetention>" in lock.body:
        raise Problem(
            f"the bucket has an object lock with a default retention: {setup.OBJECT_LOCK}",
            "Use a bucket without a default retention if users must be able to delete files.",
        )
    replication = await send("GET", "", query={"replication": ""})
    if replication.is_success and b"<Rule>" in replication.body:
        raise Problem(
            f"the bucket is replicated: {setup.REPLICATION}",
            "Let the other bucket expire noncurrent versions, or exclude the prefix"
            f" {OBJECT_KEY_PREFIX} from replication.",
        )
    versioning = await send("GET", "", query={"versioning": ""})
    if versioning.status == 403:
        return "can't be seen with this key (s3:GetBucketVersioning)"
    if not (versioning.is_success and b"<Status>" in versioning.body):
        return "the bucket keeps no versions of deleted files"
    versions = await send("GET", "", query={"versions": "", "prefix": deployment.sample.key})
    _check_permitted(deployment, versions, "s3:ListBucketVersions", "list versions")
    return "the bucket keeps versions, and this key can find all of them"


async def private(deployment: Deployment) -> str:
    """Check that a read needs a signature, and a valid one."""
    signed = deployment.public.url("GET", deployment.sample.key)
    answer = await request(deployment.http, "GET", signed.partition("?")[0])
    if answer.is_success:
        raise Problem(
            "the bucket is public: anyone can read an object without any signature",
            "Run `python -m app bucket`, which blocks public access where the store can; remove"
            " bucket policies and ACLs that allow s3:GetObject to everyone.",
        )
    forged = signed[:-8] + secrets.token_hex(4)
    answer = await request(deployment.http, "GET", forged)
    if answer.is_success:
        raise Problem(
            "the bucket does not check signatures: it accepted a forged one",
            "This is a test double or a store without authentication. Use a real one.",
        )
    return "reads need a valid signature"


async def expired_links(deployment: Deployment) -> str:
    """Check that an expired link is rejected."""
    answer = await deployment.public.send(
        "GET", deployment.sample.key, clock=lambda: time.time() - 24 * 3600
    )
    if answer.is_success:
        raise Problem(
            "the bucket served a link that expired a day ago",
            "The store does not check X-Amz-Expires: links would work for ever. Use a real one.",
        )
    return "are rejected"


async def cleanup(deployment: Deployment) -> str:
    """Check DeleteObject on everything that the other checks may have written."""
    deleted, failed = 0, None
    for key in sorted(deployment.internal.written):
        answer = await deployment.internal.send("DELETE", key)
        if answer.is_success or answer.status == 404:
            deleted += 1
        else:
            failed = answer
    if failed is not None:
        _check_permitted(deployment, failed, "s3:DeleteObject", "delete")
    return f"deleted the {deleted} objects that these checks may have written"


def _check_permitted(deployment: Deployment, answer: HttpResponse, action: str, verb: str) -> None:
    if answer.is_success:
        return
    if answer.status == 403:
        raise Problem(
            f"the key may not {verb} ({action}): {answer.words}",
            remedies.iam_policy(deployment.bucket),
        )
    raise Problem(
        f"the bucket does not {verb}: {answer.words}",
        "Read the store's own log: credentials and bucket are right, and this request failed.",
    )
