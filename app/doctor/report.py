"""The findings of `app doctor`, as one line for each check or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["ok", "failed", "skipped"]

_MARKS: dict[Outcome, str] = {"ok": "✓", "failed": "✗", "skipped": "-"}


class Problem(Exception):
    """A check failed. `what` is wrong; `remedy` says in one or more lines what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class NotChecked(Exception):
    """A check was skipped, because it does not apply or can't be made. The message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    `check` is the stable name of the check, and `subject` the origin or method that it was made
    for, if any. `words` says what was seen, what is wrong, or why nothing was checked. `remedy`
    says what to do about a failure.
    """

    check: str
    subject: str | None
    outcome: Outcome
    words: str
    remedy: str | None = None

    def lines(self) -> str:
        """Return the check in one line, and the remedy of a failure below it, indented."""
        name = f"{self.check} {self.subject}" if self.subject else self.check
        line = f"{_MARKS[self.outcome]} {name}: {self.words}"
        if self.remedy is None:
            return line
        return "\n".join([line, *(f"    {each}" for each in self.remedy.splitlines())])


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Return whether nothing failed. A check that was skipped is not a failure."""
    return all(finding.outcome != "failed" for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """Return the last line of the report: the number of checks by outcome."""
    count = {mark: sum(each.outcome == mark for each in findings) for mark in _MARKS}
    verdict = "This deployment works" if is_healthy(findings) else "This deployment has problems"
    return (
        f"{verdict}: {count['ok']} checks passed, {count['failed']} failed,"
        f" {count['skipped']} skipped."
    )


def as_json(findings: Sequence[Finding]) -> str:
    """Return `{"healthy": …, "findings": [{"check", "subject", "outcome", "words", "remedy"}]}`."""
    return json.dumps(
        {"healthy": is_healthy(findings), "findings": [asdict(each) for each in findings]},
        indent=2,
        ensure_ascii=False,
    )
