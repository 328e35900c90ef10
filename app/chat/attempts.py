"""Decides which request is tried next when the provider has rejected one.

A request that is too long is repeated with less content. One that is rejected because of a file is
repeated without that file. If the provider does not say which file it is, probes find it by
bisection. A probe is a request that is closed as soon as it is accepted.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from app.chat.failures import rejected_file_reason
from app.chat.rejections import Rejection, suspects
from app.model_input.budget import Budget
from app.model_input.input_items import Item
from app.model_input.labels import Announced
from app.settings.model import ModelApi

# A provider that is new to a thread may reject several of its files, one after the other.
_MAX_REJECTED_FILES = 8
_MAX_TIMES_TOO_LONG = 6
_UNTESTED = "it is left out of this request, which tests another file."


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that is left out because the provider rejected it, perhaps because of another one."""

    name: str
    reason: str
    is_certain: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. A probe is closed when it is accepted: it is not the answer.

    `untested` has the ids that a probe leaves out in addition to the rejected files.
    """

    budget: Budget
    rejected: Mapping[str, RejectedFile] = field(default_factory=dict)
    untested: Sequence[str] = ()
    is_probe: bool = False

    def reasons(self) -> dict[str, str]:
        """Return the ids of what is left out, each with the reason."""
        return {
            **dict.fromkeys(self.untested, _UNTESTED),
            **{id: file.reason for id, file in self.rejected.items()},
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `rejection` is None if it was accepted.

    `items` is the input of its last request and `tokens` the estimate of its length. With
    `follows_tools`, tools were called before that request.
    """

    rejection: Rejection | None = None
    is_too_long: bool = False
    items: Sequence[Item] = ()
    tokens: int = 0
    follows_tools: bool = False


Attempts = Generator[Attempt, Outcome, None]


def attempts(model_api: ModelApi, budget: Budget) -> Attempts:
    """Yield each request to try, and receive its outcome. Return when no other request can help."""
    rejected: dict[str, RejectedFile] = {}
    too_long: list[Sequence[Item]] = []
    outcome = yield Attempt(budget)
    while True:
        if outcome.is_too_long:
            if len(too_long) == _MAX_TIMES_TOO_LONG or outcome.items in too_long:
                return
            too_long.append(outcome.items)
            budget = budget.below(outcome.tokens)
        elif outcome.rejection and len(rejected) < _MAX_REJECTED_FILES:
            found = suspects(outcome.rejection, outcome.items, model_api=model_api)
            new = {id: each for id, each in found.items() if id not in rejected}
            # A probe calls no tools, so it can't test the files that tools have brought.
            if not outcome.follows_tools:
                new = yield from _guilty_of(new, Attempt(budget, dict(rejected)))
            if not new:
                return
            is_certain = len(new) == 1
            reason = rejected_file_reason(outcome.rejection.reason, is_certain=is_certain)
            rejected |= {
                id: RejectedFile(each.name, reason, is_certain) for id, each in new.items()
            }
        else:
            return
        outcome = yield Attempt(budget, dict(rejected))


def _guilty_of(
    found: Mapping[str, Announced], tried: Attempt
) -> Generator[Attempt, Outcome, dict[str, Announced]]:
    """Return the file that makes the provider reject `tried`; nothing if none of `found` does."""
    suspected = list(found.values())
    if len(suspected) <= 1:
        return dict(found)
    left_out: list[str] = []

    def probe(without: Sequence[Announced]) -> Attempt:
        untested = [*left_out, *(each.id for each in without)]
        return Attempt(tried.budget, tried.rejected, untested, is_probe=True)

    outcome = yield probe(suspected)
    if outcome.rejection or outcome.is_too_long:
        return {}
    while len(suspected) > 1:
        half, rest = suspected[: len(suspected) // 2], suspected[len(suspected) // 2 :]
        outcome = yield probe(rest)
        if outcome.rejection:
            suspected = half
            left_out += [each.id for each in rest]
        else:
            suspected = rest
    return {each.id: each for each in suspected}
