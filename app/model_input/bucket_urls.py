"""URLs by which the model's provider reads a file from the bucket: `MODEL_INPUT=url`."""

from app.storage.signing import UrlSigner


class BucketLinks:
    """Presigns URLs for GET, at a time that is rounded down to half of their lifetime.

    So a file has the same URL in several turns, which prompt caches need. A URL is valid for at
    least half of `ttl_seconds`; the provider reads it at once.
    """

    def __init__(self, signer: UrlSigner, *, ttl_seconds: int) -> None:
        self._signer = signer
        self._ttl_seconds = ttl_seconds

    def url(self, object_key: str) -> str:
        """Return a URL of the object. Raises `BucketUnavailable` without valid credentials."""
        return self._signer.presign(
            "GET",
            object_key,
            expires_in=self._ttl_seconds,
            window_seconds=self._ttl_seconds // 2,
        )
