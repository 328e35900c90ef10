"""What went wrong between us and the model's provider, in words for the person who waits."""

import openai
from agents import MaxTurnsExceeded
from agents.exceptions import AgentsException
from chatkit.errors import CustomStreamError


def explained(problem: Exception) -> CustomStreamError:
    """The stream error to show for an error of the model API or of the agent's run."""
    match problem:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return _error("The model's provider refused this server's API key.", retry=False)
        case openai.RateLimitError():
            return _error(
                "The model's provider has too much to do right now, or this server's quota there is"
                " used up. Try again in a moment.",
                retry=True,
            )
        case openai.APITimeoutError():
            return _error("The model took too long to answer. Try again.", retry=True)
        case openai.APIConnectionError():
            return _error("The model's provider can't be reached right now.", retry=True)
        case openai.NotFoundError():
            return _error("The model's provider does not know the configured model.", retry=False)
        case openai.APIStatusError() if problem.status_code >= 500:
            return _error("The model's provider has a problem right now. Try again.", retry=True)
        case openai.BadRequestError() if problem.code == "context_length_exceeded":
            return _error(
                "This conversation, with its files, is longer than the model can take. Start a new"
                " thread, or attach less.",
                retry=False,
            )
        case openai.APIStatusError():
            return _error(f"The model's provider refused the request: {told(problem)}", retry=False)
        case MaxTurnsExceeded():
            return _error("The assistant went in circles and was stopped. Try again.", retry=True)
        case AgentsException() | openai.OpenAIError():
            return _error("The model's answer broke off. Try again.", retry=True)
    return _error("The answer broke off. Try again.", retry=True)


def told(problem: openai.APIStatusError) -> str:
    """The provider's own words, short enough to show."""
    body = problem.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or problem.message)[:500]


def _error(message: str, *, retry: bool) -> CustomStreamError:
    return CustomStreamError(message, allow_retry=retry)
