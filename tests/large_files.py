"""The upload of a large file in parts, as `fetch.js` does it, one part after the other."""

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from app.sizes import LARGE_FILE_BYTES

LINE = b"Bread, butter and 3 eggs.\n"
# The smallest file that is uploaded in parts.
LARGE_FILE = (LINE * (LARGE_FILE_BYTES // len(LINE) + 1))[: LARGE_FILE_BYTES + 1]

Way = Literal["url", "gateway"]


def parts_link(attachment: dict[str, Any]) -> str:
    """Return the link for the parts that the upload link has in its fragment."""
    name, _, link = urlsplit(attachment["upload_descriptor"]["url"]).fragment.partition("=")
    assert name == "parts"
    return unquote(link)


def begin(link: str) -> dict[str, Any]:
    response = httpx.post(link, timeout=30)
    assert response.status_code == 200, response.text
    plan: dict[str, Any] = response.json()
    return plan


def send_parts(
    link: str, plan: dict[str, Any], body: bytes, *, way: Way = "url", only: Sequence[int] = ()
) -> None:
    """Send all parts, or those whose indexes are in `only`."""
    end = 0
    for index, part in enumerate(plan["parts"]):
        start, end = end, end + part["size"]
        if only and index not in only:
            continue
        response = httpx.put(urljoin(link, part[way]), content=body[start:end], timeout=60)
        assert response.status_code == 200, response.text


def complete(link: str, plan: dict[str, Any]) -> httpx.Response:
    return httpx.post(urljoin(link, plan["complete"]), timeout=60)


def upload_in_parts(attachment: dict[str, Any], body: bytes, *, way: Way = "url") -> None:
    link = parts_link(attachment)
    plan = begin(link)
    send_parts(link, plan, body, way=way)
    response = complete(link, plan)
    assert response.status_code == 200, response.text
