"""Every error that this service raises on purpose.

`app/http` turns them into responses, and `app/chat/stream.py` into stream events. `code` is stable
and documented, `status` is the HTTP status, and the message is for the person who reads it: it says
what happened and what to do.

    AppError
    ├── Misconfigured               500 misconfigured        (at start: a setting is wrong)
    ├── AssistantFailed             500 assistant_failed     (a hook of a custom assistant failed)
    ├── InvalidRequest              400 invalid_request
    │   ├── InvalidName             400 invalid_name
    │   ├── InvalidSize             400 invalid_size
    │   ├── UploadMismatch          400 upload_mismatch
    │   └── AttachmentRejected      400 attachment_rejected
    │       └── MalwareFound        400 malware_found
    ├── AttachmentTooLarge          413 attachment_too_large
    ├── RequestTooLarge             413 request_too_large
    ├── UrlTooLong                  414 url_too_long
    ├── HeadersTooLarge             431 headers_too_large
    ├── MimeTypeNotAllowed          415 mime_type_not_allowed
    ├── LengthRequired              411 length_required
    ├── Unauthenticated             401 unauthenticated
    ├── OriginNotAllowed            403 origin_not_allowed
    ├── LinkInvalid                 403 link_invalid
    │   └── LinkExpired             403 link_expired
    ├── NotFound                    404 not_found            (also chatkit's NotFoundError)
    ├── Conflict                    409 conflict
    │   ├── AttachmentNotUploaded   409 attachment_not_uploaded
    │   ├── UploadedAlready         409 uploaded_already
    │   ├── AttachmentInUse         409 attachment_in_use
    │   ├── ErasureUnderWay         409 erasure_under_way    (`app erase` deletes all of a user)
    │   └── ThreadNotOpen           409 thread_not_open      (it is locked or closed)
    ├── QuotaExceeded               429 quota_exceeded
    ├── RateLimited                 429 rate_limited
    ├── ObjectMissing               404 object_missing       (the bucket has no such object)
    ├── ObjectChanged               409 object_changed       (its ETag is not the pinned one)
    ├── StorageFull                 507 storage_full         (the whole store, not one user)
    └── Unavailable                 503 unavailable
        ├── DatabaseUnavailable     503 database_unavailable
        ├── BucketUnavailable       503 bucket_unavailable
        └── ScannerUnavailable      503 scanner_unavailable  (files wait for their scan)
"""

from typing import ClassVar

from chatkit.store import NotFoundError


class AppError(Exception):
    """The base of all errors. `param` is the request field at fault, if there is one."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    default_message: ClassVar[str] = "Something went wrong on our side. Try again."

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        self.message = message or self.default_message
        self.param = param
        super().__init__(self.message)


class Misconfigured(AppError):
    code = "misconfigured"
    default_message = "A setting is missing or contradicts another."


class AssistantFailed(AppError):
    code = "assistant_failed"
    default_message = "The assistant failed because of an error in its program. Try again."


class InvalidRequest(AppError):
    code = "invalid_request"
    status = 400
    default_message = "The request could not be understood."


class InvalidName(InvalidRequest):
    code = "invalid_name"
    default_message = "The file needs a name of 1 to 1,000 characters."


class InvalidSize(InvalidRequest):
    code = "invalid_size"
    default_message = "The file is empty. Choose a file with content."


class UploadMismatch(InvalidRequest):
    code = "upload_mismatch"
    default_message = "The uploaded bytes are not the file that was announced. Attach it again."


class AttachmentRejected(InvalidRequest):
    code = "attachment_rejected"
    default_message = "The file's content does not match its type, so it was removed."


class MalwareFound(AttachmentRejected):
    code = "malware_found"
    default_message = "The file contains malware, so it was removed."


class AttachmentTooLarge(AppError):
    code = "attachment_too_large"
    status = 413
    default_message = "The file is too large."


class RequestTooLarge(AppError):
    code = "request_too_large"
    status = 413
    default_message = "The request is too large."


class UrlTooLong(AppError):
    code = "url_too_long"
    status = 414
    default_message = "The URL is too long. No URL of this service has that length."


class HeadersTooLarge(AppError):
    code = "headers_too_large"
    status = 431
    default_message = "The request's headers are too large. Clear this site's cookies."


class MimeTypeNotAllowed(AppError):
    code = "mime_type_not_allowed"
    status = 415
    default_message = "Files of this type can't be attached."


class LengthRequired(AppError):
    code = "length_required"
    status = 411
    default_message = "The upload must announce its Content-Length."


class Unauthenticated(AppError):
    code = "unauthenticated"
    status = 401
    default_message = "Sign in to continue."


class OriginNotAllowed(AppError):
    code = "origin_not_allowed"
    status = 403
    default_message = "This page may not use the service: its origin is not in ALLOWED_ORIGINS."


class LinkInvalid(AppError):
    code = "link_invalid"
    status = 403
    default_message = "This link is not valid. Attach the file again to get a new one."


class LinkExpired(LinkInvalid):
    code = "link_expired"
    default_message = "This link has expired. Attach the file again to get a new one."


class NotFound(AppError, NotFoundError):
    code = "not_found"
    status = 404
    default_message = "Not found."


class Conflict(AppError):
    code = "conflict"
    status = 409
    default_message = "That is not possible in the current state."


class AttachmentNotUploaded(Conflict):
    code = "attachment_not_uploaded"
    default_message = "The file has not been uploaded yet. Wait for the upload, then send again."


class UploadedAlready(Conflict):
    code = "uploaded_already"
    default_message = (
        "A file was uploaded by this link already. Attach the file again to replace it."
    )


class AttachmentInUse(Conflict):
    code = "attachment_in_use"
    default_message = "The file belongs to another thread. Attach it again, or mention it with @."


class ThreadNotOpen(Conflict):
    code = "thread_not_open"
    default_message = "The thread takes no messages. Start a new thread."


class ErasureUnderWay(Conflict):
    code = "erasure_under_way"
    default_message = "All your data is being deleted. Try again when that has ended."


class QuotaExceeded(AppError):
    code = "quota_exceeded"
    status = 429
    default_message = (
        "Your files use all the space you have. Delete attachments or threads you no longer need."
    )


class RateLimited(AppError):
    code = "rate_limited"
    status = 429
    default_message = "Too many requests. Wait a moment and try again."

    def __init__(self, message: str | None = None, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ObjectMissing(AppError):
    code = "object_missing"
    status = 404
    default_message = "The file's bytes are not in the bucket."


class ObjectChanged(AppError):
    code = "object_changed"
    status = 409
    default_message = "The file was changed after it was checked, so it is not used."


class StorageFull(AppError):
    code = "storage_full"
    status = 507  # RFC 4918, 11.5
    default_message = "The file storage is full. Its operator has to make room; then try again."


class Unavailable(AppError):
    code = "unavailable"
    status = 503
    default_message = "The service is not available right now. Try again in a moment."


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    default_message = "The database does not answer right now. Try again in a moment."


class BucketUnavailable(Unavailable):
    code = "bucket_unavailable"
    default_message = "The file storage does not answer right now. Try again in a moment."


class ScannerUnavailable(Unavailable):
    code = "scanner_unavailable"
    default_message = "The file is still being checked for malware. Try again in a moment."
    retry_after_seconds = 10
