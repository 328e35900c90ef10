"""Answers a thread: its history goes to the agent, and the agent's answer into the thread."""

from collections.abc import AsyncIterator, Callable
from typing import cast

import openai
from agents import ModelProvider, RunConfig, Runner, RunResultStreaming, TResponseInputItem
from agents.exceptions import AgentsException
from agents.run_config import CallModelData, ModelInputData
from chatkit.agents import AgentContext, stream_agent_response
from chatkit.store import Store
from chatkit.types import ThreadMetadata, ThreadStreamEvent, UserMessageItem

from app.chat.agent import ChatAgent
from app.chat.converter import AttachmentConverter
from app.chat.failures import explained
from app.chat.history import load_history, repair
from app.chat.item_ids import RenamedRun
from app.chat.parts import RULES
from app.context import RequestContext

MakeConverter = Callable[[RequestContext], AttachmentConverter]


class AgentResponder:
    """One per process; an answer's own state lives in `respond`."""

    def __init__(
        self,
        *,
        agent: ChatAgent,
        models: ModelProvider,
        make_converter: MakeConverter,
        store: Store[RequestContext],
    ) -> None:
        self._agent = agent
        self._make_converter = make_converter
        self._store = store
        self._run_config = RunConfig(
            model_provider=models,
            # Traces would go to OpenAI with the user's data, whatever provider is configured.
            tracing_disabled=True,
            call_model_input_filter=_with_rules,
        )

    async def respond(
        self,
        thread: ThreadMetadata,
        message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        """Stream the answer to the thread as it is stored. Raises `CustomStreamError`."""
        history = await load_history(self._store, thread.id, context)
        model_input = repair(await self._make_converter(context).to_agent_input(history))
        async for event in self._run(thread, context, model_input):
            yield event

    async def _run(
        self,
        thread: ThreadMetadata,
        context: RequestContext,
        model_input: list[TResponseInputItem],
    ) -> AsyncIterator[ThreadStreamEvent]:
        agent_context: AgentContext[RequestContext] = AgentContext(
            thread=thread, store=self._store, request_context=context
        )
        run = Runner.run_streamed(
            self._agent, model_input, context=agent_context, run_config=self._run_config
        )
        renamed = RenamedRun(run, agent_context.generate_id)
        try:
            # It uses nothing of the run but `stream_events`.
            stream = stream_agent_response(agent_context, cast(RunResultStreaming, renamed))
            async for event in stream:
                yield event
        except (openai.OpenAIError, AgentsException) as problem:
            raise explained(problem) from problem
        finally:
            run.cancel()


def _with_rules(data: CallModelData[AgentContext[RequestContext]]) -> ModelInputData:
    """Every agent, anyone's own too, is told how files stand in its input."""
    instructions = data.model_data.instructions
    return ModelInputData(
        input=data.model_data.input,
        instructions=f"{instructions}\n\n{RULES}" if instructions else RULES,
    )
