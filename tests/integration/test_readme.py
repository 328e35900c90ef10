"""The exchange that the README shows is the one that happens."""

import json
import re
from pathlib import Path
from typing import Any

from app.settings.environment import Settings
from tests.service import ChatKitClient, running

README = Path(__file__).parents[2] / "README.md"


def shape(value: Any) -> Any:
    """Return the keys of an object, and those of the objects in it."""
    return {key: shape(each) for key, each in value.items()} if isinstance(value, dict) else None


def test_the_request_of_the_readme_gets_the_response_of_the_readme(settings: Settings) -> None:
    readme = README.read_text()
    request = re.search(r"^POST (\S+)\n.*?\n\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    response = re.search(r"^```json\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert request and response
    with running(settings) as url:
        alice = ChatKitClient.of(url, "alice").http
        answered = alice.post(request[1], json=json.loads(request[2])).json()
        shown = json.loads(response[1])
        assert shape(answered) == shape(shown)
        assert answered["upload_descriptor"]["method"] == shown["upload_descriptor"]["method"]
        size = json.loads(request[2])["params"]["size"]
        files = {"file": ("chart.png", bytes(size), "image/png")}
        assert alice.post(answered["upload_descriptor"]["url"], files=files).is_success
