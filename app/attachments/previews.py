"""Preview and download URLs. They are made when they are needed and never stored (references.py).

Each class is a hydrator of PostgresStore, for one PREVIEW_MODE. data_previews.py has the one for
the mode `data`.
"""

import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from app.attachments.capability_links import LinkSigner
from app.database.references import object_key_of
from app.file_types.table import INLINE_MIME_TYPES
from app.paths import preview_path
from app.storage.signing import Method, UrlSigner

# A transparent pixel.
PLACEHOLDER = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

# A capability link is valid for 18 to 24 hours, and stays the same for 6.
_LINK_TTL_SECONDS = 24 * 3600
_LINK_WINDOW_SECONDS = 6 * 3600


class SignedPreviews:
    """`PREVIEW_MODE=signed`: URLs of the bucket, signed at a time rounded down to a window.

    An image keeps its URL for a third of `ttl_seconds`, so browsers can cache it. The URL is valid
    for at least two thirds of them.
    """

    def __init__(self, signer: UrlSigner, *, ttl_seconds: int) -> None:
        self._signer = signer
        self._ttl_seconds = ttl_seconds
        self._window_seconds = ttl_seconds // 3
        self._cached = {"response-cache-control": f"private, max-age={ttl_seconds}"}
        self._inline = {"response-content-disposition": "inline", **self._cached}

    @property
    def redirect_max_age_seconds(self) -> int:
        """How long browsers may cache a redirect to a URL. The URL itself is valid for longer."""
        return self._window_seconds

    def preview_url(self, attachment_id: str, reference: str) -> str:
        """Return the URL of the image that `reference` stands for."""
        return self._presign("GET", object_key_of(reference), self._inline)

    def inline(self, method: Method, object_key: str) -> str:
        """Return a URL that shows an image. Only for types that are in `INLINE_MIME_TYPES`.

        A URL is signed for one HTTP method.
        """
        return self._presign(method, object_key, self._inline)

    def download(self, method: Method, object_key: str, *, name: str, mime_type: str) -> str:
        """Return a URL that saves the file under its name and never opens it as a page."""
        return self._presign(
            method,
            object_key,
            {
                "response-content-disposition": content_disposition(name),
                "response-content-type": (
                    mime_type if mime_type in INLINE_MIME_TYPES else "application/octet-stream"
                ),
                **self._cached,
            },
        )

    def _presign(self, method: Method, object_key: str, query: Mapping[str, str]) -> str:
        return self._signer.presign(
            method,
            object_key,
            expires_in=self._ttl_seconds,
            window_seconds=self._window_seconds,
            query=query,
        )


class RedirectPreviews:
    """`PREVIEW_MODE=redirect`: long-lived links to this service, which redirects to fresh URLs."""

    def __init__(
        self, links: LinkSigner, base_url: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._links = links
        self._base_url = base_url
        self._clock = clock

    def preview_url(self, attachment_id: str, reference: str) -> str:
        """Return the link to the preview of an attachment."""
        start = int(self._clock()) // _LINK_WINDOW_SECONDS * _LINK_WINDOW_SECONDS
        return self._base_url + self._links.sign(
            preview_path(attachment_id),
            {"key": object_key_of(reference)},
            expires_at=start + _LINK_TTL_SECONDS,
        )


class NoPreviews:
    """A placeholder in place of each image. A file that waits for its scan has no other preview."""

    def preview_url(self, attachment_id: str, reference: str) -> str:
        """Return a transparent pixel: ChatKit requires a URL with every image."""
        return PLACEHOLDER


def content_disposition(name: str) -> str:
    """Return `attachment` with both forms of the name (RFC 6266 §4.1): ASCII and UTF-8.

    No name can end the quoted string or the header, and a path in it is removed.
    """
    base = name.replace("\\", "/").rpartition("/")[2] or "file"
    fallback = "".join(
        character if " " <= character <= "~" and character not in '"\\%;' else "_"
        for character in base
    )
    encoded = quote(base, safe="!#$&+-.^_`|~")  # RFC 5987 attr-char
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"
