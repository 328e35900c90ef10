"""The messages for failures of the model, all in this module.

Most are for the user who waits for an answer; `detail` and `kind` are for operators.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import openai
from agents import GuardrailFunctionOutput, MaxTurnsExceeded, ToolGuardrailFunctionOutput
from agents.exceptions import (
    AgentsException,
    InputGuardrailTripwireTriggered,
    ModelBehaviorError,
    OutputGuardrailTripwireTriggered,
    ToolInputGuardrailTripwireTriggered,
    ToolOutputGuardrailTripwireTriggered,
    ToolTimeoutError,
    UserError,
)
from chatkit.errors import CustomStreamError

from app.errors import AppError

RECORDING_REJECTED = "The recording could not be transcribed. Try again."

_MAX_DETAIL_CHARS = 500
_MOST_NAMES = 10
_GUARDRAIL_WORDS = "A rule of this assistant does not allow that. Ask in another way."


class FailureKind(StrEnum):
    """Why an answer failed. Each kind needs something else of the operator."""

    KEY_REJECTED = "key_rejected"
    LIMIT_REACHED = "limit_reached"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    PROVIDER_ERROR = "provider_error"
    TOO_LONG = "too_long"
    REQUEST_REJECTED = "request_rejected"
    TOO_MANY_TURNS = "too_many_turns"
    CUT = "cut"
    FILTERED = "filtered"
    EMPTY = "empty"
    UNUSABLE = "unusable"
    GUARDRAIL = "guardrail"
    APPROVAL_NEEDED = "approval_needed"
    TOOL_FAILED = "tool_failed"
    AGENT_FAILED = "agent_failed"
    SERVICE_FAILED = "service_failed"
    INTERRUPTED = "interrupted"


# A failure's kind, the message for the user, and whether a retry may help.
_LIMIT_REACHED = (
    FailureKind.LIMIT_REACHED,
    "The model's provider is overloaded, or this server's quota there is used up. Try again in a"
    " moment.",
    True,
)
_PROVIDER_ERROR = (
    FailureKind.PROVIDER_ERROR,
    "The model's provider has a problem right now. Try again.",
    True,
)
_TOO_LONG = (
    FailureKind.TOO_LONG,
    "This conversation, with its files, is longer than the model can take. Start a new thread, or"
    " attach less.",
    False,
)


class ModelFailed(CustomStreamError):
    """An answer that failed. `message` is for the user; `detail` has the provider's own words."""

    def __init__(
        self, kind: FailureKind, message: str, *, allow_retry: bool, detail: str = ""
    ) -> None:
        super().__init__(message, allow_retry=allow_retry)
        self.kind = kind
        self.detail = detail


