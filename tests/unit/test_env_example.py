"""`.env.example` and the settings agree."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
# Read by others than the settings class: the AWS credential chain and the command line.
ELSEWHERE = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PORT",
    "DATA_DIR",
}


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    assert set(dotenv_values(EXAMPLE)) == settings | ELSEWHERE


def test_the_example_copied_unchanged_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_compose_passes_every_setting_on() -> None:
    compose = EXAMPLE.with_name("docker-compose.yml").read_text()
    missing = [name for name in Settings.model_fields if f"\n    {name.upper()}:" not in compose]
    assert missing == []
