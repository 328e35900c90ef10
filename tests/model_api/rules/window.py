"""The rule of the context window."""

from tests.model_api.prompts import total
from tests.model_api.rejections import Rejection
from tests.model_api.rules.rule import Found, Request, rule


@rule(
    "`CreateResponse.truncation`: 'disabled (default): … the request will fail with a 400 error';"
    " the-open-agent/openagent#2344 (Responses), crewAIInc/crewAI-examples#121 (chat completions)"
)
def the_prompt_fits_the_window(request: Request) -> Found:
    if request.body.get("truncation") == "auto":
        return
    window = request.window or request.model.window
    tokens = total(request.prompt)
    if tokens <= window:
        return
    if request.is_chat:
        yield Rejection(
            f"This model's maximum context length is {window} tokens. However, your messages"
            f" resulted in {tokens} tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
            "messages",
        )
    yield Rejection(
        "Your input exceeds the context window of this model. Please adjust your input and try"
        " again.",
        "context_length_exceeded",
        "input",
    )
