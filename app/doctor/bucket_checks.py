"""The bucket as the service itself reaches it: clock, credentials, permissions, conditions."""

import secrets
import time
from email.utils import parsedate_to_datetime

import httpx2

from app.doctor import mends
from app.doctor.deployment import Deployment
from app.doctor.report import Problem
from app.doctor.requests import HttpResponse, Unreachable, request
from app.errors import BucketUnavailable
from app.storage import codes
from app.storage.codes import Meaning
from app.storage.object_keys import OBJECT_KEY_PREFIX, READINESS_KEY, new_object_key

# AWS refuses requests that are 15 minutes off; links lose the difference from their short lives.
_MAX_SKEW_SECONDS = 60

MIME_TYPE = "text/plain"

_WRONG_CREDENTIALS = {
    codes.INVALID_ACCESS_KEY_ID: (
        "the bucket does not know the access key",
        "Check AWS_ACCESS_KEY_ID. Keys of another account or store, and temporary keys whose"
        " session is over, look like this.",
    ),
    codes.SIGNATURE_DOES_NOT_MATCH: (
        "the secret does not belong to the access key",
        "Check AWS_SECRET_ACCESS_KEY (a copy that lost or gained a character looks like this), and"
        " that no proxy in front of the bucket changes the Host header or the path.",
    ),
    codes.EXPIRED_SESSION: (
        "the session token has expired",
        "Renew AWS_SESSION_TOKEN, or better use a role (instance, container, web identity): its"
        " credentials renew themselves.",
    ),
    codes.INVALID_SESSION: (
        "the session token is not valid",
        "AWS_SESSION_TOKEN has to come from where the key does; unset it for permanent keys.",
    ),
    codes.REQUEST_TIME_TOO_SKEWED: (
        "the bucket says that this machine's clock is wrong",
        "Synchronise the clock (chrony, systemd-timesyncd).",
    ),
}


async def endpoint(deployment: Deployment) -> str:
    """Something answers HTTP where S3_ENDPOINT_URL says."""
    url = deployment.internal.endpoint.bucket_url.geturl()
    try:
        answer = await request(deployment.http, "GET", url)
    except Unreachable as exc:
        raise Problem(
            f"the bucket's endpoint can't be reached: {exc}",
            "Check S3_ENDPOINT_URL (unset for AWS itself), DNS and firewalls from this machine.",
        ) from exc
    deployment.found["date"] = answer.headers.get("date", "")
    deployment.found["checked_at"] = str(time.time())
    return f"{url} answers"


async def clock(deployment: Deployment) -> str:
    """This machine and the bucket agree on the time: signatures carry it."""
    try:
        theirs = parsedate_to_datetime(deployment.found["date"]).timestamp()
    except ValueError:
        return "the bucket does not tell its time; assumed right"
    skew = float(deployment.found["checked_at"]) - theirs
    if abs(skew) > _MAX_SKEW_SECONDS:
        direction = "ahead of" if skew > 0 else "behind"
        raise Problem(
            f"this machine's clock is {abs(skew):,.0f} seconds {direction} the bucket's",
            "Synchronise it: signatures carry the time, and S3 refuses them when it is wrong.\n"
            "chronyc makestep, or timedatectl set-ntp true",
        )
    return "agrees with the bucket's to the minute"


async def credentials(deployment: Deployment) -> str:
    """The AWS chain has a key, and the bucket takes its signature."""
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
    """The bucket exists, in the region that signatures name."""
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
            "Look into the store's own log; S3_ENDPOINT_URL may not be an S3 API at all.",
        )
    return f"{name} exists"


async def write(deployment: Deployment) -> str:
    """PutObject on the prefix that attachments live under."""
    key, content = new_object_key(), b"app doctor wrote this and deletes it again\n"
    answer = await deployment.internal.send(
        "PUT", key, signed_headers={"content-type": MIME_TYPE}, body=content
    )
    _permitted(deployment, answer, "s3:PutObject", "write")
    deployment.found.update(key=key, content=content.decode())
    return f"wrote {OBJECT_KEY_PREFIX}…"


async def read(deployment: Deployment) -> str:
    """GetObject, in ranges: verification reads the first bytes only."""
    answer = await deployment.internal.send(
        "GET", deployment.found["key"], sent_headers={"Range": "bytes=4-9"}
    )
    _permitted(deployment, answer, "s3:GetObject", "read")
    if answer.status != 206 or answer.body.decode() != deployment.found["content"][4:10]:
        raise Problem(
            f"asked for 6 bytes, the bucket sent {len(answer.body)}",
            "The store (or a proxy in front of it) ignores Range requests; it has to honour them.",
        )
    deployment.found["etag"] = answer.headers.get("etag", "")
    return "read back a range of it"


