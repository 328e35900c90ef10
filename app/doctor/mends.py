"""How to mend what `doctor` finds: the exact policies and commands, also quoted in docs/."""

import json
from collections.abc import Sequence

from app.attachments.keys import OBJECT_KEY_PREFIX

EXPOSED_HEADERS = ("ETag", "Content-Length", "Content-Type", "Content-Range")


def cors_json(origins: Sequence[str]) -> str:
    """The bucket's CORS rules for `aws s3api put-bucket-cors`: pages of `origins` upload and read.

    HEAD and GET are for previews in ChatKit's iframe, POST and PUT for the two upload transports.
    """
    rule = {
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": list(EXPOSED_HEADERS),
        "MaxAgeSeconds": 3600,
    }
    return json.dumps({"CORSRules": [rule]}, indent=2)


def iam_policy_json(bucket: str) -> str:
    """What the service's key may do, and nothing else: presigned URLs disclose its id."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "BytesOfAttachments",
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                    "Resource": f"arn:aws:s3:::{bucket}/{OBJECT_KEY_PREFIX}*",
                },
                {
                    "Sid": "FindOrphans",
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": f"arn:aws:s3:::{bucket}",
                    "Condition": {"StringLike": {"s3:prefix": f"{OBJECT_KEY_PREFIX}*"}},
                },
            ],
        },
        indent=2,
    )


def lifecycle_json() -> str:
    """Parts of uploads that were never completed cost money and are in no list of objects."""
    return json.dumps(
        {
            "Rules": [
                {
                    "ID": "abort-incomplete-uploads",
                    "Status": "Enabled",
                    "Filter": {"Prefix": OBJECT_KEY_PREFIX},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
        indent=2,
    )


def cors(bucket: str, origins: Sequence[str]) -> str:
    return (
        "Run `python -m app bucket` with a key that may change the bucket, or set these rules:\n"
        f"aws s3api put-bucket-cors --bucket {bucket} --cors-configuration '{cors_json(origins)}'\n"
        f"On MinIO, set MINIO_API_CORS_ALLOW_ORIGIN={','.join(origins)} on the server instead."
    )


def iam_policy(bucket: str) -> str:
    return f"Give the key this policy:\n{iam_policy_json(bucket)}"


def lifecycle(bucket: str) -> str:
    return (
        "Run `python -m app bucket`, or:\n"
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket}"
        f" --lifecycle-configuration '{lifecycle_json()}'"
    )
