"""Creates and configures the bucket, and reports what a store rejects.

Other rules on the same bucket stay: only rules with our IDs are replaced. Only commands run this,
one step after the other, so the calls block.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from app.errors import BucketUnavailable
from app.storage.bucket_errors import bucket_errors, error_code, meaning_of_error
from app.storage.clients import with_cached_service_models
from app.storage.codes import Meaning
from app.storage.endpoint import KMS_ALGORITHM, Endpoint

Outcome = Literal["set", "already set", "rejected", "off", "on"]

_PAGES_RULE, _FRAME_RULE = "chatkit-pages", "chatkit-frame"
_ABORT_RULE = "chatkit-abort-incomplete-uploads"
_ABORT_AFTER_DAYS = 1
# The effect that each of these features of a bucket has on deleted files.
VERSIONING = (
    "every version of a deleted file is deleted; the service's key needs s3:ListBucketVersions,"
    " s3:DeleteObjectVersion and s3:GetBucketVersioning"
)
OBJECT_LOCK = "the store keeps deleted files until their retention ends, and deletes them then"
REPLICATION = "replicas of deleted files stay, unless the other bucket deletes them by itself"
_PREFLIGHT_SECONDS = 3600
_EXPOSED_HEADERS = ["ETag", "Content-Length", "Content-Type", "Content-Range"]
# AWS rejects the name of its first region as a constraint, and takes that region without one.
_UNCONSTRAINED_REGION = "us-east-1"


# What MinIO has in place of a configuration of the bucket. `{origins}` are those of `Access`.
# Source: https://github.com/minio/minio/tree/master/docs (config, sse, bucket/lifecycle).
_ON_MINIO = {
    "CORS": "MinIO has no rules per bucket; set MINIO_API_CORS_ALLOW_ORIGIN={origins} on the"
    " server",
    "lifecycle": "not needed: MinIO removes incomplete uploads itself, by default after 24 hours"
    " (MINIO_API_STALE_UPLOADS_EXPIRY)",
    "encryption": "MinIO needs a key for that; set MINIO_KMS_SECRET_KEY=name:base64-of-32-bytes"
    " or MINIO_KMS_KES_ENDPOINT on the server",
    "public access block": "not needed: MinIO keeps a bucket private unless its policy says"
    " otherwise",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step and its outcome. `reason` is why a store rejected it, and what to do there."""

    name: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Access:
    """The origins (`https://host:port`) whose pages may use the bucket from a browser.

    `pages` upload and read, `frames` only show previews. All our object keys begin with `prefix`.
    """

    pages: Sequence[str]
    frames: Sequence[str]
    prefix: str


def set_up_bucket(endpoint: Endpoint, access: Access) -> Iterator[Step]:
    """Create the bucket if it is missing; set CORS, lifecycle, encryption, public access block.

    Then report whether the bucket keeps deleted objects. That is the operator's choice, so it is
    not changed. Running it again changes nothing. After a step that the store rejects, the next
    steps follow.
    Raises `BucketUnavailable` if the bucket can neither be found nor created.
    """
    try:
        session = boto3.Session(botocore_session=with_cached_service_models(Session()))
        client: Any = session.client(**endpoint.client_options())
    except (BotoCoreError, ValueError) as exc:
        raise BucketUnavailable(f"The bucket's settings can't be used: {exc}") from exc
    try:
        with bucket_errors():
            yield Step(f"bucket {endpoint.bucket}", _create(client, endpoint))
            changes: dict[str, Callable[[], Outcome]] = {
                "CORS": lambda: _set_cors(client, endpoint.bucket, access),
                "lifecycle": lambda: _set_lifecycle(client, endpoint.bucket, access),
                "encryption": lambda: _set_encryption(client, endpoint),
                "public access block": lambda: _block_public(client, endpoint.bucket),
            }
            for name, change in changes.items():
                yield _attempt(name, change, access)
            yield _versioning(client, endpoint.bucket)
            yield _object_lock(client, endpoint.bucket)
            yield _replication(client, endpoint.bucket)
    finally:
        client.close()


def _attempt(name: str, change: Callable[[], Outcome], access: Access) -> Step:
    try:
        return Step(name, change())
    except ClientError as exc:
        if is_minio(exc.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})):
            origins = ",".join([*access.pages, *access.frames])
            return Step(name, "rejected", _ON_MINIO[name].format(origins=origins))
        message = exc.response.get("Error", {}).get("Message", "")
        return Step(name, "rejected", f"{error_code(exc)} {message}".strip())


def is_minio(headers: Mapping[str, str]) -> bool:
    """Return whether a response with these headers, in lower case, is MinIO's."""
    return headers.get("server", "").startswith("MinIO")


