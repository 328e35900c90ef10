"""Chooses the model that an agent runs on, and the settings of its requests."""

from dataclasses import replace

from agents import Model, ModelProvider, ModelSettings, OpenAIResponsesModel
from agents.models import get_default_model_settings
from openai import AsyncOpenAI
from openai.types.responses import ResponseIncludable

from app.chat.completions import CompletionsModel
from app.chat.model_facts import facts_of
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

    def with_default(self, name: str) -> "ConfiguredModels":
        """Return the same models; agents that name none get this one."""
        return ConfiguredModels(self._client, self._settings.model_copy(update={"name": name}))

    def _model(self, name: str) -> Model:
        if self._settings.api == "chat_completions":
            return CompletionsModel(name, self._client)
        model = OpenAIResponsesModel(name, self._client)
        facts = facts_of(name)
        return UnstoredModel(model, reasons=facts.reasons) if facts else model


class OneModel(ModelProvider):
    """Provides the same model to every agent, also to agents that name another."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_model(self, model_name: str | None) -> Model:
        return self._model

    def with_default(self, name: str) -> "OneModel":
        """Return itself."""
        return self


class UnstoredModel(WrappedModel):
    """A model of the Responses API whose provider is asked not to store requests.

    By default OpenAI stores requests for 30 days (`CreateResponse.store`). An agent's own
    `store=True` is kept. What is not stored has to be sent back to the provider, also the
    reasoning. It is requested in encrypted form, which only models that reason can give. Models of
    unknown families are not wrapped: a wrong guess would end every answer in an error.
    """

    def __init__(self, model: Model, *, reasons: bool) -> None:
        super().__init__(model)
        self._included: list[ResponseIncludable | str] = (
            ["reasoning.encrypted_content"] if reasons else []
        )

    def adapted(self, settings: ModelSettings) -> ModelSettings:
        """Return `settings` with `store` false, unless they say otherwise."""
        if settings.store:
            return settings
        included = list(dict.fromkeys([*(settings.response_include or ()), *self._included]))
        return replace(settings, store=False, response_include=included or None)


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
