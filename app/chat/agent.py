"""Which agent answers, and which model it runs on."""

import importlib
from dataclasses import dataclass
from typing import Literal

from agents import (
    Agent,
    Model,
    ModelProvider,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
)
from chatkit.agents import AgentContext
from openai import AsyncOpenAI

from app.context import RequestContext
from app.errors import Misconfigured

ChatAgent = Agent[AgentContext[RequestContext]]

INSTRUCTIONS = """\
You are a helpful assistant in a chat where people attach files. Answer in the user's language. \
Look at the attached files before you answer, say which file you draw on by its name, and say so \
plainly when a file could not be read."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Where the model is reached, and by which of OpenAI's two APIs."""

    model: str
    api: Literal["responses", "chat_completions"]


class ConfiguredModels(ModelProvider):
    """The configured model for agents that name none, or another of the same provider by name."""

    def __init__(self, client: AsyncOpenAI, choice: ModelChoice) -> None:
        self._client = client
        self._choice = choice

    def get_model(self, model_name: str | None) -> Model:
        name = model_name or self._choice.model
        if self._choice.api == "responses":
            return OpenAIResponsesModel(name, self._client)
        return OpenAIChatCompletionsModel(name, self._client)


class OneModel(ModelProvider):
    """The same model whatever the agent asks for: the offline one has no siblings."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_model(self, model_name: str | None) -> Model:
        return self._model


def default_agent() -> ChatAgent:
    """The agent that answers when AGENT names no other."""
    return Agent(name="Assistant", instructions=INSTRUCTIONS)


def load_agent(reference: str) -> ChatAgent:
    """The agent that `module:function` returns. Raises `Misconfigured`, saying what is wrong."""
    module_name, _, function_name = reference.partition(":")
    try:
        factory = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError, ValueError) as problem:
        raise Misconfigured(
            f"AGENT={reference} can't be loaded: {problem}. It has to be `module:function`, and"
            " the module has to be importable."
        ) from problem
    if not callable(factory):
        raise Misconfigured(f"AGENT={reference} names no function.")
    agent = factory()
    if not isinstance(agent, Agent):
        raise Misconfigured(
            f"AGENT={reference} returned {type(agent).__name__}, not an agents.Agent."
        )
    return agent