def _create(client: Any, endpoint: Endpoint) -> Outcome:
    try:
        client.head_bucket(Bucket=endpoint.bucket)
    except ClientError as exc:
        if meaning_of_error(exc) is not Meaning.MISSING:
            raise BucketUnavailable(
                f"The bucket {endpoint.bucket} can't be used with these credentials"
                f" ({error_code(exc)}): it may be someone else's, or in another region."
            ) from exc
    else:
        return "already set"
    request: dict[str, Any] = {"Bucket": endpoint.bucket}
    if endpoint.region != _UNCONSTRAINED_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": endpoint.region}
    try:
        client.create_bucket(**request)
    except ClientError as exc:
        if meaning_of_error(exc) is Meaning.ALREADY_OURS:
            return "already set"  # another replica was faster
        raise BucketUnavailable(
            f"The bucket {endpoint.bucket} could not be created ({error_code(exc)}):"
            f" {exc.response['Error'].get('Message', '')}"
        ) from exc
    return "set"


def _set_cors(client: Any, bucket: str, access: Access) -> Outcome:
    ours = cors_rules(access)
    before = _configured(lambda: client.get_bucket_cors(Bucket=bucket)["CORSRules"])
    rules = _merged(before, ours)
    if rules == before:
        return "already set"
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    return "set"


def cors_rules(access: Access) -> list[dict[str, Any]]:
    """Return the CORS rules that pages and frames need, as S3's JSON; `doctor` prints the same."""
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
    before = _configured(lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])
    rules = _merged(before, [ours])
    if rules == before:
        return "already set"
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )
    return "set"


def abort_rule(prefix: str) -> dict[str, Any]:
    """Return the rule that deletes the parts of incomplete uploads.

    They cost money, and no listing of objects shows them.
    """
    return {
        "ID": _ABORT_RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_AFTER_DAYS},
    }


def _set_encryption(client: Any, endpoint: Endpoint) -> Outcome:
    """Encrypt at rest with the KMS key of the settings, or else with the store's own key.

    If the settings have no KMS key, an encryption that the bucket has already is kept.
    """
    bucket, key_id = endpoint.bucket, endpoint.sse_kms_key_id

    def current() -> list[Any]:
        answer = client.get_bucket_encryption(Bucket=bucket)
        rules: list[Any] = answer["ServerSideEncryptionConfiguration"]["Rules"]
        return rules

    default: dict[str, Any] = {"SSEAlgorithm": "AES256"}
    if key_id is not None:
        default = {"SSEAlgorithm": KMS_ALGORITHM, "KMSMasterKeyID": key_id}
    applied = [rule.get("ApplyServerSideEncryptionByDefault") for rule in _configured(current)]
    if default in applied or (applied and key_id is None):
        return "already set"
    rule = {"ApplyServerSideEncryptionByDefault": default}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return "set"


def _block_public(client: Any, bucket: str) -> Outcome:
    everything = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    before = _configured(
        lambda: [client.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]]
    )
    if before == [everything]:
        return "already set"
    client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=everything)
    return "set"


def _versioning(client: Any, bucket: str) -> Step:
    def read() -> list[Any]:
        return [client.get_bucket_versioning(Bucket=bucket).get("Status")]

    return _kept("versioning", read, VERSIONING)


def _object_lock(client: Any, bucket: str) -> Step:
    def read() -> list[Any]:
        configuration = client.get_object_lock_configuration(Bucket=bucket)
        return [configuration["ObjectLockConfiguration"].get("Rule")]

    return _kept("object lock", read, OBJECT_LOCK)


def _replication(client: Any, bucket: str) -> Step:
    def read() -> list[Any]:
        configuration = client.get_bucket_replication(Bucket=bucket)
        return list(configuration["ReplicationConfiguration"]["Rules"])

    return _kept("replication", read, REPLICATION)


def _kept(name: str, read: Callable[[], list[Any]], meaning: str) -> Step:
    """Return whether a feature that keeps deleted objects is on, and what it means."""
    try:
        is_on = any(_configured(read))
    except ClientError as exc:
        return Step(name, "rejected", error_code(exc))
    return Step(name, "on", meaning) if is_on else Step(name, "off")


def _configured(read: Callable[[], list[Any]]) -> list[Any]:
    try:
        return read()
    except ClientError as exc:
        if meaning_of_error(exc) is Meaning.NOT_CONFIGURED:
            return []
        raise


def _merged(before: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules of others unchanged, then ours in place of those with the same IDs."""
    names = {_PAGES_RULE, _FRAME_RULE, _ABORT_RULE}
    return [rule for rule in before if rule.get("ID") not in names] + ours
