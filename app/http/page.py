"""The page: its document, its static files and the one JSON document that configures it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.attachments.policy import AttachmentPolicy
from app.file_types.file_type import FileType
from app.file_types.table import FILE_TYPES, TEXT_SYNTAXES
from app.origins import origin_of

WEB_DIRECTORY = Path(__file__).parent.parent / "web"
# ChatKit's own default for `composer.attachments.maxCount`.
DEFAULT_MAX_ATTACHMENTS = 10
# Where OpenAI serves chatkit.js and the frame it opens.
CHATKIT_CDN = "https://cdn.platform.openai.com"


@dataclass(frozen=True, slots=True)
class PageConfig:
    """What the page has to know. URLs have no trailing slash.

    `api_base_url` is where the API is; empty: the page's own origin. `bucket_url` is the bucket as
    browsers reach it: it serves previews, and takes uploads by POST where `posts_to_bucket`; the
    page goes back to the upload gateway by itself when that fails. `domain_key` is for OpenAI's
    element. `model` is None for the offline model.
    """

    policy: AttachmentPolicy
    api_base_url: str = ""
    bucket_url: str | None = None
    posts_to_bucket: bool = True
    upload_method: Literal["POST", "PUT"] = "POST"
    max_attachments: int = DEFAULT_MAX_ATTACHMENTS
    auth_mode: Literal["dev", "jwt", "header"] = "dev"
    model: str | None = None
    domain_key: str | None = None


def page_routes(
    config: PageConfig, *, welcome: Callable[[Request, Response], None] | None = None
) -> Sequence[BaseRoute]:
    """`/`, `/config.json` and `/web/…`.

    `welcome` may set a cookie on the document's response.
    """
    headers = _document_headers(config)

    async def document(request: Request) -> Response:
        response = FileResponse(WEB_DIRECTORY / "index.html", headers=headers)
        if welcome is not None:
            welcome(request, response)
        return response

    async def configuration(request: Request) -> Response:
        return JSONResponse(page_configuration(config), headers={"Cache-Control": "no-cache"})

    async def favicon(request: Request) -> Response:
        # Browsers ask for it beside documents that name no icon, such as JSON.
        return FileResponse(WEB_DIRECTORY / "icon.svg")

    return [
        Route("/", document),
        Route("/config.json", configuration),
        Route("/favicon.ico", favicon),
        Mount("/web", _WebFiles(headers), name="web"),
    ]


def page_configuration(config: PageConfig) -> dict[str, object]:
    """The content of `/config.json`; its type is `PageConfig` in `app/web/page-config.js`."""
    base = config.api_base_url
    offset = datetime.now().astimezone().utcoffset()
    return {
        "api": {
            "url": f"{base}/chatkit",
            "attachmentsUrl": f"{base}/attachments",
            "entitiesUrl": f"{base}/entities",
            "domainKey": config.domain_key,
            "bucketPostUrl": _bucket_post_url(config),
        },
        "uploads": {"strategy": "two_phase", "method": config.upload_method},
        "limits": {
            "maxAttachmentBytes": config.policy.max_bytes,
            "maxCount": config.max_attachments,
            "allowedMimeTypes": _allowed_mime_types(config.policy),
            "extensions": _extensions(config.policy),
            "fileTypes": [_file_type(each, config.policy) for each in FILE_TYPES],
        },
        "auth": {"mode": config.auth_mode},
        "model": {"name": config.model, "isOffline": config.model is None},
        # ChatKit's timestamps are this clock's, without a zone.
        "utcOffsetMinutes": int(offset.total_seconds() // 60) if offset else 0,
    }


def content_security_policy(config: PageConfig) -> str:
    """Only what the page needs. OpenAI's host is in it where a domain key is configured.

    `require-trusted-types-for` makes the browser refuse any string that becomes markup without
    having passed DOMPurify; OpenAI's script, which we can't see, would not run under it.
    """
    reached = [origin_of(url) for url in (config.api_base_url, config.bucket_url) if url]
    sources: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *reached],
        "connect-src": ["'self'", *reached],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    if config.domain_key:
        sources["script-src"].append(CHATKIT_CDN)
        sources["frame-src"] = [CHATKIT_CDN]
        sources["connect-src"].append(CHATKIT_CDN)
        # Its element brings its own <style>; a nonce can't reach into a script of another host.
        sources["style-src"].append("'unsafe-inline'")
    else:
        sources["require-trusted-types-for"] = ["'script'"]
        sources["trusted-types"] = ["dompurify"]
    return "; ".join(
        f"{name} {' '.join(dict.fromkeys(values))}" for name, values in sources.items()
    )


class _WebFiles(StaticFiles):
    """Checked with the server on each use (ETag), so that a new version is never half loaded."""

    def __init__(self, document_headers: dict[str, str]) -> None:
        super().__init__(directory=WEB_DIRECTORY)
        self._document_headers = document_headers

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        if path.endswith(".html"):
            response.headers.update(self._document_headers)
        elif path.endswith((".js", ".mjs")):
            # Systems disagree about .mjs, and browsers run a module only as JavaScript.
            response.headers["Content-Type"] = "text/javascript; charset=utf-8"
        return response


def _document_headers(config: PageConfig) -> dict[str, str]:
    return {
        "Content-Security-Policy": content_security_policy(config),
        "Cache-Control": "no-cache",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def _allowed_mime_types(policy: AttachmentPolicy) -> list[str]:
    """Patterns of the types that the policy allows. A `*` may stand anywhere in one."""
    if policy.allowed_mime_types is not None:
        return list(policy.allowed_mime_types)
    known = [name for each in _allowed(policy) for name in (each.mime_type, *each.aliases)]
    return [*known, "text/*", *(f"*{syntax}" for syntax in TEXT_SYNTAXES)]


def _extensions(policy: AttachmentPolicy) -> dict[str, str]:
    """MIME type by suffix, of the types that the policy allows: what file pickers offer."""
    return {
        suffix: each.mime_type
        for each in _allowed(policy)
        for suffix in each.suffixes
        if suffix.startswith(".")
    }


def _file_type(file_type: FileType, policy: AttachmentPolicy) -> dict[str, object]:
    """A row of the table as the page gets it. `whyNot` is null where the policy allows it."""
    return {
        "mimeType": file_type.mime_type,
        "aliases": file_type.aliases,
        "mistakenFor": file_type.mistaken_for,
        "suffixes": file_type.suffixes,
        "family": file_type.family,
        "whyNot": policy.why_not(file_type),
    }


def _allowed(policy: AttachmentPolicy) -> list[FileType]:
    return [each for each in FILE_TYPES if policy.why_not(each) is None]


def _bucket_post_url(config: PageConfig) -> str | None:
    if config.bucket_url is None or not config.posts_to_bucket:
        return None
    # With the slash: SeaweedFS 4.48 breaks off the preflight of a bucket's bare path.
    return f"{config.bucket_url}/"
