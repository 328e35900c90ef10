"""Makes the bucket what this service expects of it, and says what a store refuses.

What others have configured on the same bucket stays: only rules with our IDs are replaced. It runs
from the command line, one step after the other, so the calls are blocking ones.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from app.errors import BucketUnavailable
from app.storage.bucket_errors import bucket_errors, error_code, is_missing
from app.storage.endpoint import Endpoint, client_config
from app.storage.sessions import with_cached_service_models

Outcome = Literal["set", "already so", "refused"]

_PAGES_RULE, _FRAME_RULE = "chatkit-pages", "chatkit-frame"
_ABORT_RULE = "chatkit-abort-incomplete-uploads"
_ABORT_AFTER_DAYS = 1
_PREFLIGHT_SECONDS = 3600
_EXPOSED_HEADERS = ["ETag", "Content-Length", "Content-Type", "Content-Range"]
# AWS knows its first region only by the absence of a constraint.
_UNCONSTRAINED_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one part of the set-up; `reason` is the store's, where it refused."""

    name: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Access:
    """Whose pages may reach the bucket from a browser, as origins (`https://host:port`).

    `pages` upload and read; `frames` show previews only. `prefix` is where our object keys begin.
    """

    pages: Sequence[str]
    frames: Sequence[str]
    prefix: str


def set_up_bucket(endpoint: Endpoint, access: Access) -> Iterator[Step]:
    """Create the bucket if there is none; set CORS, lifecycle, encryption, public access block.

    Any number of times, with the same result. A part that the store refuses is reported, and the
    next one follows. Raises `BucketUnavailable` when the bucket can't be had at all.
    """
    try:
        client: Any = boto3.Session(botocore_session=with_cached_service_models(Session())).client(
            "s3",
            region_name=endpoint.region,
            endpoint_url=endpoint.url,
            config=client_config(endpoint.addressing_style),
        )
    except (BotoCoreError, ValueError) as exc:
        raise BucketUnavailable(f"The bucket's settings can't be used: {exc}") from exc
    try:
        with bucket_errors():
            yield Step(f"bucket {endpoint.bucket}", _create(client, endpoint))
            yield _attempt("CORS", lambda: _set_cors(client, endpoint.bucket, access))
            yield _attempt("lifecycle", lambda: _set_lifecycle(client, endpoint.bucket, access))
            yield _attempt("encryption", lambda: _set_encryption(client, endpoint.bucket))
            yield _attempt("public access block", lambda: _block_public(client, endpoint.bucket))
    finally:
        client.close()


def _attempt(name: str, change: Callable[[], Outcome]) -> Step:
    try:
        return Step(name, change())
    except ClientError as exc:
        message = exc.response.get("Error", {}).get("Message", "")
        return Step(name, "refused", f"{error_code(exc)} {message}".strip())


def _create(client: Any, endpoint: Endpoint) -> Outcome:
    try:
        client.head_bucket(Bucket=endpoint.bucket)
    except ClientError as exc:
        if not is_missing(error_code(exc)):
            raise BucketUnavailable(
                f"The bucket {endpoint.bucket} can't be used with these credentials"
                f" ({error_code(exc)}): it may be someone else's, or in another region."
            ) from exc
    else:
        return "already so"
    request: dict[str, Any] = {"Bucket": endpoint.bucket}
    if endpoint.region != _UNCONSTRAINED_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": endpoint.region}
    try:
        client.create_bucket(**request)
    except ClientError as exc:
        if error_code(exc) == "BucketAlreadyOwnedByYou":
            return "already so"  # another replica was faster
        raise BucketUnavailable(
            f"The bucket {endpoint.bucket} could not be created ({error_code(exc)}):"
            f" {exc.response['Error'].get('Message', '')}"
        ) from exc
    return "set"


def _set_cors(client: Any, bucket: str, access: Access) -> Outcome:
    ours = cors_rules(access)
    before = _configured(
        lambda: client.get_bucket_cors(Bucket=bucket)["CORSRules"], "NoSuchCORSConfiguration"
    )
    rules = _merged(before, ours)
    if rules == before:
        return "already so"
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    return "set"


def cors_rules(access: Access) -> list[dict[str, Any]]:
    """What pages and frames need, as S3's own JSON; `doctor` prints the same."""
    rules = []
    if access.pages:
        rules.append(_cors_rule(_PAGES_RULE, access.pages, ["GET", "HEAD", "POST", "PUT"]))
    if access.frames:
        rules.append(_cors_rule(_FRAME_RULE, access.frames, ["GET", "HEAD"]))
    return rules


def _cors_rule(name: str, origins: Sequence[str], methods: list[str]) -> dict[str, Any]:
    return {
        "ID": name,
        "AllowedOrigins": list(origins),
        "AllowedMethods": methods,
        "AllowedHeaders": ["*"],
        "ExposeHeaders": _EXPOSED_HEADERS,
        "MaxAgeSeconds": _PREFLIGHT_SECONDS,
    }


def _set_lifecycle(client: Any, bucket: str, access: Access) -> Outcome:
    ours = abort_rule(access.prefix)
    before = _configured(
        lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
        "NoSuchLifecycleConfiguration",
    )
    rules = _merged(before, [ours])
    if rules == before:
        return "already so"
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )
    return "set"


def abort_rule(prefix: str) -> dict[str, Any]:
    """Parts of uploads that nobody completed cost money and are in no list of objects."""
    return {
        "ID": _ABORT_RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_AFTER_DAYS},
    }


def _set_encryption(client: Any, bucket: str) -> Outcome:
    """At rest, with the store's own key, unless the bucket already encrypts in its own way."""
    if _configured(
        lambda: client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
            "Rules"
        ],
        "ServerSideEncryptionConfigurationNotFoundError",
    ):
        return "already so"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return "set"


def _block_public(client: Any, bucket: str) -> Outcome:
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    before = _configured(
        lambda: [client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]],
        "NoSuchPublicAccessBlockConfiguration",
    )
    if before == [everything]:
        return "already so"
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=everything)
    return "set"


def _configured(read: Callable[[], list[Any]], nothing_yet: str) -> list[Any]:
    try:
        return read()
    except ClientError as exc:
        if error_code(exc) == nothing_yet:
            return []
        raise


def _merged(before: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everyone else's rules as they are, then ours in place of what we set earlier."""
    names = {_PAGES_RULE, _FRAME_RULE, _ABORT_RULE}
    return [rule for rule in before if rule.get("ID") not in names] + ours
