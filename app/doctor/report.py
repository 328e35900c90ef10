"""What `app doctor` found, and how it is told: one line a check, or JSON for other programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["ok", "failed", "skipped"]

_MARKS: dict[Outcome, str] = {"ok": "✓", "failed": "✗", "skipped": "-"}


class Problem(Exception):
    """A check failed: `what` is wrong, and `mend` says what to do, in as many lines as it takes."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


class NotChecked(Exception):
    """A check does not apply, or can't be made; the message says why. No fault of anyone's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check. `check` is its stable name, `subject` an origin where it has one.

    `words` says what was seen, what is wrong, or why nothing was checked; `mend` how to mend it.
    """

    check: str
    subject: str | None
    outcome: Outcome
    words: str
    mend: str | None = None

    def lines(self) -> str:
        """The check in one line, and below a ✗ the mend, indented."""
        name = f"{self.check} {self.subject}" if self.subject else self.check
        line = f"{_MARKS[self.outcome]} {name}: {self.words}"
        if self.mend is None:
            return line
        return "\n".join([line, *(f"    {each}" for each in self.mend.splitlines())])


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Nothing failed. What could not be checked is not a failure."""
    return all(finding.outcome != "failed" for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """The last line: how many checks had which outcome."""
    count = {mark: sum(each.outcome == mark for each in findings) for mark in _MARKS}
    verdict = "This deployment works" if is_healthy(findings) else "This deployment needs mending"
    return (
        f"{verdict}: {count['ok']} checks passed, {count['failed']} failed,"
        f" {count['skipped']} not made."
    )


def as_json(findings: Sequence[Finding]) -> str:
    """`{"healthy": bool, "findings": [{"check", "subject", "outcome", "words", "mend"}]}`."""
    return json.dumps(
        {"healthy": is_healthy(findings), "findings": [asdict(each) for each in findings]},
        indent=2,
        ensure_ascii=False,
    )
