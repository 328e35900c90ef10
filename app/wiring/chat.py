"""Wires the chat: the model's client, the converter of files, the agent that answers."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agents.tracing import get_trace_provider
from chatkit.store import Store
from openai import AsyncOpenAI

from app.assistant import Assistant
from app.assistant.loading import load_assistant
from app.chat.agent import default_agent, load_agent
from app.chat.dictation import Dictation
from app.chat.model_facts import DEFAULT_WINDOW_TOKENS, facts_of
from app.chat.models import ConfiguredModels, OneModel
from app.chat.responder import AgentResponder, MakeConverter, RejectionRecords
from app.chat.titles import Titles
from app.chat.transcription import RecordingTranscriber
from app.chat.wire import ModelClient
from app.context import RequestContext
from app.model_input.budget import Budget
from app.model_input.cache import RenditionCache
from app.model_input.contents import AttachmentContents, ContentLinks
from app.model_input.converter import AttachmentReader, ThreadConverter
from app.model_input.mentions import Mentions
from app.model_input.references import References
from app.model_input.rendering import ByteSource, Renderer
from app.model_input.thread_writer import ThreadWriter
from app.model_input.transcripts import TranscriptKeeper, Transcripts
from app.offline.model import OfflineModel
from app.provider_files.uploads import Uploads
from app.settings.model import ChatModelSettings
from app.workers import Workers


class Attachments(AttachmentReader, RejectionRecords, Protocol):
    """The rows of attachments."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What an assistant works with: answers, titles and dictation."""

    responder: AgentResponder
    titles: Titles
    dictation: Dictation
    transcriber: RecordingTranscriber | None
    transcripts: Transcripts
    client: AsyncOpenAI | None
    uploads: Uploads | None
    is_offline: bool

    async def close(self) -> None:
        """Cancel transcriptions and uploads, and close the connections to the model's provider."""
        await self.transcripts.close()
        if self.uploads is not None:
            await self.uploads.close()
        if self.client is not None:
            await self.client.close()


def build_chat(
    settings: ChatModelSettings,
    *,
    attachments: Attachments,
    bucket: ByteSource,
    store: Store[RequestContext],
    transcripts: TranscriptKeeper,
    workers: Workers,
    links: ContentLinks | None = None,
    uploads: Uploads | None = None,
) -> Chat:
    """Wire the chat. MODEL_INPUT=url needs `links`, and `files` needs `uploads`.

    Raises `Misconfigured`.
    """
    # The library's trace provider takes tens of milliseconds to create. Created here, it delays no
    # user's first answer.
    get_trace_provider()
    logging.getLogger("openai.agents").addFilter(_is_no_failed_request)
    client = _client(settings)
    if client is None:
        # The offline model takes the Responses API's input, and follows no links.
        settings = settings.model_copy(update={"api": "responses", "input": "inline"})
        models: ConfiguredModels | OneModel = OneModel(OfflineModel(workers))
    else:
        models = ConfiguredModels(client, settings)
    titles = Titles(models if client else None)
    speech_client = client if settings.transcribes else None
    transcriber = _transcriber(speech_client, settings.transcription_model)
    kept = Transcripts(transcripts, transcriber, workers)
    budget = Budget(settings.max_request_bytes, settings.max_images, _window_tokens(settings))
    agent = load_agent(settings.agent) if settings.agent else default_agent()
    responder = AgentResponder(
        agent=agent,
        models=models,
        model_api=settings.api,
        budget=budget,
        make_converter=_converters(settings, attachments, bucket, workers, kept, store, links),
        store=store,
        rejections=attachments,
        # Other providers of Chat Completions may reject a field that they don't know.
        has_prompt_cache_keys=settings.api == "responses" or settings.base_url is None,
        uploads=uploads if settings.input == "files" else None,
    )
    return Chat(
        responder=responder,
        titles=titles,
        dictation=Dictation(speech_client, settings.transcription_model),
        transcriber=transcriber,
        transcripts=kept,
        client=client,
        uploads=uploads,
        is_offline=client is None and agent.model is None,
    )


def _window_tokens(settings: ChatModelSettings) -> int:
    facts = facts_of(settings.name)
    known = facts.window_tokens if facts else DEFAULT_WINDOW_TOKENS
    return settings.context_tokens or known


def _is_no_failed_request(record: logging.LogRecord) -> bool:
    """Whether to log a record of the SDK. app/chat/saving.py already logs failed requests."""
    return not record.getMessage().startswith("Error streaming response")


def create_assistant(settings: ChatModelSettings) -> Assistant:
    """Return the assistant of ASSISTANT, or the service's own. Raises `Misconfigured`."""
    return load_assistant(settings.assistant) if settings.assistant else Assistant()


def _client(settings: ChatModelSettings) -> AsyncOpenAI | None:
    if settings.api_key is None:
        return None
    return ModelClient(api_key=settings.api_key.get_secret_value(), base_url=settings.base_url)


def _transcriber(client: AsyncOpenAI | None, model: str) -> RecordingTranscriber | None:
    return RecordingTranscriber(client, model) if client else None


def _converters(
    settings: ChatModelSettings,
    attachments: Attachments,
    bucket: ByteSource,
    workers: Workers,
    transcripts: Transcripts,
    store: Store[RequestContext],
    links: ContentLinks | None,
) -> MakeConverter:
    cache = RenditionCache(settings.cache_bytes)

    def renderer(chosen: ChatModelSettings) -> Renderer:
        return Renderer(
            bucket=bucket,
            cache=cache,
            workers=workers,
            settings=chosen,
            transcripts=transcripts,
        )

    configured = renderer(settings)
    # Where the provider has no Files API, Chat Completions get the text of a PDF.
    without_files = renderer(settings.model_copy(update={"input": "inline"}))

    def make_converter(
        context: RequestContext,
        rejected: Mapping[str, str],
        budget: Budget,
        make_writer: Callable[[], ThreadWriter] = ThreadWriter,
        references: References | None = None,
    ) -> ThreadConverter:
        lacks_files = settings.input == "files" and references is None
        renderer = without_files if lacks_files else configured
        return ThreadConverter(
            user_id=context.user_id,
            attachments=attachments,
            contents=AttachmentContents(
                renderer,
                links=links if settings.input == "url" else None,
                references=references,
                rejected=rejected,
            ),
            budget=budget,
            mentions=Mentions(context, attachments, renderer, store),
            make_writer=make_writer,
        )

    return make_converter
