"""An audit that did not happen never passes for one that did."""

import json
from collections.abc import Mapping

import pytest

from tools.audit import main

SOUND = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


def report(*dependencies: Mapping[str, object]) -> str:
    return json.dumps({"dependencies": dependencies})


@pytest.mark.parametrize(
    ("given", "status", "required_status", "said"),
    [
        (report(SOUND), 0, 0, "No known vulnerability in 1 dependencies."),
        (report(SOUND, VULNERABLE), 1, 1, "b 1: CVE-1, fixed in 2"),
        (report(SOUND, UNKNOWN), 0, 1, "NOT AUDITED: 1 of 2 dependencies"),
        ("", 0, 1, "NOT AUDITED: the vulnerability service can't be reached"),
    ],
)
def test_what_was_found_and_what_was_not_looked_at(
    given: str,
    status: int,
    required_status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AUDIT", raising=False)
    assert main(lambda: given) == status
    monkeypatch.setenv("AUDIT", "required")
    assert main(lambda: given) == required_status
    assert said in capsys.readouterr().out
