"""One run of the agent over a thread, as events of the thread."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import cast

from agents import ModelSettings, RunConfig, Runner, RunResultStreaming, TResponseInputItem
from chatkit.agents import ResponseStreamConverter, stream_agent_response
from chatkit.types import (
    NoticeEvent,
    ThreadItemDoneEvent,
    ThreadItemRemovedEvent,
    ThreadStreamEvent,
)

from app.chat.agent import ChatAgent
from app.chat.composer import latest_options, with_choice
from app.chat.endings import Ending, EndingModels
from app.chat.failures import approval_needed, reduced_files_notice
from app.chat.history import is_empty_answer, load_history
from app.chat.item_ids import RenamedRun
from app.chat.known_threads import KnownThread
from app.chat.model_metrics import ModelMeter
from app.chat.models import ConfiguredModels, OneModel
from app.chat.tools import AnswerContext, with_file_tools
from app.chat.waiting import READING_FILES, progress_of
from app.model_input.input_items import Item, parts_of
from app.model_input.thread_writer import ThreadWriter
from app.model_input.trimming import RequestTrimmer


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """The parts of an answer that an assistant can change.

    `make_context` and `make_writer` are called once for each try. `extra_input` follows the
    history.
    """

    agent: ChatAgent
    make_context: Callable[[], AnswerContext]
    make_writer: Callable[[], ThreadWriter] = ThreadWriter
    stream_converter: ResponseStreamConverter = field(default_factory=ResponseStreamConverter)
    extra_input: Sequence[TResponseInputItem] = ()


class AgentRun:
    """One run of the agent over the thread as it is now."""

    def __init__(
        self,
        parts: AnswerParts,
        context: AnswerContext,
        models: ConfiguredModels | OneModel,
        config: RunConfig,
        trimmer: RequestTrimmer,
        known: KnownThread,
        *,
        is_probe: bool = False,
        prompt_cache_key: str | None = None,
    ) -> None:
        """`prompt_cache_key` is None if the provider takes none. A probe ends in `Accepted`."""
        self._parts = parts
        self._context = context
        self._models = models
        self._ending = Ending(is_probe=is_probe)
        self._known = known
        self._config = replace(config, call_model_input_filter=trimmer)
        if prompt_cache_key:
            arguments = {"prompt_cache_key": prompt_cache_key}
            self._config.model_settings = ModelSettings(extra_args=arguments)
        self.trimmer = trimmer

    async def events(self) -> AsyncGenerator[ThreadStreamEvent, None]:
        """Stream the run's events. Raises `ModelFailed` after them if the answer is incomplete."""
        context = self._context
        history = await load_history(context.store, context.thread.id, context.request_context)
        reading = asyncio.ensure_future(context.converter.to_agent_input(history))
        async with aclosing(progress_of(reading, READING_FILES)) as waiting:
            async for progress in waiting:
                yield progress
        written = reading.result()
        for item in written:
            context.labels.remember(parts_of(cast(Item, item)))
        options = latest_options(history)
        models = self._models.with_default(options.model) if options.model else self._models
        meter = ModelMeter()
        run = Runner.run_streamed(
            with_file_tools(with_choice(self._parts.agent, options)),
            [*written, *self._parts.extra_input],
            context=context,
            run_config=replace(self._config, model_provider=EndingModels(models, self._ending)),
            hooks=meter,
        )
        renamed = RenamedRun(run, context.generate_id)
        notice = self._notice()
        try:
            # `RenamedRun` is enough: only `stream_events` of a run is used.
            stream = stream_agent_response(
                context,
                cast(RunResultStreaming, renamed),
                converter=self._parts.stream_converter,
            )
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
        """Return a notice of the files whose content was left out, if no notice has named them."""
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
