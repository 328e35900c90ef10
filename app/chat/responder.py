"""Answers a thread: its history goes to the agent, and the agent's answer into the thread."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, cast

import openai
from agents import RunConfig, Runner, RunResultStreaming, TResponseInputItem
from agents.exceptions import AgentsException
from chatkit.agents import ResponseStreamConverter, stream_agent_response
from chatkit.store import Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)

from app.chat.agent import ChatAgent
from app.chat.composer import latest_options, with_choice
from app.chat.failures import rejected_file_notice, rejected_file_reason, stream_error_for
from app.chat.history import load_history
from app.chat.item_ids import RenamedRun
from app.chat.model_metrics import ModelMeter
from app.chat.models import ConfiguredModels, OneModel
from app.chat.rejections import Rejection, rejection_of, suspects
from app.chat.tools import AnswerContext, with_file_tools
from app.context import RequestContext
from app.model_input.budget import Budget
from app.model_input.converter import ThreadConverter
from app.model_input.input_items import Item, parts_of
from app.model_input.thread_writer import ThreadWriter
from app.model_input.tool_calls import pair_tool_calls
from app.model_input.trimming import RequestTrimmer, trimmed
from app.settings.model import ModelApi

logger = logging.getLogger(__name__)

# A thread may hold several files that a provider new to it rejects one by one.
_MAX_REJECTED_FILES = 8


class MakeConverter(Protocol):
    """Makes a converter for the asking user. `rejected` ids become notes that give the reason."""

    def __call__(
        self,
        context: RequestContext,
        rejected: Mapping[str, str],
        make_writer: Callable[[], ThreadWriter] = ThreadWriter,
    ) -> ThreadConverter: ...


class RejectionRecords(Protocol):
    """Where it is recorded that the provider rejected a file."""

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """What an assistant of one's own changes about an answer.

    Of these, `make_context` and `make_writer` are called once for each try. `extra_input` follows
    the history.
    """

    agent: ChatAgent
    make_context: Callable[[], AnswerContext]
    make_writer: Callable[[], ThreadWriter] = ThreadWriter
    stream_converter: ResponseStreamConverter = field(default_factory=ResponseStreamConverter)
    extra_input: Sequence[TResponseInputItem] = ()


@dataclass(frozen=True, slots=True)
class _RejectedFile:
    """A file that is left out of the next try, because the provider rejected the last one."""

    name: str
    reason: str


class AgentResponder:
    """Answers all threads; the state of one answer is in its `respond`."""

    def __init__(
        self,
        *,
        agent: ChatAgent,
        models: ConfiguredModels | OneModel,
        model_api: ModelApi,
        budget: Budget,
        make_converter: MakeConverter,
        store: Store[RequestContext],
        rejections: RejectionRecords,
    ) -> None:
        self.agent = agent
        self._models = models
        self._model_api = model_api
        self._budget = budget
        self._make_converter = make_converter
        self._store = store
        self._rejections = rejections
        # Traces would go to OpenAI with the user's data, also if another provider is configured.
        self._run_config = RunConfig(model_provider=models, tracing_disabled=True)

    async def respond(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the answer of `agent`, without anything of an assistant of one's own."""
        parts = AnswerParts(
            self.agent,
            lambda: AnswerContext(thread=thread, store=self._store, request_context=context),
        )
        async with aclosing(self.answer(thread, context, parts)) as events:
            async for event in events:
                yield event

    async def model_input(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        make_writer: Callable[[], ThreadWriter],
    ) -> list[TResponseInputItem]:
        """Return the thread with its files as items of the Responses API, within the budget."""
        history = await load_history(self._store, thread.id, context)
        written = await self._make_converter(context, {}, make_writer).to_agent_input(history)
        items = trimmed(pair_tool_calls(cast(list[Item], written)), self._budget)
        return cast(list[TResponseInputItem], items)

    async def answer(
        self, thread: ThreadMetadata, context: RequestContext, parts: AnswerParts
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the answer to the thread as it is stored. Raises `CustomStreamError`.

        A request that is rejected because of a file is sent without it.

        Only if the provider accepts that, the file is at fault: then the reason is recorded, and
        the answer begins with a notice that names the file.
        """
        rejected: dict[str, _RejectedFile] = {}
        while True:
            run = self._run(parts, context, rejected)
            try:
                async with aclosing(run.events()) as events:
                    async for event in events:
                        if rejected:
                            yield await self._record(thread, context, rejected)
                            rejected = {}
                        yield event
                return
            except (openai.OpenAIError, AgentsException) as problem:
                rejection = rejection_of(problem) or run.rejection
                found = self._without(rejected, rejection, run) if rejection else {}
                if not found:
                    logger.warning("the model gave no answer", exc_info=problem)
                    raise stream_error_for(problem) from problem
                logger.info("the provider rejected %s: %s", sorted(found), rejection)
                rejected |= found

    def _without(
        self, known: Mapping[str, _RejectedFile], rejection: Rejection, run: "_Run"
    ) -> dict[str, _RejectedFile]:
        """Return the files to leave out of the next try; none if another try makes no sense."""
        if len(known) >= _MAX_REJECTED_FILES:
            return {}
        found = suspects(rejection, run.trimmer.last_input, model_api=self._model_api)
        reason = rejected_file_reason(rejection.reason, is_certain=len(found) == 1)
        return {
            id: _RejectedFile(each.name, reason) for id, each in found.items() if id not in known
        }

    def _run(
        self,
        parts: AnswerParts,
        context: RequestContext,
        rejected: Mapping[str, _RejectedFile],
    ) -> "_Run":
        reasons = {id: file.reason for id, file in rejected.items()}
        made = parts.make_context()
        made.open_files(self._make_converter(context, reasons, parts.make_writer))
        trimmer = RequestTrimmer(self._budget, self._model_api, made.labels)
        return _Run(parts, made, self._models, self._run_config, trimmer)

    async def _record(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        rejected: Mapping[str, _RejectedFile],
    ) -> ThreadStreamEvent:
        """Record why each file was rejected. Return the notice for the user."""
        for id, file in rejected.items():
            await self._rejections.mark_rejected_by_provider(context.user_id, id, file.reason)
        notices = [rejected_file_notice(file.name, file.reason) for file in rejected.values()]
        return ThreadItemDoneEvent(
            item=AssistantMessageItem(
                id=self._store.generate_item_id("message", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                content=[AssistantMessageContent(text="\n\n".join(notices))],
            )
        )


class _Run:
    """One run of the agent over the thread as it is now."""

    def __init__(
        self,
        parts: AnswerParts,
        context: AnswerContext,
        models: ConfiguredModels | OneModel,
        config: RunConfig,
        trimmer: RequestTrimmer,
    ) -> None:
        self._parts = parts
        self._context = context
        self._models = models
        self._config = replace(config, call_model_input_filter=trimmer)
        self.trimmer = trimmer
        self.rejection: Rejection | None = None

    async def events(self) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the run's events. `rejection` is set afterwards if the stream ended in one."""
        context = self._context
        history = await load_history(context.store, context.thread.id, context.request_context)
        written = await context.converter.to_agent_input(history)
        for item in written:
            context.labels.remember(parts_of(cast(Item, item)))
        options = latest_options(history)
        config = self._config
        if options.model is not None:
            config = replace(config, model_provider=self._models.with_default(options.model))
        meter = ModelMeter()
        run = Runner.run_streamed(
            with_file_tools(with_choice(self._parts.agent, options)),
            [*written, *self._parts.extra_input],
            context=context,
            run_config=config,
            hooks=meter,
        )
        renamed = RenamedRun(run, context.generate_id)
        try:
            # It uses nothing of the run but `stream_events`.
            stream = stream_agent_response(
                context,
                cast(RunResultStreaming, renamed),
                converter=self._parts.stream_converter,
            )
            async with aclosing(cast(AsyncGenerator[ThreadStreamEvent, None], stream)) as events:
                async for event in events:
                    yield event
        finally:
            self.rejection = renamed.rejection
            run.cancel()
            meter.close()
