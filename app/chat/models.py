"""Chooses the model that an agent runs on, and the settings of its requests."""

from dataclasses import replace

from agents import Model, ModelProvider, ModelSettings, OpenAIResponsesModel
from agents.models import get_default_model_settings
from openai import AsyncOpenAI

from app.chat.completions import CompletionsModel
from app.chat.wrapped_model import WrappedModel
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

    def _model(self, name: str) -> Model:
        if self._settings.api == "responses":
            return OpenAIResponsesModel(name, self._client)
        return CompletionsModel(name, self._client)


class OneModel(ModelProvider):
    """Provides the same model to every agent, also to agents that name another."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_model(self, model_name: str | None) -> Model:
        return self._model


class DefaultModel(WrappedModel):
    """The model of agents that name no model, asked with its own default settings.

    The Agents SDK gives such agents the reasoning effort and verbosity of *its own* default model,
    which other models reject. Settings that the agent's author chose are kept.
    """

    def __init__(self, model: Model, defaults: ModelSettings) -> None:
        super().__init__(model)
        self._defaults = defaults

    def adapted(self, settings: ModelSettings) -> ModelSettings:
        """Return `settings` with this model's defaults, if they have the SDK's defaults."""
        implied = get_default_model_settings()
        if (settings.reasoning, settings.verbosity) != (implied.reasoning, implied.verbosity):
            return settings
        return replace(
            settings, reasoning=self._defaults.reasoning, verbosity=self._defaults.verbosity
        )
