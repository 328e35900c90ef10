"""What settings make of what the environment says."""

from typing import Any

import pytest

from app.settings import Settings


def given(**values: Any) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("https://chat.example.com", "https://chat.example.com"),
        ("https://chat.example.com/", "https://chat.example.com"),
        ("https://example.com/chat//", "https://example.com/chat"),
    ],
)
def test_paths_can_be_put_behind_the_public_base_url(written: str, used: str) -> None:
    assert given(public_base_url=written).public_base_url == used


@pytest.mark.parametrize(
    "written", ["https://Chat.Example.com:8443/", "HTTPS://chat.example.com:8443/path"]
)
def test_its_origin_is_what_a_browser_sends(written: str) -> None:
    settings = given(public_base_url=written, allowed_origins="https://a.example")
    assert settings.page_origins == ("https://a.example", "https://chat.example.com:8443")


def test_an_origin_that_is_named_twice_counts_once() -> None:
    settings = given(public_base_url="https://A.example/", allowed_origins="https://a.example")
    assert settings.page_origins == ("https://a.example",)
