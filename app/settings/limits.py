"""The settings that limit requests, and the uploads and answers of one user at a time."""

from pydantic import Field, SecretStr

from app.settings.group import SettingsGroup


class LimitSettings(SettingsGroup):
    """Limits of requests."""

    concurrent_uploads: int = Field(10, alias="USER_CONCURRENT_UPLOADS", ge=1)
    """Uploads that one user may have under way at the same time through the gateway and the direct
    strategy together; each replica counts its own. The page lets people attach 10 files and sends
    them at once, so a lower value rejects some of them."""

    concurrent_streams: int = Field(10, alias="USER_CONCURRENT_STREAMS", ge=1)
    """Answers that one user may have under way at the same time; each replica counts its own."""

    all_concurrent_streams: int = Field(300, alias="CONCURRENT_STREAMS", ge=1)
    """Answers that one process may have under way for all users. A message beyond that is rejected
    before it is stored: 503 `overloaded`. Otherwise every answer would become slow."""

    request_rate: str = Field("600/minute", alias="USER_REQUEST_RATE")
    """Requests of one user over a sliding window: `<number>/<second | minute | hour | day>`."""

    rate_limit_storage_url: SecretStr | None = Field(None, alias="RATE_LIMIT_STORAGE_URL")
    """`redis://host:6379` makes replicas share the count of requests; it needs the package
    `limits[redis]`. Empty: each replica counts its own."""

    max_request_bytes: int = Field(256 * 1024, alias="MAX_REQUEST_BYTES", ge=64 * 1024)
    """The largest body of a request other than an upload or a recording for dictation. Longer
    texts should be files. The service parses requests and stores them in threads, so a larger
    value lets one user slow it down for everybody."""
