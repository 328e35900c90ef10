"""One run of the agent over a thread, as events of the thread."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import cast

from agents import ModelSettings, RunConfig, Runner, RunResultStreaming
from chatkit.agents import stream_agent_response
from chatkit.types import (
    NoticeEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadStreamEvent,
)

from app.chat.agent import ChatAgent
from app.chat.endings import Ending, EndingModels
from app.chat.failures import approval_needed, reduced_files_notice
from app.chat.history import is_empty_answer, load_history
from app.chat.item_ids import RenamedRun
from app.chat.known_threads import KnownThread
from app.chat.model_metrics import ModelMeter
from app.chat.tools import AnswerContext
from app.model_input.input_items import Item, parts_of
from app.model_input.trimming import RequestTrimmer


class AgentRun:
    """One run of the agent over the thread as it is now."""

    def __init__(
        self,
        agent: ChatAgent,
        context: AnswerContext,
        config: RunConfig,
        trimmer: RequestTrimmer,
        known: KnownThread,
        *,
        is_probe: bool = False,
        prompt_cache_key: str | None = None,
    ) -> None:
        """`prompt_cache_key` is sent if the provider takes it. A probe ends in `Accepted`."""
        self._agent = agent
        self._context = context
        self._ending = Ending(is_probe=is_probe)
        self._known = known
        self._config = replace(
            config,
            model_provider=EndingModels(config.model_provider, self._ending),
            call_model_input_filter=trimmer,
        )
        if prompt_cache_key:
            arguments = {"prompt_cache_key": prompt_cache_key}
            self._config.model_settings = ModelSettings(extra_args=arguments)
        self.trimmer = trimmer

    async def events(self) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the run's events. Raises `ModelFailed` after them if the answer is not whole."""
        context = self._context
        history = await load_history(context.store, context.thread.id, context.request_context)
        written = await context.converter.to_agent_input(history)
        for item in written:
            context.labels.remember(parts_of(cast(Item, item)))
        meter = ModelMeter()
        run = Runner.run_streamed(
            self._agent, written, context=context, run_config=self._config, hooks=meter
        )
        renamed = RenamedRun(run, context.generate_id)
        notice = self._notice()
        try:
            # It uses nothing of the run but `stream_events`.
            stream = stream_agent_response(context, cast(RunResultStreaming, renamed))
            async with aclosing(cast(AsyncGenerator[ThreadStreamEvent, None], stream)) as events:
                async for event in events:
                    if notice is not None:
                        yield notice
                        notice = None
                    yield _without_empty_message(event)
            self._known.learn_usage(self.trimmer.last_tokens, meter.input_tokens)
            if self._ending.failure is not None:
                raise self._ending.failure
            if run.interruptions:
                raise approval_needed()
        finally:
            run.cancel()
            context.close()
            meter.close()

    def _notice(self) -> NoticeEvent | None:
        """Return what the person should know of the files, unless it was said before."""
        reduced = self._context.converter.reduced
        new = [name for id, name in reduced.items() if id not in self._known.reduced]
        if self._ending.is_probe or not new:
            return None
        self._known.reduced = frozenset(reduced)
        return NoticeEvent(level="warning", message=reduced_files_notice(new))


def _without_empty_message(event: ThreadStreamEvent) -> ThreadStreamEvent:
    """Remove a message that ended without text: it was shown when it began."""
    if not isinstance(event, ThreadItemDoneEvent) or not is_empty_answer(event.item):
        return event
    return ThreadItemRemovedEvent(item_id=event.item.id)
