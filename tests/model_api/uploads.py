"""The Files API: what has been uploaded, until it is deleted, expires, or is lost by a test."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.model_api.rejections import Rejection

Json = dict[str, Any]

_MOST_BYTES = 512 * 1024 * 1024  # "Individual files can be up to 512 MB", createFile
# BasedHardware/omi#3361, ogx-ai/ogx#3946: what a user has uploaded can't be downloaded again.
_NEVER_DOWNLOADED = ("user_data", "assistants", "vision")


@dataclass(frozen=True)
class Upload:
    """A stored file; times are in seconds since 1970."""

    id: str
    filename: str
    purpose: str
    body: bytes
    created_at: int
    expires_at: int | None

    def fields(self) -> Json:
        """An `OpenAIFile` of the document."""
        fields = {
            "id": self.id,
            "object": "file",
            "bytes": len(self.body),
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }
        return fields if self.expires_at is None else fields | {"expires_at": self.expires_at}


@dataclass
class Uploads:
    """The files that the account holds, by id, oldest first."""

    held: dict[str, Upload] = field(default_factory=dict)
    _skipped_seconds: int = 0

    def now(self) -> int:
        return int(time.time()) + self._skipped_seconds

    def pass_time(self, seconds: int) -> None:
        """Let the time pass, so that files expire."""
        self._skipped_seconds += seconds
        for upload in list(self.held.values()):
            if upload.expires_at is not None and upload.expires_at <= self.now():
                del self.held[upload.id]

    def lose(self, file_id: str) -> None:
        """Lose a file, as a provider does that cleans up an account."""
        del self.held[file_id]

    def create(self, filename: str, body: bytes, fields: Mapping[str, Any]) -> Json:
        """Store a file. `fields` are those of a valid `CreateFileRequest`."""
        if len(body) > _MOST_BYTES:
            raise Rejection(
                f"Maximum content size limit ({_MOST_BYTES}) exceeded ({len(body)} bytes read)",
                status=413,
            )
        expiry = fields.get("expires_after")
        upload = Upload(
            f"file-{secrets.token_urlsafe(16)}",
            filename,
            fields["purpose"],
            body,
            self.now(),
            self.now() + expiry["seconds"] if expiry else None,
        )
        self.held[upload.id] = upload
        return upload.fields()

    def find(self, file_id: str) -> Upload:
        """Raises `Rejection` (404) for what is not there any more."""
        if file_id not in self.held:
            raise no_such_file(file_id, "id")
        return self.held[file_id]

    def content(self, file_id: str) -> bytes:
        """Raises `Rejection`."""
        upload = self.find(file_id)
        if upload.purpose in _NEVER_DOWNLOADED:
            raise Rejection(f"Not allowed to download files of purpose: {upload.purpose}")
        return upload.body

    def delete(self, file_id: str) -> Json:
        """Raises `Rejection` (404) for what is not there any more."""
        self.find(file_id)
        del self.held[file_id]
        return {"id": file_id, "object": "file", "deleted": True}

    def page(self, query: Mapping[str, str]) -> Json:
        """`GET /files` with `after`, `limit`, `order` and `purpose`; newest first by default."""
        files = [
            upload
            for upload in self.held.values()
            if query.get("purpose") in (None, upload.purpose)
        ]
        if query.get("order", "desc") == "desc":
            files.reverse()
        ids = [upload.id for upload in files]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        end = start + int(query.get("limit", 10_000))
        page = files[start:end]
        return {
            "object": "list",
            "data": [upload.fields() for upload in page],
            "first_id": page[0].id if page else "",
            "last_id": page[-1].id if page else "",
            "has_more": end < len(files),
        }


def no_such_file(file_id: str, param: str) -> Rejection:
    """What the Files API answers (danny-avila/LibreChat#2632)."""
    return Rejection(f"No such File object: {file_id}", None, param, 404)
