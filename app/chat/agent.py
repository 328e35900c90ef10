"""Which agent answers."""

import importlib

from agents import Agent
from chatkit.agents import AgentContext

from app.context import RequestContext
from app.errors import Misconfigured

ChatAgent = Agent[AgentContext[RequestContext]]

INSTRUCTIONS = """\
You are a helpful assistant in a chat where people attach files. Answer in the user's language. \
Look at the attached files before you answer, say which file you draw on by its name, and say so \
plainly when a file could not be read."""


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
