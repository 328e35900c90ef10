"""Agents that name no model, for AGENT."""

from agents import Agent, ImageGenerationTool
from openai.types.responses.tool_param import ImageGeneration


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


def drawing() -> Agent[object]:
    """An agent that draws, with two partial images of each."""
    config = ImageGeneration(type="image_generation", partial_images=2)
    return Agent(
        name="Artist", instructions="Draw.", tools=[ImageGenerationTool(tool_config=config)]
    )
