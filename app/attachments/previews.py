"""Preview and download URLs, minted when they are needed and never stored (references.py).

Each class is a hydrator of PostgresStore, for one PREVIEW_MODE; `data` is data_previews.py.
"""

import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from app.attachments.capability_links import LinkSigner
from app.database.references import object_key_of
from app.file_types.table import INLINE_MIME_TYPES
from app.storage.signing import Method, UrlSigner

# A capability link lives long enough to be kept in a page, and repeats for a part of that time.
_LINK_TTL_SECONDS = 24 * 3600
_LINK_WINDOW_SECONDS = 6 * 3600


class SignedPreviews:
    """`PREVIEW_MODE=signed`: straight to the bucket. Minted at a time rounded down to a window.

    The same image keeps the same URL for a third of its life, so browsers cache it, and it is
    good for two thirds of `ttl_seconds` at least.
    """

    def __init__(self, signer: UrlSigner, *, ttl_seconds: int) -> None:
        self._signer = signer
        self._ttl_seconds = ttl_seconds
        self._window_seconds = ttl_seconds // 3
        self._cached = {"response-cache-control": f"private, max-age={ttl_seconds}"}
        self._shown = {"response-content-disposition": "inline", **self._cached}

    @property
    def redirect_max_age_seconds(self) -> int:
        """For how long a browser may keep a redirect to one of these: it is good for longer."""
        return self._window_seconds

    def preview_url(self, attachment_id: str, reference: str) -> str:
        return self._presign("GET", object_key_of(reference), self._shown)

    def inline(self, method: Method, object_key: str) -> str:
        """For an image of one of `INLINE_MIME_TYPES` only. A URL is signed for one method."""
        return self._presign(method, object_key, self._shown)

    def download(self, method: Method, object_key: str, *, name: str, mime_type: str) -> str:
        """A URL that saves the file under its name and never shows it in the page's place."""
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
    """`PREVIEW_MODE=redirect`: a longer-lived link to our host, which redirects to a fresh one."""

    def __init__(
        self, links: LinkSigner, base_url: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._links = links
        self._base_url = base_url
        self._clock = clock

    def preview_url(self, attachment_id: str, reference: str) -> str:
        start = int(self._clock()) // _LINK_WINDOW_SECONDS * _LINK_WINDOW_SECONDS
        path = f"/attachments/{quote(attachment_id, safe='')}/preview"
        return self._base_url + self._links.sign(
            path, {"key": object_key_of(reference)}, expires_at=start + _LINK_TTL_SECONDS
        )


def content_disposition(name: str) -> str:
    """`attachment` with both forms of the name (RFC 6266 §4.1): ASCII for old clients, UTF-8.

    Nothing of the name can end the quoted string or the header, and no path survives.
    """
    base = name.replace("\\", "/").rpartition("/")[2] or "file"
    fallback = "".join(
        character if " " <= character <= "~" and character not in '"\\%;' else "_"
        for character in base
    )
    encoded = quote(base, safe="!#$&+-.^_`|~")  # RFC 5987 attr-char
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"
