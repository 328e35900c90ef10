"""An agent of your own. Run it with `AGENT=own_agent:create PYTHONPATH=docs make run`.

The service adds the rest: attachments reach the model in their best form, the whole thread is
sent, mentions are resolved, and the agent has the tools that fetch, search and query files.
"""

from agents import Agent, RunContextWrapper, function_tool
from chatkit.agents import AgentContext
from chatkit.types import ProgressUpdateEvent

from app.context import RequestContext

Context = AgentContext[RequestContext]

RATES = {"EUR": 1.0, "USD": 1.16, "GBP": 0.87}


@function_tool
async def convert(
    context: RunContextWrapper[Context], amount: float, currency: str, to: str
) -> str:
    """Convert an amount of money from one currency to another."""
    # Shown to the user while the tool works. `context.context.request_context.user_id` says who
    # is asking, and `context.context.store` is the thread store.
    await context.context.stream(ProgressUpdateEvent(text=f"Converting {currency} to {to}"))
    return f"{amount / RATES[currency] * RATES[to]:.2f} {to}"


def create() -> Agent[Context]:
    """Create the agent, once, when the server starts. Without `model`, it uses MODEL."""
    return Agent(
        name="Bookkeeper",
        instructions="You check invoices. Name the file that each amount comes from.",
        tools=[convert],
    )
