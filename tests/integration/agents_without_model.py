"""Agents that name no model, for AGENT."""

from agents import Agent


def handing_over() -> Agent[object]:
    """An agent that hands over to another, and has a third for a tool."""
    specialist: Agent[object] = Agent(name="Specialist", instructions="Answer.")
    helper: Agent[object] = Agent(name="Helper", instructions="Help.")
    return Agent(
        name="Front desk",
        instructions="Hand over.",
        handoffs=[specialist],
        tools=[helper.as_tool("ask_helper", "Ask the helper.")],
    )
