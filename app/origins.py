"""Origins of pages, as browsers write them."""

from urllib.parse import urlsplit


def origin_of(url: str) -> str:
    """Return scheme, host and port of an absolute URL, in lower case (RFC 6454, 6.2)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"
