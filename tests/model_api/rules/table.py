"""The table of rules that OpenAI documents and its OpenAPI document does not hold.

Every rule names its source: a sentence of the document or of a guide, or a public issue that quotes
the API's answer. Its words are those of the source.
"""

from tests.model_api.rules import items, messages, parts, settings, window
from tests.model_api.rules.rule import Request, Rule

RULES = tuple(
    value
    for module in (settings, items, messages, parts, window)
    for value in vars(module).values()
    if isinstance(value, Rule)
)


def check_rules(request: Request) -> None:
    """Raises the first `Rejection`, in the order of the table."""
    api = "chat_completions" if request.is_chat else "responses"
    for rule in RULES:
        if api in rule.apis:
            for rejection in rule.check(request):
                raise rejection
