"""Asks PyPI whether a locked dependency has a known vulnerability: `python -m tools.audit`.

The exit status is 1 if one has. If the vulnerability service can't be reached, or does not know a
package, the output says NOT AUDITED in capitals. That is a failure only with AUDIT=required: many
machines, and their CI, reach nothing but a mirror of the packages.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
_SECONDS = 120


def pip_audit() -> str:
    """Return the report of `pip-audit` as JSON; empty if there is none."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    try:
        finished = subprocess.run(  # noqa: S603 - our own command line, no shell
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return finished.stdout


def verdict(report: str) -> tuple[bool, bool, Sequence[str]]:
    """Return whether something is vulnerable, whether something was not audited, and the output."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return False, True, ["NOT AUDITED: the vulnerability service can't be reached from here."]
    vulnerable = [each for each in dependencies if each.get("vulns")]
    unknown = [each["name"] for each in dependencies if "skip_reason" in each]
    lines = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, fixed in"
        f" {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for each in vulnerable
        for vulnerability in each["vulns"]
    ]
    if unknown:
        names = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        lines.append(
            f"NOT AUDITED: {len(unknown)} of {len(dependencies)} dependencies, which the"
            f" vulnerability service does not answer for ({names})."
        )
    if not lines:
        lines.append(f"No known vulnerability in {len(dependencies)} dependencies.")
    return bool(vulnerable), bool(unknown), lines


def main(audit: Callable[[], str] = pip_audit) -> int:
    vulnerable, unknown, lines = verdict(audit())
    print(*lines, sep="\n")
    return int(vulnerable or (unknown and os.environ.get("AUDIT") == "required"))


if __name__ == "__main__":
    sys.exit(main())
