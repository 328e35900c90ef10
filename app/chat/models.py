"""Chooses the model that an agent runs on, and the settings of its requests."""

from collections.abc import AsyncIterator
from dataclasses import replace

from agents import (
    AgentOutputSchemaBase,
    Handoff,
    Model,
    ModelProvider,
    ModelResponse,
    ModelSettings,
    ModelTracing,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Tool,
)
from agents.items import TResponseInputItem, TResponseStreamEvent
from agents.models import get_default_model_settings
from agents.retry import ModelRetryAdvice, ModelRetryAdviceRequest
from openai import AsyncOpenAI
from openai.types.responses.response_prompt_param import ResponsePromptParam

from app.settings.model import ChatModelSettings


class ConfiguredModels(ModelProvider):
    """The models of one provider; agents that name no model get the configured one."""

    def __init__(self, client: AsyncOpenAI, settings: ChatModelSettings) -> None:
        self._client = client
        self._settings = settings

    def get_model(self, model_name: str | None) -> Model:
        if model_name is None:
            name = self._settings.name
            return DefaultModel(self._model(name), get_default_model_settings(name))
        return self._model(model_name)

    def with_default(self, name: str) -> "ConfiguredModels":
        """Return the same models; agents that name none get this one."""
        return ConfiguredModels(self._client, self._settings.model_copy(update={"name": name}))

    def _model(self, name: str) -> Model:
        if self._settings.api == "responses":
            return OpenAIResponsesModel(name, self._client)
        return OpenAIChatCompletionsModel(name, self._client)


class OneModel(ModelProvider):
    """Provides the same model to every agent, also to agents that name another."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_model(self, model_name: str | None) -> Model:
        return self._model

    def with_default(self, name: str) -> "OneModel":
        """Return itself."""
        return self


class DefaultModel(Model):
    """The model of agents that name no model, asked with its own default settings.

    The Agents SDK gives such agents the reasoning effort and verbosity of *its own* default model,
    which other models reject. Settings that the agent's author chose are kept.
    """

    def __init__(self, model: Model, defaults: ModelSettings) -> None:
        self._model = model
        self._defaults = defaults

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> ModelResponse:
        return await self._model.get_response(
            system_instructions,
            input,
            self.adapted(model_settings),
            tools,
            output_schema,
            handoffs,
            tracing,
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )

    def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        return self._model.stream_response(
            system_instructions,
            input,
            self.adapted(model_settings),
            tools,
            output_schema,
            handoffs,
            tracing,
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )

    def get_retry_advice(self, request: ModelRetryAdviceRequest) -> ModelRetryAdvice | None:
        return self._model.get_retry_advice(request)

    async def close(self) -> None:
        await self._model.close()

    def adapted(self, settings: ModelSettings) -> ModelSettings:
        """Return `settings` with this model's defaults, if they have the SDK's defaults."""
        implied = get_default_model_settings()
        if (settings.reasoning, settings.verbosity) != (implied.reasoning, implied.verbosity):
            return settings
        return replace(
            settings, reasoning=self._defaults.reasoning, verbosity=self._defaults.verbosity
        )
