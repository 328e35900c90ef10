"""The names for an assistant of your own: subclass `Assistant` and override its hooks.

    ASSISTANT=./my_assistant.py:CatLounge make run

docs/migrating.md has a table of every hook, and `examples/` has five assistants that run.
"""

from app.assistant.assistant import Assistant
from app.assistant.entities import Entity
from app.assistant.images import StoredImages
from app.assistant.services import Services
from app.chat.composer import ComposerModel, ComposerTool
from app.chat.tools import AnswerContext
from app.context import RequestContext
from app.model_input.announcements import RULES
from app.model_input.thread_writer import ThreadWriter

__all__ = [
    "RULES",
    "AnswerContext",
    "Assistant",
    "ComposerModel",
    "ComposerTool",
    "Entity",
    "RequestContext",
    "Services",
    "StoredImages",
    "ThreadWriter",
]
