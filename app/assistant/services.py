"""The parts of the service that an assistant can use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from chatkit.store import AttachmentStore
from chatkit.types import AudioInput, TranscriptionResult, UserMessageItem
from openai import AsyncOpenAI
from starlette.requests import Request

from app.attachments.generated_images import GeneratedImages
from app.chat.responder import AgentResponder
from app.context import RequestContext
from app.database.thread_store import PostgresStore


class Transcriber(Protocol):
    """Transcribes recordings. Raises `AppError`."""

    async def transcribe(self, audio: AudioInput) -> TranscriptionResult: ...


class TitleFinder(Protocol):
    """Finds a title for a new thread."""

    async def title_of(self, message: UserMessageItem) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of the service that the default hooks use, and that other hooks may use.

    `client` sends requests to the provider of OPENAI_BASE_URL; it is None for the offline model.
    `model` is MODEL. `authenticate` returns the context of a request to one of the assistant's
    routes, and raises `Unauthenticated`. `titles` is None with TITLES=off.
    """

    store: PostgresStore
    attachment_store: AttachmentStore[RequestContext]
    responder: AgentResponder
    titles: TitleFinder | None
    transcriber: Transcriber
    images: GeneratedImages
    client: AsyncOpenAI | None
    model: str
    authenticate: Callable[[Request], Awaitable[RequestContext]]
