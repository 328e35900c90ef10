"""Agents for AGENT=…, as somebody of their own would bring them."""

from agents import Agent
from chatkit.agents import AgentContext

from app.context import RequestContext
from app.offline.model import OfflineModel
from app.workers import Workers


def with_a_model_of_its_own() -> Agent[AgentContext[RequestContext]]:
    return Agent(name="Own", model=OfflineModel(Workers()))
