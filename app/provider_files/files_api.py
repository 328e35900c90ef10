"""The Files API of the model's provider: OpenAI's `/files`."""

from dataclasses import dataclass
from datetime import UTC, datetime

import openai
from openai import AsyncOpenAI
from openai.pagination import AsyncCursorPage

from app.telemetry import metrics

# Files are deleted with their attachments. The provider deletes a file by itself in case that this
# service can't: it may be terminated after an upload. OpenAI takes an hour to 30 days
# (`FileExpirationAfter`). A thread that was not used for this time uploads its files again.
KEPT_SECONDS = 7 * 24 * 3600

_SHORT_TIMEOUT_SECONDS = 20
# A proxy or another provider without the Files API, or a key that may not use it.
_LACKING = {403, 404, 405, 501}


class FilesApiFailed(Exception):
    """The provider did not do what was asked. `is_lacking`: it has no Files API for this key."""

    def __init__(self, problem: openai.OpenAIError) -> None:
        super().__init__(str(problem))
        self.is_lacking = _status_of(problem) in _LACKING


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as the provider describes it. `expires_at` is None if it never expires."""

    id: str
    expires_at: datetime | None


class FilesApi:
    """Uploads, finds and deletes files. Each method raises `FilesApiFailed`."""

    def __init__(self, api_key: str, base_url: str | None) -> None:
        self._client = AsyncOpenAI(api_key=api_key, base_url=base_url)
        self._quick = self._client.with_options(timeout=_SHORT_TIMEOUT_SECONDS)

    async def is_offered(self) -> bool:
        """Return whether the provider has a Files API that this key may use."""
        try:
            page = await self._quick.files.list(limit=1)
        except openai.OpenAIError as problem:
            if _status_of(problem) in _LACKING:
                return False
            raise _counted("list", problem) from problem
        # A server may answer any path with a page in HTML.
        return isinstance(page, AsyncCursorPage) and isinstance(page.data, list)

    async def upload(self, name: str, mime_type: str, body: bytes) -> UploadedFile:
        """Upload a file that expires. The model sees its name and goes by the suffix."""
        try:
            file = await self._client.files.create(
                file=(name, body, mime_type),
                purpose="user_data",
                expires_after={"anchor": "created_at", "seconds": KEPT_SECONDS},
            )
        except openai.OpenAIError as problem:
            raise _counted("upload", problem) from problem
        metrics.provider_files_uploaded.inc()
        metrics.provider_file_bytes.inc(len(body))
        expires_at = file.expires_at
        return UploadedFile(
            file.id, None if expires_at is None else datetime.fromtimestamp(expires_at, UTC)
        )

    async def keeps(self, file_id: str) -> bool:
        """Return whether the provider has the file."""
        try:
            await self._quick.files.retrieve(file_id)
        except openai.NotFoundError:
            return False
        except openai.OpenAIError as problem:
            raise _counted("find", problem) from problem
        return True

    async def delete(self, file_id: str) -> None:
        """Delete a file. One that the provider does not have counts as deleted."""
        try:
            await self._quick.files.delete(file_id)
        except openai.NotFoundError:
            return
        except openai.OpenAIError as problem:
            raise _counted("delete", problem) from problem

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _counted(operation: str, problem: openai.OpenAIError) -> FilesApiFailed:
    metrics.provider_file_failures.labels(operation).inc()
    return FilesApiFailed(problem)


def _status_of(problem: openai.OpenAIError) -> int | None:
    return problem.status_code if isinstance(problem, openai.APIStatusError) else None
