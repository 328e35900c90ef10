"""A request has the settings of the model that is asked."""

import pytest
from agents import Agent, ModelSettings
from agents.models import get_default_model_settings
from openai import AsyncOpenAI
from openai.types.shared import Reasoning

from app.chat.models import ConfiguredModels, DefaultModel
from app.settings.model import ChatModelSettings


def settings_for(model: str, given: ModelSettings) -> ModelSettings:
    """Return the settings with which the configured model is asked for an agent without model."""
    models = ConfiguredModels(AsyncOpenAI(api_key="sk-test"), ChatModelSettings(name=model))
    asked = models.get_model(None)
    assert isinstance(asked, DefaultModel)
    return asked.adapted(given)


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-5.1", "gpt-4o", "llama3"])
def test_an_agent_without_model_or_settings_gets_those_of_the_configured_model(model: str) -> None:
    agent = Agent(name="Assistant")
    assert settings_for(model, agent.model_settings) == get_default_model_settings(model)


def test_settings_of_the_agents_author_are_kept() -> None:
    given = ModelSettings(temperature=0.2, reasoning=Reasoning(effort="high"))
    assert settings_for("gpt-5-mini", given) == given


def test_settings_without_a_default_are_kept() -> None:
    agent = Agent(name="Assistant")
    given = agent.model_settings.resolve(ModelSettings(store=False))
    assert settings_for("gpt-4o", given) == ModelSettings(store=False)


def test_a_named_model_is_asked_with_the_agents_settings() -> None:
    models = ConfiguredModels(AsyncOpenAI(api_key="sk-test"), ChatModelSettings(name="gpt-5-mini"))
    assert not isinstance(models.get_model("gpt-4o"), DefaultModel)
