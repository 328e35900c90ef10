"""The policies and commands that remedy what `doctor` finds. The documents quote them."""

import json

from app.storage.object_keys import OBJECT_KEY_PREFIX
from app.storage.setup import Access, abort_rule, cors_rules


def cors_json(access: Access) -> str:
    """Return the rules for `aws s3api put-bucket-cors`, which `python -m app bucket` sets too."""
    return json.dumps({"CORSRules": cors_rules(access)}, indent=2)


def iam_policy_json(bucket: str) -> str:
    """Return the policy of the service's key.

    It allows no more than the service needs, because presigned URLs disclose the id of the key.
    """
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "BytesOfAttachments",
                    "Effect": "Allow",
                    "Action": [
                        "s3:GetObject",
                        "s3:PutObject",
                        "s3:DeleteObject",
                        "s3:DeleteObjectVersion",
                        "s3:AbortMultipartUpload",
                        "s3:ListMultipartUploadParts",
                    ],
                    "Resource": f"arn:aws:s3:::{bucket}/{OBJECT_KEY_PREFIX}*",
                },
                {
                    "Sid": "FindOrphans",
                    "Effect": "Allow",
                    "Action": [
                        "s3:ListBucket",
                        "s3:ListBucketVersions",
                        "s3:ListBucketMultipartUploads",
                    ],
                    "Resource": f"arn:aws:s3:::{bucket}",
                    "Condition": {"StringLike": {"s3:prefix": f"{OBJECT_KEY_PREFIX}*"}},
                },
                {
                    "Sid": "FindVersions",
                    "Effect": "Allow",
                    "Action": "s3:GetBucketVersioning",
                    "Resource": f"arn:aws:s3:::{bucket}",
                },
            ],
        },
        indent=2,
    )


def lifecycle_json() -> str:
    """Return the rules for `aws s3api put-bucket-lifecycle-configuration`."""
    return json.dumps({"Rules": [abort_rule(OBJECT_KEY_PREFIX)]}, indent=2)


def cors(bucket: str, access: Access) -> str:
    origins = ",".join([*access.pages, *access.frames])
    return (
        "Run `python -m app bucket` with a key that may change the bucket, or set these rules:\n"
        f"aws s3api put-bucket-cors --bucket {bucket} --cors-configuration '{cors_json(access)}'\n"
        f"On MinIO, set MINIO_API_CORS_ALLOW_ORIGIN={origins} on the server instead."
    )


def iam_policy(bucket: str) -> str:
    return f"Give the key this policy:\n{iam_policy_json(bucket)}"


KMS_ON_MINIO = (
    "Set MINIO_KMS_SECRET_KEY=name:base64-of-32-bytes or MINIO_KMS_KES_ENDPOINT on MinIO, and"
    " S3_SSE_KMS_KEY_ID to the name of the key."
)


def kms(key_id: str) -> str:
    return (
        f"Allow kms:GenerateDataKey and kms:Decrypt for the service's key on {key_id}. A store"
        " without KMS can't do this: unset S3_SSE_KMS_KEY_ID there."
    )


def lifecycle(bucket: str) -> str:
    return (
        "Run `python -m app bucket`, or:\n"
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket}"
        f" --lifecycle-configuration '{lifecycle_json()}'"
    )
