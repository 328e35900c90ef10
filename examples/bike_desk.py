"""The help desk of a bicycle hire: it knows the customer, changes rentals and asks with forms.

    make run ASSISTANT=examples/bike_desk.py:BikeDesk

Shows data of the user beside the history, tools that change it, a form in a widget, questions with
structured answers, a workflow, a notice, and feedback that goes somewhere else too.
"""

import logging
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from agents import Agent, RunContextWrapper, StopAtTools, TResponseInputItem, function_tool
from chatkit.actions import Action
from chatkit.types import (
    CustomSummary,
    CustomTask,
    FeedbackKind,
    HiddenContextItem,
    NoticeEvent,
    StructuredInputFreeform,
    StructuredInputItem,
    StructuredInputMultipleChoice,
    StructuredInputMultipleChoiceOption,
    ThreadItemDoneEvent,
    ThreadItemReplacedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    WidgetItem,
    Workflow,
)
from chatkit.widgets import DynamicWidgetRoot

from app.assistant import AnswerContext, Assistant, RequestContext

logger = logging.getLogger(__name__)


@dataclass
class Customer:
    """A customer, who in a real desk comes from a database."""

    rentals: dict[str, str] = field(
        default_factory=lambda: {"R-7": "city bike until Friday", "R-9": "cargo bike until Sunday"}
    )
    phone: str | None = None


class DeskContext(AnswerContext):
    """The context of the tools, with the customer who asks."""

    customer: Customer


@function_tool
async def extend_rental(context: RunContextWrapper[DeskContext], rental: str, until: str) -> str:
    """Extend a rental to another day."""
    desk = context.context
    if rental not in desk.customer.rentals:
        return f"There is no rental {rental}."
    await desk.start_workflow(Workflow(type="custom", tasks=[]))
    await desk.add_workflow_task(CustomTask(title="Looking for a free bike", icon="search"))
    kind = desk.customer.rentals[rental].partition(" until ")[0]
    desk.customer.rentals[rental] = f"{kind} until {until}"
    await desk.add_workflow_task(CustomTask(title=f"{rental} until {until}", icon="calendar"))
    await desk.end_workflow(CustomSummary(title="Rental extended", icon="check-circle"))
    await desk.stream(NoticeEvent(level="info", message=f"{rental} ends on {until} now."))
    return desk.customer.rentals[rental]


@function_tool
async def ask_for_phone(context: RunContextWrapper[DeskContext]) -> str:
    """Show a form in which the customer enters a phone number."""
    await context.context.stream_widget(phone_form())
    return "The form is shown."


@function_tool
async def ask_about_ride(context: RunContextWrapper[DeskContext]) -> str:
    """Ask the customer what the ride is for, to recommend a bike."""
    desk = context.context
    purposes = ["Commute", "Shopping", "Mountains"]
    item = StructuredInputItem(
        id=desk.generate_id("message"),
        thread_id=desk.thread.id,
        created_at=datetime.now(),
        inputs=[
            StructuredInputMultipleChoice(
                id="purpose",
                question="What is the ride for?",
                options=[StructuredInputMultipleChoiceOption(value=each) for each in purposes],
            ),
            StructuredInputFreeform(id="height", question="How tall are you?"),
        ],
    )
    await desk.stream(ThreadItemDoneEvent(item=item))
    return "The questions are shown."


def phone_form(phone: str | None = None) -> DynamicWidgetRoot:
    """Return the form, or what was entered in it."""
    if phone is not None:
        entered = {"type": "Text", "value": f"Phone: {phone}"}
        return DynamicWidgetRoot.model_validate({"type": "Card", "children": [entered]})
    form = {
        "type": "Form",
        "onSubmitAction": {"type": "save_phone"},
        "children": [
            {"type": "Label", "fieldName": "phone", "value": "Your phone number"},
            {"type": "Input", "name": "phone", "inputType": "tel", "required": True},
            {"type": "Button", "label": "Save", "submit": True},
        ],
    }
    return DynamicWidgetRoot.model_validate({"type": "Card", "children": [form]})


clerk = Agent[Any](
    name="Clerk",
    instructions="You work at the desk of a bicycle hire. Be short. Never invent a rental.",
    tools=[extend_rental, ask_for_phone, ask_about_ride],
    # The form and the questions wait for the customer.
    tool_use_behavior=StopAtTools(stop_at_tool_names=["ask_for_phone", "ask_about_ride"]),
)


class BikeDesk(Assistant):
    """Answers customers, whose data it keeps until the server stops."""

    async def start(self) -> None:
        self.customers: dict[str, Customer] = {}

    def customer(self, context: RequestContext) -> Customer:
        return self.customers.setdefault(context.user_id, Customer())

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        profile: TResponseInputItem = {
            "role": "user",
            "content": f"<customer>{asdict(self.customer(context))}</customer>",
        }
        async for event in self.stream_agent(clerk, thread, context, extra_input=[profile]):
            yield event

    def agent_context(self, thread: ThreadMetadata, context: RequestContext) -> DeskContext:
        return DeskContext(
            thread=thread,
            store=self.store,
            request_context=context,
            customer=self.customer(context),
        )

    async def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
    ) -> AsyncIterator[str | ThreadStreamEvent]:
        """Save what was entered in the form."""
        phone = str(action.payload["phone"])
        self.customer(context).phone = phone
        if sender is not None:
            yield ThreadItemReplacedEvent(
                item=sender.model_copy(update={"widget": phone_form(phone)})
            )
        yield ThreadItemDoneEvent(
            item=HiddenContextItem(
                id=self.store.generate_item_id("message", thread, context),
                thread_id=thread.id,
                created_at=datetime.now(),
                content="The customer has entered a phone number.",
            )
        )
        yield "Thank you, we have saved your number."

    async def add_feedback(
        self, thread_id: str, item_ids: list[str], feedback: FeedbackKind, context: RequestContext
    ) -> None:
        await super().add_feedback(thread_id, item_ids, feedback, context)
        logger.info("%s feedback on %d items", feedback, len(item_ids))
