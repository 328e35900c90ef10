"""The words for failures of the model. No other module of the service has any.

Most are for the user who waits for an answer; `detail` and `kind` are for operators.
"""

from enum import StrEnum

import openai
from agents import MaxTurnsExceeded
from agents.exceptions import AgentsException
from chatkit.errors import CustomStreamError

RECORDING_REJECTED = "The recording could not be transcribed. Try again."

_MAX_DETAIL_CHARS = 500


class FailureKind(StrEnum):
    """Why there is no answer, by what an operator can do about it."""

    KEY_REJECTED = "key_rejected"
    LIMIT_REACHED = "limit_reached"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    PROVIDER_ERROR = "provider_error"
    TOO_LONG = "too_long"
    REQUEST_REJECTED = "request_rejected"
    TOO_MANY_TURNS = "too_many_turns"
    INTERRUPTED = "interrupted"


class ModelFailed(CustomStreamError):
    """An answer that failed. `message` is for the user; `detail` has the provider's own words."""

    def __init__(
        self, kind: FailureKind, message: str, *, allow_retry: bool, detail: str = ""
    ) -> None:
        super().__init__(message, allow_retry=allow_retry)
        self.kind = kind
        self.detail = detail


def stream_error_for(problem: Exception) -> ModelFailed:
    """Return the stream error to show for an error of the model API or of the agent's run."""
    kind, message, allow_retry = _explanation(problem)
    detail = str(problem)[:_MAX_DETAIL_CHARS]
    if isinstance(problem, openai.APIStatusError):
        detail = provider_message(problem)
    return ModelFailed(kind, message, allow_retry=allow_retry, detail=detail)


def _explanation(problem: Exception) -> tuple[FailureKind, str, bool]:
    """Return the kind of a failure, the message for the user, and whether a retry may help."""
    match problem:
        case openai.APIStatusError():
            return _explanation_of_status(problem)
        case openai.APITimeoutError():
            return FailureKind.TIMED_OUT, "The model took too long to answer. Try again.", True
        case openai.APIConnectionError():
            return (
                FailureKind.UNREACHABLE,
                "The model's provider can't be reached right now. Try again in a moment.",
                True,
            )
        case MaxTurnsExceeded():
            return (
                FailureKind.TOO_MANY_TURNS,
                "The assistant called its tools too often and was stopped. Try again.",
                True,
            )
        case AgentsException() | openai.OpenAIError():
            return FailureKind.INTERRUPTED, "The model's answer was interrupted. Try again.", True
    return FailureKind.INTERRUPTED, "The answer was interrupted. Try again.", True


def _explanation_of_status(problem: openai.APIStatusError) -> tuple[FailureKind, str, bool]:
    match problem:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return (
                FailureKind.KEY_REJECTED,
                "The model's provider rejected this server's API key.",
                False,
            )
        case openai.RateLimitError():
            return (
                FailureKind.LIMIT_REACHED,
                "The model's provider is overloaded, or this server's quota there is used up. Try"
                " again in a moment.",
                True,
            )
        case openai.NotFoundError():
            return (
                FailureKind.NOT_FOUND,
                "The model's provider does not know the configured model.",
                False,
            )
        case openai.APIStatusError() if problem.status_code >= 500:
            return (
                FailureKind.PROVIDER_ERROR,
                "The model's provider has a problem right now. Try again.",
                True,
            )
        case openai.BadRequestError() if problem.code == "context_length_exceeded":
            return (
                FailureKind.TOO_LONG,
                "This conversation, with its files, is longer than the model can take. Start a new"
                " thread, or attach less.",
                False,
            )
    return (
        FailureKind.REQUEST_REJECTED,
        f"The model's provider rejected the request: {provider_message(problem)}",
        False,
    )


def provider_message(problem: openai.APIStatusError) -> str:
    """Return the provider's own words, short enough to show."""
    body = problem.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or problem.message)[:_MAX_DETAIL_CHARS]


def rejected_file_reason(provider_words: str, *, is_certain: bool) -> str:
    """Say why a file can't be used that the provider rejected, perhaps because of another file."""
    doubt = "" if is_certain else "together with other files, without saying which, "
    return f"the model's provider rejected it {doubt}and said: {provider_words}"


def rejected_file_notice(name: str, reason: str) -> str:
    """Say to the user that the answer was given without a file, and why."""
    return f"The file “{name}” could not be used: {reason}"
