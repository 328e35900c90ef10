"""Measures requests to the model, their time and tokens, for `/metrics` and for traces."""

from time import perf_counter
from typing import Any

from agents import Agent, ModelResponse, RunContextWrapper, RunHooks
from opentelemetry.trace import Span, StatusCode

from app.telemetry import metrics, tracing


def start_model_span(operation: str) -> Span:
    """Start the span of one request to the model: an answer, a title or a transcription."""
    return tracing.start_call(f"model {operation}")


class ModelMeter(RunHooks[Any]):
    """Measures every request to the model in one run of an agent.

    `input_tokens` is the provider's count for the last request; 0 if it gave none.
    No hook is called for a request that fails, so `close` has to be called after the run.
    """

    def __init__(self) -> None:
        self._begun = perf_counter()
        self._span: Span | None = None
        self.input_tokens = 0

    async def on_llm_start(
        self,
        context: RunContextWrapper[Any],
        agent: Agent[Any],
        system_prompt: str | None,
        input_items: list[Any],
    ) -> None:
        self._begun = perf_counter()
        self._span = start_model_span("answer")

    async def on_llm_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> None:
        metrics.model_seconds.observe(perf_counter() - self._begun)
        usage = response.usage
        self.input_tokens = usage.input_tokens
        metrics.model_tokens.labels("input").inc(usage.input_tokens)
        metrics.model_tokens.labels("output").inc(usage.output_tokens)
        cached = usage.input_tokens_details.cached_tokens if usage.input_tokens_details else 0
        metrics.model_tokens.labels("cached_input").inc(cached or 0)
        if self._span is not None:
            self._span.set_attribute("gen_ai.usage.input_tokens", usage.input_tokens)
            self._span.set_attribute("gen_ai.usage.output_tokens", usage.output_tokens)
            self._span.end()
            self._span = None

    def close(self) -> None:
        """End the span of a request that has no response: it has failed, or was cancelled."""
        if self._span is not None:
            self._span.set_status(StatusCode.ERROR)
            self._span.end()
            self._span = None
