"""Answers a thread: its history goes to the agent, and the agent's answer into the thread."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Literal, Protocol, cast

import openai
from agents import ModelProvider, RunConfig, Runner, RunResultStreaming
from agents.exceptions import AgentsException
from chatkit.agents import AgentContext, stream_agent_response
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
from app.chat.failures import stream_error_for
from app.chat.history import load_history
from app.chat.item_ids import RenamedRun
from app.chat.model_metrics import ObservedModel
from app.chat.refusals import Refusal, announced_names, refusal_of, refused_ids
from app.chat.titles import Titles
from app.chat.tools import FETCH_ATTACHMENT, fetch_attachment_tool
from app.context import RequestContext
from app.model_input.budget import Budget
from app.model_input.converter import AttachmentConverter
from app.model_input.trimming import RequestTrimmer

logger = logging.getLogger(__name__)

# A thread may hold several files that a provider new to it refuses one by one.
_MAX_REFUSALS = 8


class MakeConverter(Protocol):
    """A converter for the asking user; `refused` ids become notes that give the reason."""

    def __call__(
        self, context: RequestContext, refused: Mapping[str, str]
    ) -> AttachmentConverter: ...


class RefusalRecords(Protocol):
    """Where it is remembered that the provider refused a file."""

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None: ...


class AgentResponder:
    """One per process; an answer's own state lives in `respond`."""

    def __init__(
        self,
        *,
        agent: ChatAgent,
        models: ModelProvider,
        model_api: Literal["responses", "chat_completions"],
        budget: Budget,
        make_converter: MakeConverter,
        store: Store[RequestContext],
        refusals: RefusalRecords,
        titles: Titles,
    ) -> None:
        self._make_converter = make_converter
        self._store = store
        self._refusals = refusals
        self._titles = titles
        self._model_api: Literal["responses", "chat_completions"] = model_api
        self._budget = budget
        self._agent = _with_fetch_tool(agent, make_converter)
        # Traces would go to OpenAI with the user's data, whatever provider is configured.
        self._run_config = RunConfig(model_provider=models, tracing_disabled=True)

    async def respond(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the answer to the thread as it is stored. Raises `CustomStreamError`.

        A thread without a title gets one from `message` while the answer streams: ChatKit saves
        it, and tells the UI, when `thread` has changed after an event.
        """
        naming = None
        if thread.title is None and message is not None:
            naming = asyncio.create_task(self._titles.title_of(message))
        try:
            async with aclosing(self._answer(thread, context)) as events:
                async for event in events:
                    yield event
                    if naming and naming.done():
                        thread.title = naming.result()
            if naming:
                thread.title = await naming
        finally:
            if naming:
                naming.cancel()

    async def _answer(
        self, thread: ThreadMetadata, context: RequestContext
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """The events of the answer.

        A request that the provider refuses for a file is sent again with a note in its place. Only
        when that is accepted is the file to blame: then it is remembered, and the answer says so.
        """
        refused: dict[str, str] = {}
        names: dict[str, str] = {}
        while True:
            outgoing = RequestTrimmer(self._budget, self._model_api)
            run = self._start(thread, context, outgoing)
            try:
                async with aclosing(run.events(refused)) as events:
                    async for event in events:
                        if refused:
                            yield await self._refused(thread, context, refused, names)
                            refused = {}
                        yield event
                return
            except (openai.OpenAIError, AgentsException) as problem:
                refusal = refusal_of(problem) or run.refusal
                names |= announced_names(outgoing.last_input)
                found = self._blamed(refusal, outgoing, refused)
                if not found:
                    logger.warning("the model gave no answer", exc_info=problem)
                    raise stream_error_for(problem) from problem
                logger.info("the provider refused %s: %s", sorted(found), refusal)
                refused |= found

    def _blamed(
        self, refusal: Refusal | None, outgoing: RequestTrimmer, known: Mapping[str, str]
    ) -> dict[str, str]:
        """Attachments to try without, each with the reason; none if there is nothing to try."""
        if refusal is None or len(known) >= _MAX_REFUSALS:
            return {}
        ids = refused_ids(refusal, outgoing.last_input, model_api=self._model_api)
        doubt = "" if len(ids) == 1 else "together with other files, without saying which, "
        reason = f"the model's provider refused it {doubt}and said: {refusal.reason}"
        return {id: reason for id in ids if id not in known}

    def _start(
        self, thread: ThreadMetadata, context: RequestContext, outgoing: RequestTrimmer
    ) -> "_Run":
        return _Run(
            agent=self._agent,
            config=replace(self._run_config, call_model_input_filter=outgoing),
            context=AgentContext(thread=thread, store=self._store, request_context=context),
            make_converter=self._make_converter,
        )

    async def _refused(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        refused: Mapping[str, str],
        names: Mapping[str, str],
    ) -> ThreadStreamEvent:
        lines = []
        for id, reason in refused.items():
            await self._refusals.mark_rejected_by_provider(context.user_id, id, reason)
            lines.append(f"The file “{names.get(id, id)}” could not be used: {reason}")
        return ThreadItemDoneEvent(
            item=AssistantMessageItem(
                id=self._store.generate_item_id("message", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                content=[AssistantMessageContent(text="\n\n".join(lines))],
            )
        )


class _Run:
    """One run of the agent over the thread as it is now."""

    def __init__(
        self,
        *,
        agent: ChatAgent,
        config: RunConfig,
        context: AgentContext[RequestContext],
        make_converter: MakeConverter,
    ) -> None:
        self._agent = agent
        self._config = config
        self._context = context
        self._make_converter = make_converter
        self.refusal: Refusal | None = None

    async def events(self, refused: Mapping[str, str]) -> AsyncGenerator[ThreadStreamEvent, None]:
        context = self._context
        history = await load_history(context.store, context.thread.id, context.request_context)
        converter = self._make_converter(context.request_context, refused)
        observed = ObservedModel()
        run = Runner.run_streamed(
            self._agent,
            await converter.to_agent_input(history),
            context=context,
            run_config=self._config,
            hooks=observed,
        )
        renamed = RenamedRun(run, context.generate_id)
        try:
            # It uses nothing of the run but `stream_events`.
            stream = stream_agent_response(context, cast(RunResultStreaming, renamed))
            async with aclosing(cast(AsyncGenerator[ThreadStreamEvent, None], stream)) as events:
                async for event in events:
                    yield event
        finally:
            self.refusal = renamed.refusal
            run.cancel()
            observed.close()


def _with_fetch_tool(agent: ChatAgent, make_converter: MakeConverter) -> ChatAgent:
    """The agent, anyone's own too, with the tool that fetches files; one of its own wins."""
    if any(tool.name == FETCH_ATTACHMENT for tool in agent.tools):
        return agent
    tool = fetch_attachment_tool(lambda context: make_converter(context, {}))
    return agent.clone(tools=[*agent.tools, tool])
