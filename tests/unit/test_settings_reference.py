"""docs/settings.md is what the Settings class says."""

from app.settings import Settings
from tools.settings_reference import PAGE, documented_settings, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "run `python -m tools.settings_reference`"


def test_every_setting_says_what_it_does() -> None:
    documented = list(documented_settings())
    assert [each.name for each in documented] == list(Settings.model_fields)
    assert all(each.section and each.words for each in documented), documented
