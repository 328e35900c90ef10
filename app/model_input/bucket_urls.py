"""URLs by which the model's provider reads a file itself: `MODEL_INPUT=url`."""

from app.storage.signing import UrlSigner


class BucketLinks:
    """Presigned for GET, at a time rounded down to half their life.

    So a file keeps its URL from turn to turn for a while, and prompt caches hit; and a URL is good
    for half of `ttl_seconds` at least, which is when the provider reads it: at once.
    """

    def __init__(self, signer: UrlSigner, *, ttl_seconds: int) -> None:
        self._signer = signer
        self._ttl_seconds = ttl_seconds

    def url(self, object_key: str) -> str:
        """Raises `BucketUnavailable` without valid credentials."""
        return self._signer.presign(
            "GET",
            object_key,
            expires_in=self._ttl_seconds,
            window_seconds=self._ttl_seconds // 2,
        )
