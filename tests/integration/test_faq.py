"""The commands in docs/faq.md do what it says they do."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.integration.test_main_path import png
from tests.servers import missing
from tests.service import answer_of, events_of

pytestmark = pytest.mark.slow

FAQ = Path(__file__).parents[2] / "docs" / "faq.md"


@pytest.fixture
def script() -> str:
    """The lines that send a file from a script."""
    [lines] = re.findall(r"```sh\n(.*?)```", FAQ.read_text(), re.DOTALL)
    return str(lines)


def test_a_file_is_sent_from_a_script_by_either_strategy(
    base_url: str, script: str, tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        missing("curl (`apt-get install curl`)")
    (tmp_path / "chart.png").write_bytes(png())
    user = {"x-forwarded-user": "a script"}
    run = subprocess.run(
        ["bash", "-euc", script + '\nprintf "\\n%s" "$attachment" "$created" >&2'],
        cwd=tmp_path,
        env={**os.environ, "API": base_url, "AUTH": "x-forwarded-user: a script"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    direct, two_phase = (json.loads(line) for line in run.stderr.strip().splitlines())
    assert "chart.png" in answer_of(events_of(run.stdout[run.stdout.index("data: ") :]))
    for attachment in (direct, two_phase):
        path = f"{base_url}/attachments/{attachment['id']}/content"
        assert httpx.get(path, headers=user, follow_redirects=True).content == png()
