"""How settings are read from the environment."""

from typing import Literal

import pytest
from pydantic import Field

from app.errors import Misconfigured
from app.settings.environment import Settings
from app.settings.group import CommaSeparated, SettingsGroup, accepted_values
from app.settings.quota import QuotaSettings


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("https://chat.example.com", "https://chat.example.com"),
        ("https://chat.example.com/", "https://chat.example.com"),
        ("https://example.com/chat//", "https://example.com/chat"),
    ],
)
def test_the_public_base_url_has_no_slash_at_its_end(written: str, used: str) -> None:
    assert Settings.read({"PUBLIC_BASE_URL": written}).web.public_base_url == used


@pytest.mark.parametrize(
    "written", ["https://Chat.Example.com:8443/", "HTTPS://chat.example.com:8443/path"]
)
def test_its_origin_is_what_a_browser_sends(written: str) -> None:
    settings = Settings.read({"PUBLIC_BASE_URL": written, "ALLOWED_ORIGINS": "https://a.example"})
    assert settings.web.page_origins == ("https://a.example", "https://chat.example.com:8443")


def test_an_origin_that_is_named_twice_counts_once() -> None:
    settings = Settings.read(
        {"PUBLIC_BASE_URL": "https://A.example/", "ALLOWED_ORIGINS": "https://a.example"}
    )
    assert settings.web.page_origins == ("https://a.example",)


def test_a_list_is_separated_by_commas() -> None:
    settings = Settings.read({"ALLOWED_MIME_TYPES": "image/*, text/plain,"})
    assert settings.attachments.allowed_mime_types == ("image/*", "text/plain")


def test_the_first_source_with_a_value_wins() -> None:
    settings = Settings.read(
        {"UPLOAD_METHOD": "PUT", "AUTH_MODE": ""}, {"UPLOAD_METHOD": "POST", "AUTH_MODE": "dev"}
    )
    assert settings.attachments.upload_method == "PUT"
    assert settings.sign_in.mode == "dev"


def test_a_variable_of_another_program_with_the_name_of_a_field_is_not_read() -> None:
    assert Settings.read({"name": "x", "url": "x", "input": "x"}) == Settings.read({})


def test_a_group_is_made_by_the_names_of_its_fields_too() -> None:
    assert QuotaSettings(max_bytes=5) == Settings.read({"USER_QUOTA_BYTES": "5"}).quota


class EveryKind(SettingsGroup):
    choice: Literal["a", "b", "c"] = Field("a", alias="CHOICE")
    switch: bool = Field(True, alias="SWITCH")
    ratio: float | None = Field(None, alias="RATIO", ge=0)
    names: CommaSeparated = Field((), alias="NAMES")


def test_every_kind_of_value_is_described() -> None:
    assert {name: accepted_values(field) for name, field in EveryKind.model_fields.items()} == {
        "choice": "`a`, `b` or `c`",
        "switch": "`on` or `off`",
        "ratio": "a number of at least 0",
        "names": "a list, separated by commas",
    }


def test_every_variable_that_cannot_be_used_is_named_with_what_it_takes() -> None:
    wrong = {
        "UPLOAD_METHOD": "GET",
        "PREVIEW_TTL_SECONDS": "5",
        "THREAD_RETENTION_DAYS": "a week",
        "SHUTDOWN_GRACE_SECONDS": "-1",
    }
    with pytest.raises(Misconfigured) as raised:
        Settings.read(wrong)
    assert set(raised.value.message.rstrip(".").split("; ")) == {
        "UPLOAD_METHOD=GET can't be used: it takes `POST` or `PUT`",
        "PREVIEW_TTL_SECONDS=5 can't be used: it takes a whole number from 10 to 604,800",
        "THREAD_RETENTION_DAYS=a week can't be used: it takes a whole number of at least 1",
        "SHUTDOWN_GRACE_SECONDS=-1 can't be used: it takes a whole number of at least 0",
    }


def test_a_secret_that_cannot_be_used_is_not_quoted() -> None:
    with pytest.raises(Misconfigured) as raised:
        Settings.read({"ADMIN_TOKEN": "too-short"})
    assert "ADMIN_TOKEN can't be used: it takes a secret of at least 16" in raised.value.message
    assert "too-short" not in raised.value.message
    assert raised.value.__context__ is None or raised.value.__suppress_context__


@pytest.mark.parametrize("variable", ["JWT_SECRET", "SIGNING_SECRET", "SIGNING_SECRET_PREVIOUS"])
def test_a_secret_that_can_be_guessed_is_rejected(variable: str) -> None:
    with pytest.raises(Misconfigured, match=f"{variable} .* at least 32 characters"):
        Settings.read({variable: "s" * 31})
    Settings.read({variable: "s" * 32})
