"""The agent that answers: the default one, or the one that AGENT names."""

import importlib

from agents import Agent
from chatkit.agents import AgentContext

from app.context import RequestContext
from app.errors import Misconfigured

ChatAgent = Agent[AgentContext[RequestContext]]

INSTRUCTIONS = """\
You are a helpful assistant in a chat where people attach files. Answer in the user's language. \
Look at the attached files before you answer. Name the file that you use. If a file could not be \
read, say so plainly."""


def default_agent() -> ChatAgent:
    """Return the agent that answers if AGENT names no other."""
    return Agent(name="Assistant", instructions=INSTRUCTIONS)


def load_agent(reference: str) -> ChatAgent:
    """Return the agent that the function `module:function` returns. Raises `Misconfigured`."""
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
