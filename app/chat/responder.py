"""Answers a thread: its history goes to the agent, and the agent's answer into the thread."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

import openai
from agents import ModelProvider, RunConfig, Runner, RunResultStreaming
from agents.exceptions import AgentsException
from chatkit.agents import stream_agent_response
from chatkit.store import Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)

from app.chat.agent import ChatAgent
from app.chat.endings import Ending, EndingModels
from app.chat.failures import (
    approval_needed,
    rejected_file_notice,
    rejected_file_reason,
    stream_error_for,
)
from app.chat.history import is_empty_answer, load_history
from app.chat.item_ids import RenamedRun
from app.chat.model_metrics import ModelMeter
from app.chat.rejections import Rejection, rejection_of, suspects
from app.chat.titles import Titles
from app.chat.tools import FETCH_ATTACHMENT, AnswerContext, fetch_attachment
from app.context import RequestContext
from app.model_input.budget import Budget
from app.model_input.converter import ThreadConverter
from app.model_input.input_items import Item, parts_of
from app.model_input.labels import LabelTable
from app.model_input.trimming import RequestTrimmer
from app.settings.model import ModelApi

logger = logging.getLogger(__name__)

# A thread may hold several files that a provider new to it rejects one by one.
_MAX_REJECTED_FILES = 8


class MakeConverter(Protocol):
    """Makes a converter for the asking user. `rejected` ids become notes that give the reason."""

    def __call__(self, context: RequestContext, rejected: Mapping[str, str]) -> ThreadConverter: ...


class RejectionRecords(Protocol):
    """Where it is recorded that the provider rejected a file."""

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None: ...


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
        models: ModelProvider,
        model_api: ModelApi,
        budget: Budget,
        make_converter: MakeConverter,
        store: Store[RequestContext],
        rejections: RejectionRecords,
        titles: Titles | None,
    ) -> None:
        self._agent = _with_fetch_tool(agent)
        self._model_api = model_api
        self._budget = budget
        self._make_converter = make_converter
        self._store = store
        self._rejections = rejections
        self._titles = titles
        # Traces would go to OpenAI with the user's data, also if another provider is configured.
        self._run_config = RunConfig(model_provider=models, tracing_disabled=True)

    async def respond(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the answer to the thread as it is stored. Raises `CustomStreamError`.

        A thread without a title gets one from `message` while the answer streams, unless a tool is
        first. The server compares `thread` after each event; when it has changed, the server saves
        it and informs the client.
        """
        naming = None
        if self._titles is not None and thread.title is None and message is not None:
            naming = asyncio.create_task(self._titles.title_of(message))
        try:
            async with aclosing(self._answer(thread, context)) as events:
                async for event in events:
                    yield event
                    if naming and naming.done():
                        thread.title = thread.title or naming.result()
                        naming = None
            if naming and thread.title is None:
                title = await naming
                thread.title = thread.title or title
        finally:
            if naming:
                naming.cancel()

    async def _answer(
        self, thread: ThreadMetadata, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the answer; a request that is rejected because of a file is sent without it.

        Only if the provider accepts that, the file is at fault: then the reason is recorded, and
        the answer begins with a notice that names the file.
        """
        rejected: dict[str, _RejectedFile] = {}
        while True:
            run = self._run(thread, context, rejected)
            try:
                async with aclosing(run.events()) as events:
                    async for event in events:
                        if rejected:
                            yield await self._record(thread, context, rejected)
                            rejected = {}
                        yield event
                return
            except (openai.OpenAIError, AgentsException) as problem:
                rejection = rejection_of(problem)
                found = self._without(rejected, rejection, run) if rejection else {}
                if not found:
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
        thread: ThreadMetadata,
        context: RequestContext,
        rejected: Mapping[str, _RejectedFile],
    ) -> "_Run":
        reasons = {id: file.reason for id, file in rejected.items()}
        labels = LabelTable()
        return _Run(
            self._agent,
            AnswerContext(
                thread=thread,
                store=self._store,
                request_context=context,
                converter=self._make_converter(context, reasons),
                labels=labels,
            ),
            self._run_config,
            RequestTrimmer(self._budget, self._model_api, labels),
        )

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
        agent: ChatAgent,
        context: AnswerContext,
        config: RunConfig,
        trimmer: RequestTrimmer,
    ) -> None:
        self._agent = agent
        self._context = context
        self._config = replace(config, call_model_input_filter=trimmer)
        self.trimmer = trimmer

    async def events(self) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the run's events. Raises `ModelFailed` after them if the answer is not whole."""
        context = self._context
        ending = Ending()
        history = await load_history(context.store, context.thread.id, context.request_context)
        written = await context.converter.to_agent_input(history)
        for item in written:
            context.labels.remember(parts_of(cast(Item, item)))
        meter = ModelMeter()
        run = Runner.run_streamed(
            self._agent,
            written,
            context=context,
            run_config=replace(
                self._config, model_provider=EndingModels(self._config.model_provider, ending)
            ),
            hooks=meter,
        )
        renamed = RenamedRun(run, context.generate_id)
        try:
            # It uses nothing of the run but `stream_events`.
            stream = stream_agent_response(context, cast(RunResultStreaming, renamed))
            async with aclosing(cast(AsyncGenerator[ThreadStreamEvent, None], stream)) as events:
                async for event in events:
                    yield _without_empty_message(event)
            if ending.failure is not None:
                raise ending.failure
            if run.interruptions:
                raise approval_needed()
        finally:
            run.cancel()
            context.close()
            meter.close()


def _without_empty_message(event: ThreadStreamEvent) -> ThreadStreamEvent:
    """Remove a message that ended without text: it was shown when it began."""
    if not isinstance(event, ThreadItemDoneEvent) or not is_empty_answer(event.item):
        return event
    return ThreadItemRemovedEvent(item_id=event.item.id)


def _with_fetch_tool(agent: ChatAgent) -> ChatAgent:
    """Return the agent with the tool that fetches files, unless it has a tool of that name."""
    if any(tool.name == FETCH_ATTACHMENT for tool in agent.tools):
        return agent
    return agent.clone(tools=[*agent.tools, fetch_attachment])
