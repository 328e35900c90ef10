"""A strict stand-in for OpenAI's API: see `api` for how it judges, `replies` for what it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.model_api.annotations import (
    Annotation,
    ContainerFileCitation,
    FileCitation,
    FilePath,
    UrlCitation,
)
from tests.model_api.api import ModelApi
from tests.model_api.calls import Call, CustomCall, Reasoning
from tests.model_api.document import DOCUMENT
from tests.model_api.hosted import (
    CodeInterpreter,
    FileSearch,
    GeneratedImage,
    McpApproval,
    McpCall,
    McpTools,
    WebSearch,
)
from tests.model_api.received import Received
from tests.model_api.rejections import Rejection
from tests.model_api.replies import (
    Broken,
    Completed,
    Error,
    ErrorEvent,
    Failed,
    Incomplete,
    Refusal,
    Reply,
    Text,
)
from tests.model_api.server import serving
from tests.servers import missing


@contextmanager
def model_api(**settings: Any) -> Iterator[ModelApi]:
    """A running stand-in; `settings` are those of `ModelApi`.

    Fails when the block is left if it has rejected a request: a test that wants one to be rejected
    clears `received`.
    """
    if not DOCUMENT.exists():
        missing(f"OpenAI's OpenAPI document (expected at {DOCUMENT})")
    with serving(ModelApi(**settings)) as api:
        yield api
    api.expect_no_rejection()


__all__ = [
    "Annotation",
    "Broken",
    "Call",
    "CodeInterpreter",
    "Completed",
    "ContainerFileCitation",
    "CustomCall",
    "Error",
    "ErrorEvent",
    "Failed",
    "FileCitation",
    "FilePath",
    "FileSearch",
    "GeneratedImage",
    "Incomplete",
    "McpApproval",
    "McpCall",
    "McpTools",
    "ModelApi",
    "Reasoning",
    "Received",
    "Refusal",
    "Rejection",
    "Reply",
    "Text",
    "UrlCitation",
    "WebSearch",
    "model_api",
]
