"""Calls the hooks of an assistant. An error in a hook is logged and becomes a message."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from chatkit.actions import Action
from chatkit.types import (
    AudioInput,
    FeedbackKind,
    StreamOptions,
    SyncCustomActionResponse,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    TranscriptionResult,
    UserMessageItem,
    WidgetItem,
)

from app.chat.text_events import Answer, as_events
from app.chat.titling import titled
from app.context import RequestContext
from app.errors import AppError, AssistantFailed

logger = logging.getLogger(__name__)


class Hooks(Protocol):
    """The hooks that the ChatKit server calls; `Assistant` documents each."""

    def respond(
        self, thread: ThreadMetadata, message: UserMessageItem | None, context: RequestContext, /
    ) -> Answer: ...

    def action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
        /,
    ) -> Answer: ...

    async def sync_action(
        self,
        thread: ThreadMetadata,
        action: Action[str, Any],
        sender: WidgetItem | None,
        context: RequestContext,
        /,
    ) -> SyncCustomActionResponse: ...

    async def add_feedback(
        self,
        thread_id: str,
        item_ids: list[str],
        feedback: FeedbackKind,
        context: RequestContext,
        /,
    ) -> None: ...

    async def transcribe(
        self, audio_input: AudioInput, context: RequestContext, /
    ) -> TranscriptionResult: ...

    def get_stream_options(
        self, thread: ThreadMetadata, context: RequestContext, /
    ) -> StreamOptions: ...

    async def handle_stream_cancelled(
        self, thread: ThreadMetadata, pending_items: list[ThreadItem], context: RequestContext, /
    ) -> None: ...

    async def find_title(
        self, thread: ThreadMetadata, message: UserMessageItem, context: RequestContext, /
    ) -> str | None: ...


def answer_events(
    hooks: Hooks,
    thread: ThreadMetadata,
    message: UserMessageItem | None,
    context: RequestContext,
    new_id: Callable[[], str],
) -> AsyncIterator[ThreadStreamEvent]:
    """Return the events of `respond`. A new thread gets its title while they stream."""
    events = as_events(lambda: hooks.respond(thread, message, context), thread, new_id)
    if thread.title is not None or message is None:
        return events

    async def find_title() -> str | None:
        try:
            return await hooks.find_title(thread, message, context)
        except Exception:  # an answer must not fail because of its title
            logger.exception("the assistant's find_title failed")
            return None

    return titled(events, thread, find_title)


@contextmanager
def own_code(hook: str) -> Iterator[None]:
    """Raise `AssistantFailed` for an error in a hook, which is logged with its traceback."""
    try:
        yield
    except AppError:
        raise
    except Exception as problem:  # an assistant is an operator's own code
        logger.exception("the assistant's %s failed", hook)
        raise AssistantFailed from problem
