"""Agents for AGENT that end an answer in other ways than with a text."""

from typing import Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    HostedMCPTool,
    RunContextWrapper,
    TResponseInputItem,
    function_tool,
    input_guardrail,
    output_guardrail,
)
from chatkit.agents import AgentContext
from chatkit.types import HiddenContextItem, LockedStatus
from openai.types.responses.tool_param import Mcp

from app.context import RequestContext

Context = AgentContext[RequestContext]


@input_guardrail
async def homework(
    context: RunContextWrapper[Any], agent: Agent[Any], items: str | list[TResponseInputItem]
) -> GuardrailFunctionOutput:
    """Stops every question about homework."""
    words = {"message": "Do your homework yourself."}
    return GuardrailFunctionOutput(words, tripwire_triggered="homework" in str(items))


@output_guardrail
async def secrets(
    context: RunContextWrapper[Any], agent: Agent[Any], output: Any
) -> GuardrailFunctionOutput:
    """Stops every answer with a secret, without words of its own."""
    return GuardrailFunctionOutput(None, tripwire_triggered="secret" in str(output))


@function_tool(failure_error_function=None)
async def fail() -> str:
    """Fail."""
    raise KeyError("a fault of the tool's author")


@function_tool
async def think() -> str:
    """Come to no end."""
    return "Think again."


@function_tool(needs_approval=True)
async def pay() -> str:
    """Pay an invoice."""
    return "Paid."


@function_tool
async def remember(context: RunContextWrapper[Context]) -> str:
    """Remember something that is no text."""
    answer = context.context
    item = HiddenContextItem(
        id=answer.generate_id("message"),
        thread_id=answer.thread.id,
        created_at=answer.thread.created_at,
        content={"station": 42, "name": "Ödön", "lines": ["A", None]},
    )
    await answer.store.add_thread_item(answer.thread.id, item, answer.request_context)
    return "Remembered."


@function_tool
async def lock(context: RunContextWrapper[Context]) -> str:
    """Lock the thread."""
    context.context.thread.status = LockedStatus(reason="the case is settled")
    return "Locked."


@function_tool
async def rename(context: RunContextWrapper[Context], title: str) -> str:
    """Give the thread a title."""
    context.context.thread.title = title
    return "Renamed."


def create() -> Agent[Any]:
    """Return an agent with all of these."""
    return Agent(
        name="Assistant",
        tools=[fail, think, pay, remember, lock, rename],
        input_guardrails=[homework],
        output_guardrails=[secrets],
    )


def broken() -> Agent[Any]:
    """Return an agent whose instructions can't be made."""

    def instructions(context: RunContextWrapper[Any], agent: Agent[Any]) -> str:
        raise AttributeError("a fault of the agent's author")

    return Agent(name="Broken", instructions=instructions)


def with_mcp() -> Agent[Any]:
    """Return an agent with an MCP server, each call of which a person has to approve."""
    server = Mcp(
        type="mcp",
        server_label="payments",
        server_url="https://payments.example",
        require_approval="always",
    )
    return Agent(name="Payer", tools=[HostedMCPTool(tool_config=server)])