async def pinned_read(deployment: Deployment) -> str:
    """A read with If-Match refuses bytes that are not the verified ones."""
    answer = await deployment.internal.send(
        "GET",
        deployment.found["key"],
        sent_headers={"If-Match": '"00000000000000000000000000000000"'},
    )
    if answer.status != 412:
        raise Problem(
            f"a read of another ETag was answered {answer.words}, not 412",
            "The store ignores If-Match, so bytes that change after they were verified would be"
            " used. Use a store that implements conditional reads.",
        )
    return "another ETag is refused"


async def copy(deployment: Deployment) -> str:
    """CopyObject inside the bucket: verified bytes are moved out of the upload link's reach."""
    key = new_object_key()
    source = f"/{deployment.bucket}/{deployment.found['key']}"
    answer = await deployment.internal.send(
        "PUT", key, signed_headers={"x-amz-copy-source": source}
    )
    _permitted(deployment, answer, "s3:PutObject, s3:GetObject", "copy")
    head = await deployment.internal.send("HEAD", key)
    if head.headers.get("content-length") != str(len(deployment.found["content"])):
        raise Problem(
            "a copy inside the bucket does not have the bytes of its source",
            "The store has to implement CopyObject (x-amz-copy-source).",
        )
    return "copied inside the bucket"


async def list_objects(deployment: Deployment) -> str:
    """ListBucket: without it S3 says 403 for a missing object, and `reconcile` can't work."""
    answer = await deployment.internal.send(
        "GET", "", query={"list-type": "2", "max-keys": "1", "prefix": deployment.found["key"]}
    )
    _permitted(deployment, answer, "s3:ListBucket", "list")
    if deployment.found["key"].encode() not in answer.body:
        raise Problem(
            "the list of the bucket lacks an object that was just written",
            "`python -m app reconcile` would take it for lost: use a store whose lists are"
            " strongly consistent, as S3's are.",
        )
    return "finds what was written"


async def lifecycle(deployment: Deployment) -> str:
    """A rule ends multipart uploads that nobody completed."""
    answer = await deployment.internal.send("GET", "", query={"lifecycle": ""})
    if answer.status in (403, 501) or answer.meaning is Meaning.NOT_IMPLEMENTED:
        return f"can't be seen with this key ({answer.status}); see docs/operations.md"
    if b"AbortIncompleteMultipartUpload" not in answer.body:
        raise Problem(
            "no lifecycle rule aborts incomplete multipart uploads",
            mends.lifecycle(deployment.bucket),
        )
    return "incomplete uploads are aborted"


async def private(deployment: Deployment) -> str:
    """Nobody reads without a signature, or with a wrong one."""
    key = deployment.found["key"]
    unsigned = deployment.public.url("GET", key).partition("?")[0]
    answer = await request(deployment.http, "GET", unsigned)
    if answer.is_success:
        raise Problem(
            "the bucket is public: anyone can read an object without any signature",
            "Run `python -m app bucket`, which blocks public access where the store can; remove"
            " bucket policies and ACLs that allow s3:GetObject to everyone.",
        )
    forged = deployment.public.url("GET", key)
    forged = forged[:-8] + secrets.token_hex(4)
    answer = await request(deployment.http, "GET", forged)
    if answer.is_success:
        raise Problem(
            "the bucket does not check signatures: it took a forged one",
            "This is a test double or a store with authentication switched off. Use a real one.",
        )
    return "reads need a valid signature"


async def expired_links(deployment: Deployment) -> str:
    """A link is refused once its time is over."""
    answer = await deployment.public.send(
        "GET", deployment.found["key"], clock=lambda: time.time() - 24 * 3600
    )
    if answer.is_success:
        raise Problem(
            "the bucket served a link that expired a day ago",
            "The store does not check X-Amz-Expires: links would work for ever. Use a real one.",
        )
    return "are refused"


async def cleanup(deployment: Deployment) -> str:
    """DeleteObject, on everything that the other checks may have written."""
    deleted, refused = 0, None
    for key in sorted(deployment.internal.written):
        answer = await deployment.internal.send("DELETE", key)
        if answer.is_success or answer.status == 404:
            deleted += 1
        else:
            refused = answer
    if refused is not None:
        _permitted(deployment, refused, "s3:DeleteObject", "delete")
    return f"deleted the {deleted} objects that these checks may have written"


def _permitted(deployment: Deployment, answer: HttpResponse, action: str, verb: str) -> None:
    if answer.is_success:
        return
    if answer.status == 403:
        raise Problem(
            f"the key may not {verb} ({action}): {answer.words}",
            mends.iam_policy(deployment.bucket),
        )
    raise Problem(
        f"the bucket does not {verb}: {answer.words}",
        "Look into the store's own log: credentials and bucket are right, this request is not.",
    )


def new_client() -> httpx2.AsyncClient:
    """The browser's place: no proxy settings, no .netrc, no redirects, a short patience."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(10, connect=5), follow_redirects=False, trust_env=False
    )
