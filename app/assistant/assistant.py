"""The base class of an assistant of your own."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, ClassVar

from agents import Agent, TResponseInputItem
from agents.tool import ImageGenerationTool
from chatkit.actions import Action
from chatkit.agents import ResponseStreamConverter
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer
from chatkit.store import AttachmentStore
from chatkit.types import (
    AudioInput,
    FeedbackKind,
    StreamOptions,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
)
from chatkit.widgets import WidgetRoot
from starlette.routing import BaseRoute

from app.assistant.entities import Entity
from app.assistant.images import StoredImages
from app.assistant.services import Services
from app.chat.composer import ComposerModel, ComposerTool
from app.chat.run import AnswerParts
from app.chat.tools import AnswerContext
from app.context import RequestContext
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest
from app.model_input.thread_writer import ThreadWriter


class Assistant:
    """The hooks of a ChatKit server, which all have a default: override what you want to change.

    The service makes one with no arguments, or takes the one that `create_application` is given.
    It calls `start` before the first request; from then on `store`, `attachment_store` and
    `services` can be used. An error in a hook is logged with its traceback, and the person in the
    chat gets a sentence.
    """

    composer_models: ClassVar[Sequence[ComposerModel]] = ()
    """Models that a person can choose, beside those of MODELS."""

    composer_tools: ClassVar[Sequence[ComposerTool]] = ()
    """Tools that a person can choose."""

    context_headers: ClassVar[Sequence[str]] = ()
    """The names of request headers to put into `RequestContext.headers`."""

    services: Services
    store: PostgresStore
    attachment_store: AttachmentStore[RequestContext]

    def use(self, services: Services) -> None:
        """Keep the parts of the service for the hooks. The service calls it once."""
        self.services = services
        self.store = services.store
        self.attachment_store = services.attachment_store

    # Start and stop

    async def start(self) -> None:
        """Open what the assistant needs. The service accepts requests when this has returned."""

    async def stop(self) -> None:
        """Close what `start` opened. The service calls it when all answers have ended."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return more routes. `services.authenticate` returns the context of their requests."""
        return ()

    # Answers

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        """Answer a message, or go on after the output of a client tool or the answers of a form.

        Yield ChatKit's events, or texts, which become a message. The default streams the answer of
        `choose_agent`. Code for another framework reads the thread with `model_input`.
        """
        agent = await self.choose_agent(thread, input_user_message, context)
        async for event in self.stream_agent(agent, thread, context):
            yield event

    async def choose_agent(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> Agent[Any]:
        """Return the agent that answers. The default is the agent of AGENT, or the service's own.

        What the person chose in the composer is in `input_user_message.inference_options`.
        """
        return self.services.responder.agent

    def stream_agent(
        self,
        agent: Agent[Any],
        thread: ThreadMetadata,
        context: RequestContext,
        *,
        make_context: Callable[[], AnswerContext] | None = None,
        extra_input: Sequence[TResponseInputItem] = (),
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Run an agent over the thread and stream its answer.

        Use it instead of `Runner.run_streamed` and `stream_agent_response`. It gives the files, the
        tools for files and the model that the person chose to the agent, and to the agents that it
        hands over to. `make_context` replaces `agent_context` for an agent that needs another
        context; it is called once for each try. `extra_input` follows the history.
        """
        parts = AnswerParts(
            agent,
            make_context or (lambda: self.agent_context(thread, context)),
            lambda: self.thread_writer(thread, context),
            self.stream_converter(agent, thread, context),
            extra_input,
        )
        return self.services.responder.answer(thread, context, parts)

    async def model_input(
        self, thread: ThreadMetadata, context: RequestContext
    ) -> list[TResponseInputItem]:
        """Return the thread as input items of the Responses API, for code without the Agents SDK.

        Files are converted to what the model takes. If the request budget has no room for all, the
        oldest are left out. With MODEL_INPUT=files the items have ids of files, which only the
        provider of `client` knows. Add `RULES` to the model's instructions: it explains how files
        are announced.
        """
        return await self.services.responder.model_input(
            thread, context, lambda: self.thread_writer(thread, context)
        )

    def agent_context(self, thread: ThreadMetadata, context: RequestContext) -> AnswerContext:
        """Return the context that tools get. A subclass of `AnswerContext` may have more fields."""
        return AnswerContext(thread=thread, store=self.store, request_context=context)

    def thread_writer(self, thread: ThreadMetadata, context: RequestContext) -> ThreadWriter:
        """Return the writer of the thread's items for the model: a `ThreadItemConverter`.

        A subclass of `ThreadWriter` may override each of its methods.
        """
        return ThreadWriter()

    def stream_converter(
        self, agent: Agent[Any], thread: ThreadMetadata, context: RequestContext
    ) -> ResponseStreamConverter:
        """Return the converter of images and citations in the agent's answer.

        The default stores generated images in the bucket, as attachments of the thread.
        """
        return StoredImages(
            self.services.images, thread, context, partial_images=partial_images_of(agent)
        )

    async def find_title(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext
    ) -> str | None:
        """Return the title of a new thread; None leaves it without one.

        It is called only for a thread without a title. A title that the answer sets is kept.
        """
        titles = self.services.titles
        return await titles.title_of(message) if titles is not None else None

    # Actions, feedback, dictation: the hooks of ChatKit's server

    def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        """Handle an action of a widget or of the page. Yield events or texts, as `respond` does."""
        raise CustomStreamError(
            f"This assistant does not handle the action “{action.type}”.", allow_retry=False
        )

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> SyncCustomActionResponse:
        """Handle an action that gets a response instead of a stream."""
        raise InvalidRequest(f"This assistant does not handle the action “{action.type}”.")

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: FeedbackKind, context: RequestContext
    ) -> None:
        """Save a rating of items."""
        await self.store.add_feedback(thread_id, item_ids, feedback, context)

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext
    ) -> TranscriptionResult:
        """Return the text of a recording."""
        return await self.services.transcriber.transcribe(audio_input)

    def get_stream_options(self, thread: ThreadMetadata, context: RequestContext) -> StreamOptions:
        """Return whether the person may stop the answer."""
        return StreamOptions(allow_cancel=True)

    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: RequestContext
    ) -> None:
        """Save what the person has seen of a stopped answer, by ChatKit's own default."""
        default: Any = ChatKitServer.handle_stream_cancelled
        await default(self, thread, pending_items, context)

    # Entities besides files and chats. `tag_to_message_content` of the thread writer returns what
    # the model gets of one.

    async def search_entities(self, query: str, context: RequestContext) -> Sequence[Entity]:
        """Return the entities that match; for an empty query, those that the menu offers first."""
        return ()

    async def preview_entity(self, entity_id: str, context: RequestContext) -> WidgetRoot | None:
        """Return what is shown when the mouse is over a mention; None for an unknown id."""
        return None


def partial_images_of(agent: Agent[Any]) -> int | None:
    """Return how many partial images the agent's image generation streams, if it has one."""
    for tool in agent.tools:
        if isinstance(tool, ImageGenerationTool):
            return tool.tool_config.get("partial_images")
    return None
