"""How long the model takes and how many tokens it uses, for `/metrics`."""

from time import perf_counter
from typing import Any

from agents import Agent, ModelResponse, RunContextWrapper, RunHooks

from app import metrics


class ObservedModel(RunHooks[Any]):
    """For one run of an agent: every question to its model is timed."""

    def __init__(self) -> None:
        self._begun = perf_counter()

    async def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[Any],
    ) -> None:
        self._begun = perf_counter()

    async def on_llm_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> None:
        metrics.model_seconds.observe(perf_counter() - self._begun)
        usage = response.usage
        metrics.model_tokens.labels("input").inc(usage.input_tokens)
        metrics.model_tokens.labels("output").inc(usage.output_tokens)
        cached = usage.input_tokens_details.cached_tokens if usage.input_tokens_details else 0
        metrics.model_tokens.labels("cached_input").inc(cached or 0)
