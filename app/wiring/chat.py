"""Puts the chat's parts together: the composition root asks for it once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from agents import ModelProvider
from agents.tracing import get_trace_provider
from chatkit.store import Store
from openai import AsyncOpenAI

from app.chat.agent import default_agent, load_agent
from app.chat.dictation import Dictation
from app.chat.models import ConfiguredModels, ModelChoice, OneModel
from app.chat.responder import AgentResponder, RefusalRecords
from app.chat.titles import Titles
from app.chat.wire import PiecewiseClient
from app.context import RequestContext
from app.model_input.budget import Budget
from app.model_input.cache import RenditionCache
from app.model_input.converter import AttachmentConverter, AttachmentReader, ContentLinks
from app.model_input.mentions import Mentions
from app.model_input.readers import extraction
from app.model_input.renditions import ByteSource, Limits, Renditions
from app.offline.model import OfflineModel
from app.workers import Workers


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """The settings of the same names, which have the defaults.

    Without `api_key` the offline model answers.
    """

    api_key: str | None
    base_url: str | None
    model: str
    model_api: Literal["responses", "chat_completions"]
    model_input: Literal["inline", "url"]
    agent: str | None
    transcription_model: str
    image_max_side: int
    text_max_chars: int
    max_request_bytes: int
    max_images: int
    cache_bytes: int


class Attachments(AttachmentReader, RefusalRecords, Protocol):
    """The attachment rows."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What the ChatKit server needs: answers and dictation. `titles` are part of the answers."""

    responder: AgentResponder
    titles: Titles
    dictation: Dictation
    client: AsyncOpenAI | None
    is_offline: bool

    async def close(self) -> None:
        """Close the connections to the model's provider."""
        if self.client is not None:
            await self.client.close()


def build_chat(
    options: ChatOptions,
    *,
    attachments: Attachments,
    bucket: ByteSource,
    store: Store[RequestContext],
    workers: Workers,
    links: ContentLinks | None = None,
) -> Chat:
    """Raises `Misconfigured`. `links` is used only with `model_input="url"`."""
    # The library's own makes a TLS context, tens of milliseconds, when it is first asked for: not
    # in somebody's answer. Runs here are not traced by it.
    get_trace_provider()
    client = (
        PiecewiseClient(api_key=options.api_key, base_url=options.base_url)
        if options.api_key
        else None
    )
    models: ModelProvider = (
        ConfiguredModels(client, ModelChoice(options.model, options.model_api))
        if client
        else OneModel(OfflineModel(workers))
    )
    model_api = options.model_api if client else "responses"
    # The offline model follows no links: what it describes has to be in the request.
    model_input = options.model_input if client and links else "inline"
    renditions = Renditions(
        bucket=bucket,
        cache=RenditionCache(options.cache_bytes),
        workers=workers,
        limits=Limits(options.image_max_side, options.text_max_chars),
        model_api=model_api,
        model_input=model_input,
        extractor=extraction.extract if extraction.is_available() else None,
    )
    budget = Budget(options.max_request_bytes, options.max_images)

    def make_converter(context: RequestContext, refused: Mapping[str, str]) -> AttachmentConverter:
        return AttachmentConverter(
            user_id=context.user_id,
            attachments=attachments,
            renditions=renditions,
            budget=budget,
            links=links if model_input == "url" else None,
            mentions=Mentions(context, attachments, renditions, store),
            refused=refused,
        )

    titles = Titles(models if client else None)
    agent = load_agent(options.agent) if options.agent else default_agent()
    responder = AgentResponder(
        agent=agent,
        models=models,
        model_api=model_api,
        budget=budget,
        make_converter=make_converter,
        store=store,
        refusals=attachments,
        titles=titles,
    )
    return Chat(
        responder=responder,
        titles=titles,
        dictation=Dictation(client, options.transcription_model),
        client=client,
        is_offline=client is None and agent.model is None,
    )