class ProviderFailed(AgentsException):
    """A streamed response that did not complete. `code` and `param` are the provider's own.

    If the response is incomplete, `code` is the reason.
    """

    def __init__(self, code: str, message: str, param: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def empty_answer() -> ModelFailed:
    """Return the error for a response that has neither a text nor a call."""
    words = "The model gave an empty answer. Try again."
    return ModelFailed(FailureKind.EMPTY, words, allow_retry=True)


def approval_needed() -> ModelFailed:
    """Return the error for a run that waits for a person's approval of a tool call."""
    words = "The assistant wants to call a tool that needs an approval. This chat can't give one."
    return ModelFailed(FailureKind.APPROVAL_NEEDED, words, allow_retry=False)


def stream_error_for(problem: Exception) -> ModelFailed:
    """Return the stream error to show for any error that ended an answer."""
    if isinstance(problem, ModelFailed):
        return problem
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
        case openai.APIError() if problem.code:
            return _explanation_of_code(problem.code, problem.message)
        case ProviderFailed():
            return _explanation_of_code(problem.code, problem.message)
        case openai.OpenAIError():
            return FailureKind.INTERRUPTED, "The model's answer was interrupted. Try again.", True
        case AgentsException():
            return _explanation_of_run(problem)
        case AppError():
            return FailureKind.SERVICE_FAILED, problem.message, problem.status >= 500
    return (
        FailureKind.AGENT_FAILED,
        "The assistant failed because of an error in its program. Try again.",
        True,
    )


def _explanation_of_run(problem: AgentsException) -> tuple[FailureKind, str, bool]:
    match problem:
        case MaxTurnsExceeded():
            return (
                FailureKind.TOO_MANY_TURNS,
                "The assistant called its tools too often and was stopped. Try again.",
                True,
            )
        case InputGuardrailTripwireTriggered() | OutputGuardrailTripwireTriggered():
            return FailureKind.GUARDRAIL, _words_of(problem.guardrail_result.output), False
        case ToolInputGuardrailTripwireTriggered() | ToolOutputGuardrailTripwireTriggered():
            return FailureKind.GUARDRAIL, _words_of(problem.output), False
        case ModelBehaviorError():
            return (
                FailureKind.UNUSABLE,
                "The model answered in a way that the assistant can't use. Try again.",
                True,
            )
        case UserError() if problem.__cause__ is not None:
            return FailureKind.TOOL_FAILED, "A tool of the assistant failed. Try again.", True
        case ToolTimeoutError():
            return (
                FailureKind.TOOL_FAILED,
                "A tool of the assistant took too long and was stopped. Try again.",
                True,
            )
    return (
        FailureKind.AGENT_FAILED,
        "The assistant failed because of an error in its program. Try again.",
        True,
    )


def _words_of(output: GuardrailFunctionOutput | ToolGuardrailFunctionOutput) -> str:
    """Return the guardrail's own message: `output_info`, if it is a text or has a `message`."""
    words = output.output_info
    if isinstance(words, Mapping):
        words = words.get("message")
    elif not isinstance(words, str):
        words = getattr(words, "message", None)
    return words if isinstance(words, str) and words.strip() else _GUARDRAIL_WORDS


def _explanation_of_code(code: str, message: str) -> tuple[FailureKind, str, bool]:
    """Return the same for the code or the reason with which a stream ended."""
    match code:
        case "max_output_tokens":
            return (
                FailureKind.CUT,
                "The answer has reached the model's limit of length. Ask for the rest, or for a"
                " shorter answer.",
                False,
            )
        case "content_filter":
            return (
                FailureKind.FILTERED,
                "The content filter of the model's provider stopped the answer. Ask in another"
                " way.",
                False,
            )
        case "context_length_exceeded":
            return _TOO_LONG
        case "rate_limit_exceeded":
            return _LIMIT_REACHED
        case "server_error" | "vector_store_timeout":
            return _PROVIDER_ERROR
        case "invalid_prompt" | "bio_policy":
            words = f"The model's provider rejected the request: {message[:_MAX_DETAIL_CHARS]}"
            return FailureKind.REQUEST_REJECTED, words, False
    return FailureKind.INTERRUPTED, "The model's answer was interrupted. Try again.", True


def _explanation_of_status(problem: openai.APIStatusError) -> tuple[FailureKind, str, bool]:
    match problem:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return (
                FailureKind.KEY_REJECTED,
                "The model's provider rejected this server's API key.",
                False,
            )
        case openai.RateLimitError():
            return _LIMIT_REACHED
        case openai.NotFoundError():
            return (
                FailureKind.NOT_FOUND,
                "The model's provider does not know the configured model.",
                False,
            )
        case openai.APIStatusError() if problem.status_code >= 500:
            return _PROVIDER_ERROR
        case openai.BadRequestError() if problem.code == "context_length_exceeded":
            return _TOO_LONG
    return (
        FailureKind.REQUEST_REJECTED,
        f"The model's provider rejected the request: {provider_message(problem)}",
        False,
    )


def provider_message(problem: openai.APIStatusError) -> str:
    """Return the provider's own message, cut to a length that can be shown."""
    body = problem.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or problem.message)[:_MAX_DETAIL_CHARS]


def rejected_file_reason(provider_words: str, *, is_certain: bool) -> str:
    """Return why the provider rejected a file; if not certain, another file may be the cause."""
    doubt = "" if is_certain else "together with other files, without saying which, "
    return f"the model's provider rejected it {doubt}and said: {provider_words}"


def reduced_files_notice(names: Sequence[str]) -> str:
    """Return the notice that names the files whose content was left out, and what to do."""
    shown = ", ".join(f"“{name}”" for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (
        "A request to the model has no room for all files. The model did not get the whole content"
        f" of {shown}{more}. Ask about a single file, or attach it again in a new thread."
    )


def is_too_long(problem: Exception) -> bool:
    """Return whether a request had more tokens than the model reads."""
    return getattr(problem, "code", None) == "context_length_exceeded"


def rejected_file_notice(name: str, reason: str) -> str:
    """Return the notice that an answer was given without a file, and why."""
    return f"The file “{name}” could not be used: {reason}"


def incomplete_mark(kind: FailureKind) -> str:
    """Return the paragraph that ends a partial answer. Both the user and the model read it."""
    why = {
        FailureKind.CUT: "it has reached the model's limit of length",
        FailureKind.FILTERED: "the content filter of the model's provider stopped it",
    }.get(kind, "it was interrupted")
    return f"\n\n*(This answer is incomplete: {why}.)*"
