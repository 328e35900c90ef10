"""Transcribes recordings, each once, and keeps their transcripts.

A transcription goes on when those who wait for it have left, because it is paid for already.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from app.database.transcripts import Transcript, TranscriptClaim
from app.errors import Unavailable
from app.file_types.file_type import FileType
from app.file_types.recordings import MOST_RECORDING_BYTES
from app.file_types.table import resolve
from app.model_input.readers import sound
from app.sizes import in_words
from app.workers import Workers, WorkFailed

logger = logging.getLogger(__name__)

TRANSCRIBING_SECONDS = 300
"""The most that a transcription may take."""
# A process that holds a claim for longer than this is presumed dead.
_LEASE_SECONDS = TRANSCRIBING_SECONDS + 60
_POLL_SECONDS = 0.5


class NotTranscribed(Exception):
    """Why there is no transcript, as a clause. It is `lasting` if another try would fail too."""

    def __init__(self, reason: str, *, lasting: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting


class Transcriber(Protocol):
    """Turns speech into text. Raises `NotTranscribed`."""

    @property
    def model(self) -> str: ...
    async def transcribe(self, body: bytes, file_type: FileType) -> str: ...


class TranscriptKeeper(Protocol):
    """The rows in which transcripts are kept: `TranscriptRecords` describes the methods."""

    async def claim(
        self, user_id: str, attachment_id: str, *, lease_seconds: float
    ) -> TranscriptClaim: ...
    async def save(self, user_id: str, attachment_id: str, transcript: Transcript) -> None: ...
    async def release(self, user_id: str, attachment_id: str) -> None: ...


class Recording(Protocol):
    """An attachment that is a recording."""

    @property
    def user_id(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def mime_type(self) -> str: ...
    @property
    def size(self) -> int: ...


class Transcripts:
    """Gets transcripts of recordings. Without a `transcriber` it gets those that are kept."""

    def __init__(
        self, keeper: TranscriptKeeper, transcriber: Transcriber | None, workers: Workers
    ) -> None:
        self._keeper = keeper
        self._transcriber = transcriber
        self._workers = workers
        self._running: dict[tuple[str, str], asyncio.Task[Transcript]] = {}

    async def get(self, recording: Recording, load: Callable[[], Awaitable[bytes]]) -> Transcript:
        """Return the transcript, from its row or from the bytes that `load` returns.

        Raises `NotTranscribed`, `NotFound`, `Unavailable`, and what `load` raises.
        """
        key = (recording.user_id, recording.id)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._get(recording, load))
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel the transcriptions that run."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    def _forget(self, key: tuple[str, str], done: asyncio.Task[Transcript]) -> None:
        del self._running[key]
        if not done.cancelled() and (problem := done.exception()):
            logger.info("no transcript of %s: %s", key[1], problem)

    async def _get(self, recording: Recording, load: Callable[[], Awaitable[bytes]]) -> Transcript:
        user_id, id = recording.user_id, recording.id
        claim = await self._keeper.claim(user_id, id, lease_seconds=_LEASE_SECONDS)
        while claim.transcript is None and not claim.is_ours:
            await asyncio.sleep(_POLL_SECONDS)  # another process is transcribing it
            claim = await self._keeper.claim(user_id, id, lease_seconds=_LEASE_SECONDS)
        if claim.transcript is not None:
            return claim.transcript
        try:
            transcript = await self._transcribed(recording, load)
        except BaseException:
            await self._release(user_id, id)
            raise
        try:
            await self._keeper.save(user_id, id, transcript)
        except Unavailable as problem:
            logger.warning("the transcript of %s is not kept: %s", id, problem)
        return transcript

    async def _transcribed(
        self, recording: Recording, load: Callable[[], Awaitable[bytes]]
    ) -> Transcript:
        if self._transcriber is None:
            raise NotTranscribed("no transcription model is configured here", lasting=True)
        if recording.size > MOST_RECORDING_BYTES:
            raise NotTranscribed(
                f"it has {in_words(recording.size)}, and at most {in_words(MOST_RECORDING_BYTES)}"
                " of sound can be transcribed. Attach it in shorter pieces, or save it with a"
                " lower bit rate",
                lasting=True,
            )
        body = await load()
        file_type = resolve(recording.name, recording.mime_type)
        text = await self._transcriber.transcribe(body, file_type)
        return Transcript(text, self._transcriber.model, await self._seconds(body, file_type))

    async def _seconds(self, body: bytes, file_type: FileType) -> float | None:
        try:
            return await self._workers.run(sound.seconds, body, file_type.suffix)
        except WorkFailed:
            return None

    async def _release(self, user_id: str, attachment_id: str) -> None:
        """End the claim. If the database does not answer, the claim ends by itself."""
        try:
            await asyncio.shield(self._keeper.release(user_id, attachment_id))
        except Unavailable as problem:
            logger.warning("the claim on %s is left to expire: %s", attachment_id, problem)
