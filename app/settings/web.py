"""The settings of addresses and pages."""

from pydantic import Field, field_validator

from app.origins import origin_of
from app.settings.group import BarSeparated, CommaSeparated, SettingsGroup


class WebSettings(SettingsGroup):
    """Addresses and pages."""

    public_base_url: str | None = Field(None, alias="PUBLIC_BASE_URL")
    """The URL at which browsers reach this service. Empty: the address of each request."""

    allowed_origins: CommaSeparated = Field((), alias="ALLOWED_ORIGINS")
    """The origins of other pages that may call this service and the bucket."""

    chatkit_domain_key: str | None = Field(None, alias="CHATKIT_DOMAIN_KEY")
    """A key of OpenAI's domain allow-list. With it, the page shows OpenAI's `<openai-chatkit>`;
    without it, the client of this service."""

    page_prompts: BarSeparated = Field((), alias="PAGE_PROMPTS")
    """Questions that an empty chat offers, separated by `|`."""

    page_disclaimer: str | None = Field(None, alias="PAGE_DISCLAIMER")
    """A line below the message field, for example “Answers may be wrong.”"""

    @property
    def page_origins(self) -> tuple[str, ...]:
        """The origins of all pages that upload: ALLOWED_ORIGINS, and this service's own."""
        own = [origin_of(self.public_base_url)] if self.public_base_url else []
        return tuple(dict.fromkeys([*self.allowed_origins, *own]))

    @field_validator("public_base_url")
    @classmethod
    def _drop_trailing_slash(cls, url: str | None) -> str | None:
        """Drop trailing slashes, because paths are appended."""
        return None if url is None else url.rstrip("/")
