"""Answers a thread: runs the agent over its history and streams the agent's answer."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Protocol, cast

import openai
from agents import Model, RunConfig, TResponseInputItem
from agents.exceptions import AgentsException
from chatkit.store import Store
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageItem,
    ProgressUpdateEvent,
    ThreadItemDoneEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)

from app.chat.agent import ChatAgent
from app.chat.attempts import Attempt, Outcome, RejectedFile, attempts
from app.chat.endings import Accepted
from app.chat.failures import is_too_long, rejected_file_notice, stream_error_for
from app.chat.history import load_history
from app.chat.known_threads import KnownThread, KnownThreads
from app.chat.models import ConfiguredModels, OneModel
from app.chat.rejections import may_lack_files, rejection_of
from app.chat.run import AgentRun, AnswerParts
from app.chat.tools import AnswerContext
from app.context import RequestContext
from app.model_input.budget import Budget
from app.model_input.converter import ThreadConverter
from app.model_input.input_items import Item
from app.model_input.references import References
from app.model_input.thread_writer import ThreadWriter
from app.model_input.tool_calls import pair_tool_calls
from app.model_input.trimming import RequestTrimmer, trimmed, with_files
from app.provider_files.answer_files import AnswerFiles
from app.provider_files.uploads import Uploads
from app.settings.model import ModelApi

logger = logging.getLogger(__name__)

# How often files that the provider has lost are uploaded again, before they are sent inline.
_MOST_LOSSES = 1


class MakeConverter(Protocol):
    """Makes a converter for a user. `rejected` has ids, and the reasons that replace the files."""

    def __call__(
        self,
        context: RequestContext,
        rejected: Mapping[str, str],
        budget: Budget,
        make_writer: Callable[[], ThreadWriter] = ThreadWriter,
        references: References | None = None,
    ) -> ThreadConverter: ...


class RejectionRecords(Protocol):
    """Records that the provider rejected a file."""

    async def mark_rejected_by_provider(
        self, user_id: str, attachment_id: str, problem: str
    ) -> None: ...


class AgentResponder:
    """Answers all threads. The state of one answer is local to `answer`."""

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
        has_prompt_cache_keys: bool = False,
        uploads: Uploads | None = None,
    ) -> None:
        """`has_prompt_cache_keys`: whether the provider takes the field `prompt_cache_key`.

        With `uploads`, files are sent by reference.
        """
        self.agent = agent
        self._models = models
        self._model_api = model_api
        self._budget = budget
        self._make_converter = make_converter
        self._store = store
        self._rejections = rejections
        self._has_prompt_cache_keys = has_prompt_cache_keys
        self._uploads = uploads
        self._known_threads = KnownThreads()
        # Traces would go to OpenAI with the user's data, also if another provider is configured.
        self._run_config = RunConfig(model_provider=models, tracing_disabled=True)

    async def respond(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the answer of `agent`, without the hooks of an assistant."""
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
        files = await self._files(context)
        converter = self._make_converter(context, {}, self._budget, make_writer, files)
        written = await converter.to_agent_input(history)
        items = trimmed(pair_tool_calls(cast(list[Item], written)), self._budget)
        sent = await with_files(items, self._budget, files)
        return cast(list[TResponseInputItem], sent)

    async def answer(
        self, thread: ThreadMetadata, context: RequestContext, parts: AnswerParts
    ) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the answer to the thread as it is stored. Raises `CustomStreamError`.

        A request that the provider rejects is repeated with less content. If the provider accepts
        it without a file, that file was at fault: the reason is recorded, and the answer begins
        with a notice that names the file. If the provider has lost files, they are uploaded again,
        and no file is at fault.
        """
        known = self._known_threads.of(context.user_id, thread.id)
        tries = attempts(self._model_api, self._budget.corrected(known.token_factor))
        attempt = next(tries)
        losses, has_all_files = 0, False
        while True:
            # An agent's own model may be one of another provider, which does not have the files.
            is_ours = not isinstance(parts.agent.model, Model)
            files = await self._files(context) if is_ours and losses <= _MOST_LOSSES else None
            run = self._run(parts, thread, context, attempt, known, files)
            has_begun = False
            try:
                async with aclosing(run.events()) as events:
                    async for event in events:
                        # Progress is shown while the files are read, before the first request.
                        if not has_begun and not isinstance(event, ProgressUpdateEvent):
                            has_begun = True
                            known.learn_limit(attempt.budget.token_factor)
                            if attempt.rejected:
                                yield await self._record(thread, context, attempt.rejected)
                        yield event
                return
            except Accepted:
                outcome = Outcome()
            except (openai.OpenAIError, AgentsException) as problem:
                if files and not has_all_files and may_lack_files(problem):
                    if await files.forget_lost(run.trimmer.last_input):
                        losses += 1
                        logger.info("the provider has lost files, which are uploaded again")
                        continue
                    has_all_files = True
                outcome = Outcome(
                    rejection_of(problem),
                    is_too_long(problem),
                    run.trimmer.last_input,
                    run.trimmer.last_tokens,
                    follows_tools=run.trimmer.requests > 1,
                )
                failure = problem
            try:
                attempt = tries.send(outcome)
            except StopIteration:
                raise stream_error_for(failure) from failure
            logger.info("the provider rejected a request: %s", outcome.rejection or "too long")

    async def _files(self, context: RequestContext) -> AnswerFiles | None:
        """Return the user's files at the provider, or None if files are sent inline."""
        if self._uploads is None or not await self._uploads.are_possible():
            return None
        # Images of Chat Completions have a URL only: `ChatCompletionRequestMessageContentPartImage`
        kinds = ("image", "file") if self._model_api == "responses" else ("file",)
        return AnswerFiles(self._uploads, context.user_id, kinds)

    def _run(
        self,
        parts: AnswerParts,
        thread: ThreadMetadata,
        context: RequestContext,
        attempt: Attempt,
        known: KnownThread,
        files: AnswerFiles | None,
    ) -> AgentRun:
        made = parts.make_context()
        made.open_files(
            self._make_converter(
                context, attempt.reasons(), attempt.budget, parts.make_writer, files
            )
        )
        return AgentRun(
            parts,
            made,
            self._models,
            self._run_config,
            RequestTrimmer(attempt.budget, self._model_api, made.labels, files),
            known,
            is_probe=attempt.is_probe,
            prompt_cache_key=thread.id if self._has_prompt_cache_keys else None,
        )

    async def _record(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        rejected: Mapping[str, RejectedFile],
    ) -> ThreadStreamEvent:
        """Record why each file was rejected, if that is certain. Return the notice for the user."""
        for id in [id for id, file in rejected.items() if file.is_certain]:
            file = rejected[id]
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
