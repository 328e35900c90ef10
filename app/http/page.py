"""The page: its document, its static files and the one JSON document that configures it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from chatkit.types import AttachmentCreateParams
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.attachments.policy import ALIASES, AttachmentPolicy
from app.errors import MimeTypeNotAllowed
from app.origins import origin_of

WEB_DIRECTORY = Path(__file__).parent.parent / "web"
# ChatKit's own default for `composer.attachments.maxCount`.
DEFAULT_MAX_ATTACHMENTS = 10
# Where OpenAI serves chatkit.js and the frame it opens.
CHATKIT_CDN = "https://cdn.platform.openai.com"

# What file pickers offer, where the policy admits it. The policy knows most types by the suffix;
# office types are not in every system's table.
_OFFERED_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif", ".avif", ".tiff", ".bmp", ".svg"),
    *(".pdf", ".txt", ".md", ".csv", ".tsv", ".log", ".html", ".css", ".js", ".ts", ".py", ".rs"),
    *(".go", ".java", ".c", ".json", ".xml", ".yaml", ".yml", ".toml", ".eml", ".zip"),
    *(".h", ".cpp", ".cs", ".rb", ".php", ".swift", ".kt", ".jsx", ".tsx", ".sh", ".sql", ".tex"),
    *(".ini", ".cfg", ".env", ".jsonl", ".ipynb", ".geojson", ".srt"),
)
# Files that have no suffix.
_OFFERED_NAMES = ("dockerfile", "makefile")
_OFFICE_TYPES = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".rtf": "application/rtf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".pages": "application/vnd.apple.pages",
    ".numbers": "application/vnd.apple.numbers",
    ".key": "application/vnd.apple.keynote",
}


@dataclass(frozen=True, slots=True)
class PageConfig:
    """What the page has to know. URLs have no trailing slash.

    `api_base_url` is where the API is; empty: the page's own origin. `bucket_url` is the bucket as
    browsers reach it: it serves previews, and takes uploads by POST where `posts_to_bucket`; the
    page goes back to the upload gateway by itself when that fails. `domain_key` is for OpenAI's
    element. `model` is the name of the model that answers, where it is known. `prompts` are
    offered by an empty chat, `disclaimer` stands below the message field. On a demo, those who open
    the page try the service out: they see how files travel, and choose it.
    """

    policy: AttachmentPolicy
    api_base_url: str = ""
    bucket_url: str | None = None
    posts_to_bucket: bool = True
    upload_method: Literal["POST", "PUT"] = "POST"
    max_attachments: int = DEFAULT_MAX_ATTACHMENTS
    auth_mode: Literal["dev", "jwt", "header"] = "dev"
    model: str | None = None
    is_offline: bool = False
    domain_key: str | None = None
    prompts: Sequence[str] = ()
    disclaimer: str | None = None
    is_demo: bool = False


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
            "allowedMimeTypes": list(config.policy.allowed_mime_types),
            "fileTypes": _file_types(config.policy),
        },
        "auth": {"mode": config.auth_mode},
        "model": {"name": config.model, "isOffline": config.is_offline},
        "isDemo": config.is_demo,
        "prompts": list(config.prompts),
        "disclaimer": config.disclaimer,
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
        "font-src": ["'self'"],
        "frame-src": ["blob:"],
        "connect-src": ["'self'", *reached],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    if config.domain_key:
        sources["script-src"].append(CHATKIT_CDN)
        sources["frame-src"].append(CHATKIT_CDN)
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


def _file_types(policy: AttachmentPolicy) -> dict[str, dict[str, str]]:
    """What the page knows files by: MIME type by suffix, by whole name, and by what browsers say.

    Suffixes and names are lower case, and only those that the policy admits.
    """
    offered = dict.fromkeys([*_OFFERED_SUFFIXES, *_OFFERED_NAMES], "") | _OFFICE_TYPES
    admitted = {}
    for ending, mime_type in offered.items():
        name = f"x{ending}" if ending.startswith(".") else ending
        try:
            params = AttachmentCreateParams(name=name, size=1, mime_type=mime_type)
            admitted[ending] = policy.check(params).mime_type
        except MimeTypeNotAllowed:
            continue
    return {
        "suffixes": {key: value for key, value in admitted.items() if key.startswith(".")},
        "names": {key: value for key, value in admitted.items() if not key.startswith(".")},
        "aliases": ALIASES,
    }


def _bucket_post_url(config: PageConfig) -> str | None:
    if config.bucket_url is None or not config.posts_to_bucket:
        return None
    # With the slash: SeaweedFS 4.48 breaks off the preflight of a bucket's bare path.
    return f"{config.bucket_url}/"
