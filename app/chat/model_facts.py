"""What is known about models by their names: whether they reason, and how much they read.

The windows are those of OpenAI's model pages. GPT-5 takes 272,000 of its 400,000 tokens as input
(cline/cline#5474, RooCodeInc/Roo-Code#6856).
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`window_tokens` is how much input a request may have."""

    window_tokens: int
    reasons: bool


_DATE = r"(-\d{4}-\d{2}-\d{2})?"
_FAMILIES = (
    (r"gpt-5(\.\d)?-chat-latest", ModelFacts(128_000, reasons=False)),
    (r"gpt-5\.6(-\w+)*", ModelFacts(1_050_000, reasons=True)),
    (r"gpt-5(\.\d)?(-(mini|nano|pro|codex|max))*", ModelFacts(272_000, reasons=True)),
    (r"o[134](-mini|-pro)*", ModelFacts(200_000, reasons=True)),
    (r"gpt-4\.1(-mini|-nano)?", ModelFacts(1_047_576, reasons=False)),
    (r"(chat)?gpt-4o(-mini|-latest)*|gpt-4-turbo", ModelFacts(128_000, reasons=False)),
    (r"gpt-4", ModelFacts(8_192, reasons=False)),
    (r"gpt-3\.5-turbo", ModelFacts(16_385, reasons=False)),
)

# For models of other families. Most current models read at least as much.
DEFAULT_WINDOW_TOKENS = 128_000


def facts_of(model: str) -> ModelFacts | None:
    """Return the facts of a model by its name, or None for a name of no known family."""
    for pattern, facts in _FAMILIES:
        if re.fullmatch(f"({pattern}){_DATE}", model):
            return facts
    return None
