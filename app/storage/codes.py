"""S3's error codes, and what each of them means to this service. No other module lists codes.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and the codes of other
stores for a lack of space: MinIO, Ceph, Huawei OBS. `app/web/fetch.js` repeats the codes that have
a sentence of their own for the person who uploads; tests/unit/storage/test_codes.py compares.
"""

import re
from enum import Enum, auto


class Meaning(Enum):
    """The meaning of an error response, for any kind of request."""

    MISSING = auto()
    """There is no such object, or no such multipart upload any more."""
    CHANGED = auto()
    """The object does not meet the condition of the request."""
    PAST_END = auto()
    """The requested range begins behind the object's last byte."""
    DENIED = auto()
    """Not permitted: to these credentials, or by the policy of a form."""
    EXPIRED = auto()
    """The policy of a form has expired."""
    INVALID_SIGNATURE = auto()
    """The credentials, or what they signed, are not valid."""
    WRONG_REGION = auto()
    """The bucket is not in the region that the signature names."""
    TOO_LARGE = auto()
    TOO_SMALL = auto()
    INVALID_FORM = auto()
    """An upload is not the form that S3 expects."""
    FULL = auto()
    """The store has no space left, or the bucket's own quota is used up."""
    NO_BUCKET = auto()
    NOT_CONFIGURED = auto()
    """The bucket has no configuration of the kind that was asked for."""
    ALREADY_OURS = auto()
    """The bucket exists and belongs to these credentials."""
    NOT_IMPLEMENTED = auto()
    UNAVAILABLE = auto()
    """The store is busy or failing, or its clock and ours differ."""
    UNKNOWN = auto()


# Codes that `doctor` explains one by one.
INVALID_ACCESS_KEY_ID = "InvalidAccessKeyId"
SIGNATURE_DOES_NOT_MATCH = "SignatureDoesNotMatch"
EXPIRED_SESSION = "ExpiredToken"
INVALID_SESSION = "InvalidToken"
REQUEST_TIME_TOO_SKEWED = "RequestTimeTooSkewed"

# A response to HEAD has no body, so its status takes the place of the code.
FORBIDDEN_HEAD = "403"

_CODES = {
    Meaning.MISSING: ("404", "NoSuchKey", "NotFound", "NoSuchUpload"),
    Meaning.CHANGED: ("412", "PreconditionFailed"),
    Meaning.PAST_END: ("416", "InvalidRange"),
    Meaning.DENIED: ("AccessDenied",),
    Meaning.INVALID_SIGNATURE: (
        *(SIGNATURE_DOES_NOT_MATCH, INVALID_ACCESS_KEY_ID, EXPIRED_SESSION, INVALID_SESSION),
        *("TokenRefreshRequired", "InvalidPolicyDocument"),
    ),
    Meaning.WRONG_REGION: (
        *("PermanentRedirect", "AuthorizationHeaderMalformed"),
        "IllegalLocationConstraintException",
    ),
    Meaning.TOO_LARGE: ("EntityTooLarge",),
    Meaning.TOO_SMALL: ("EntityTooSmall",),
    Meaning.INVALID_FORM: (
        *("MalformedPOSTRequest", "IncorrectNumberOfFilesInPostRequest", "MissingFields"),
        *("POSTFileRequired", "MaxPostPreDataLengthExceeded"),
        *("UserKeyMustBeSpecified", "InvalidArgument"),
    ),
    Meaning.FULL: (
        *("XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"),
        *("QuotaExceeded", "InsufficientStorageSpace"),
    ),
    Meaning.NO_BUCKET: ("NoSuchBucket",),
    Meaning.NOT_CONFIGURED: (
        *("NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration"),
        *("ServerSideEncryptionConfigurationNotFoundError", "NoSuchPublicAccessBlockConfiguration"),
        *("ObjectLockConfigurationNotFoundError", "ReplicationConfigurationNotFoundError"),
    ),
    Meaning.ALREADY_OURS: ("BucketAlreadyOwnedByYou",),
    Meaning.NOT_IMPLEMENTED: ("NotImplemented",),
    Meaning.UNAVAILABLE: (
        *("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"),
        *(REQUEST_TIME_TOO_SKEWED, "TooManyRequests", "RequestLimitExceeded"),
        *("Throttling", "ThrottlingException", "AllAccessDisabled", FORBIDDEN_HEAD),
    ),
}
_MEANINGS = {code: meaning for meaning, codes in _CODES.items() for code in codes}

# S3 has no code for an expired policy: only the message of its AccessDenied says so.
_EXPIRED = re.compile(r"\bexpired\b", re.IGNORECASE)
_INSUFFICIENT_STORAGE = 507  # RFC 4918, 11.5


def meaning_of(code: str, status: int = 0, message: str = "") -> Meaning:
    """Return what a response with S3's `code` means.

    The HTTP status decides where the code is unknown or missing. `message` is S3's sentence.
    """
    meaning = _MEANINGS.get(code, Meaning.UNKNOWN)
    if meaning in (Meaning.DENIED, Meaning.UNKNOWN) and _EXPIRED.search(message):
        return Meaning.EXPIRED
    if meaning is not Meaning.UNKNOWN:
        return meaning
    if status == _INSUFFICIENT_STORAGE:
        return Meaning.FULL
    return Meaning.UNAVAILABLE if status >= 500 else Meaning.UNKNOWN


def codes_of(meaning: Meaning) -> tuple[str, ...]:
    """Return the codes that have this meaning."""
    return _CODES[meaning]
