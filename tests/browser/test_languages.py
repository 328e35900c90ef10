"""The page in the reader's language, and in the direction of its script."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PersonFactory
from tests.browser.person import barriers
from tests.browser.scripted import answer_in_words
from tests.browser.site import Site


@pytest.mark.parametrize(
    ("locale", "language", "direction", "field"),
    [
        ("de-AT", "de", "ltr", "Nachricht"),
        ("es", "es", "ltr", "Mensaje"),
        ("ar", "ar", "rtl", "الرسالة"),
    ],
)
def test_the_page_speaks_the_reader_s_language(
    site: Site, new_person: PersonFactory, locale: str, language: str, direction: str, field: str
) -> None:
    reader = new_person(site, wait=False, locale=locale)
    message = reader.page.get_by_role("textbox", name=field)
    expect(message).to_be_visible()
    root = reader.page.locator("html")
    expect(root).to_have_attribute("lang", language)
    expect(root).to_have_attribute("dir", direction)
    expect(message).to_have_css("direction", direction)  # of the placeholder, while it is empty
    assert barriers(reader.page) == []
    message.fill("```python\nx = 1\n```")
    message.press("Enter")
    expect(reader.answers).to_contain_text("OPENAI_API_KEY")
    assert barriers(reader.page) == []
    if direction == "rtl":
        sidebar = reader.page.locator(".sidebar").bounding_box()
        chat = reader.page.locator("main").bounding_box()
        assert sidebar is not None
        assert chat is not None
        assert sidebar["x"] > chat["x"]
        border = "element => getComputedStyle(element).borderLeftStyle"
        assert reader.page.locator(".sidebar").evaluate(border) == "solid"


def test_code_runs_from_left_to_right_in_every_language(
    site: Site, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_in_words(monkeypatch, "```python\nx = 1\n```")
    reader = new_person(site, wait=False, locale="ar")
    message = reader.page.get_by_role("textbox", name="الرسالة")
    message.fill("؟")
    message.press("Enter")
    expect(reader.answers.locator("pre")).to_have_css("direction", "ltr")


def test_errors_of_the_server_are_said_in_the_reader_s_language(
    site: Site, new_person: PersonFactory
) -> None:
    reader = new_person(site, wait=False, locale="de")
    message = reader.page.get_by_role("textbox", name="Nachricht")
    expect(message).to_be_visible()
    reader.page.route(
        "**/chatkit",
        lambda route: route.fulfill(
            status=429,
            json={"message": "Too many.", "error": {"code": "rate_limited"}},
            headers={"Access-Control-Allow-Origin": "*"},
        ),
    )
    reader.expects_console("429")
    message.fill("Hallo")
    message.press("Enter")
    expect(reader.page.get_by_role("alert").first).to_contain_text("zu viele Anfragen")
