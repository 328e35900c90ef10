"""The page: its document, its files and the JSON that configures it."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app import paths
from app.attachments.policy import AttachmentPolicy
from app.chat.composer import Composer
from app.file_types.table import FILE_TYPES, TEXT_SYNTAXES
from app.http.web_files import WebFiles, compressed
from app.origins import origin_of
from app.settings.attachments import UploadMethod
from app.settings.sign_in import AuthMode

WEB_DIRECTORY = Path(__file__).parent.parent / "web"
# The files that the page lets people attach: ChatKit's own default for `maxCount`. The server's
# limit is in `app/chat/requests.py`.
DEFAULT_MAX_ATTACHMENTS = 10
# Where OpenAI serves chatkit.js and the frame it opens.
CHATKIT_CDN = "https://cdn.platform.openai.com"


@dataclass(frozen=True, slots=True)
class PageConfig:
    """What the page has to know. URLs have no trailing slash.

    `api_base_url` is where the API is; empty means the page's own origin. `bucket_url` is the URL
    of the bucket for browsers: it serves previews, and takes uploads by POST if `posts_to_bucket`.
    When that fails, the page uses the upload gateway. `domain_key` is for OpenAI's element. `model`
    is the name of the model that answers, if it is known. `prompts` are shown in an empty chat, and
    `disclaimer` below the message field. With `is_demo`, the page shows how files are uploaded, and
    lets the person choose the way.
    """

    policy: AttachmentPolicy
    api_base_url: str = ""
    bucket_url: str | None = None
    posts_to_bucket: bool = True
    upload_method: UploadMethod = "POST"
    max_attachments: int = DEFAULT_MAX_ATTACHMENTS
    auth_mode: AuthMode = "dev"
    model: str | None = None
    is_offline: bool = False
    has_dictation: bool = False
    domain_key: str | None = None
    prompts: Sequence[str] = ()
    disclaimer: str | None = None
    is_demo: bool = False
    composer: Composer | None = None


@cache
def _page_files() -> WebFiles:
    """Return the page's files, which all applications of a process share."""
    return WebFiles(WEB_DIRECTORY)


def page_routes(
    config: PageConfig, *, welcome: Callable[[Request, Response], None] | None = None
) -> Sequence[BaseRoute]:
    """Return the routes `/`, `/config.json`, `/favicon.ico` and `/web/…`.

    `welcome` may set a cookie on the document's response.
    """
    headers = _document_headers(config)
    files = _page_files()

    async def document(request: Request) -> Response:
        if config.is_demo:
            files.refresh()  # developers change the page while a demo runs
        wanted = request.headers.get("accept-language", "")
        language = preferred_language(wanted, files.names("words/*.js"))
        html = _document(files, language, page_configuration(_mounted(config, request)))
        response = compressed(html, request.headers)
        response.headers.update(headers | {"Vary": "Accept-Language, Accept-Encoding"})
        if welcome is not None:
            welcome(request, response)
        return response

    async def configuration(request: Request) -> Response:
        return JSONResponse(
            page_configuration(_mounted(config, request)), headers={"Cache-Control": "no-cache"}
        )

    async def file(request: Request) -> Response:
        path = request.path_params["path"]
        response = files.respond(path, request.headers)
        if response is None:
            raise HTTPException(404)
        if path.endswith(".html"):
            response.headers.update(headers)
        return response

    async def favicon(request: Request) -> Response:
        # Browsers request it for documents that name no icon, such as JSON.
        return files.respond("icon.svg", request.headers) or Response(status_code=404)

    return [
        Route("/", document),
        Route("/config.json", configuration),
        Route("/favicon.ico", favicon),
        Route("/web/{path:path}", file),
    ]


def preferred_language(accept_language: str, available: Sequence[str]) -> str:
    """Return the available language that a browser prefers most (RFC 9110, 12.5.4), or `en`.

    >>> preferred_language("fr, de-AT;q=0.8, en;q=0.5", ["de", "en"])
    'de'
    """
    weighed = []
    for each in accept_language.split(","):
        tag, _, weight = each.partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
        weighed.append(
            (float(quality[1]) if quality else 1.0, tag.strip().partition("-")[0].lower())
        )
    weighed.sort(key=lambda pair: -pair[0])
    languages = [language for quality, language in weighed if quality]
    return next((each for each in languages if each in available), "en")


def _document(files: WebFiles, language: str, configuration: dict[str, object]) -> str:
    """Return the document in a language, with the configuration, which saves a request."""
    # Escaped, so that no value can end the <script> element.
    data = json.dumps(configuration, ensure_ascii=False).replace("<", "\\u003c")
    html = files.text("index.html")
    html = html.replace('<html lang="en">', f'<html lang="{language}">')
    html = html.replace("{language}", language)
    return files.versioned(html).replace("{configuration}", data)


def page_configuration(config: PageConfig) -> dict[str, object]:
    """Return the content of `/config.json`: `PageConfig` in `app/web/page-config.js`."""
    base = config.api_base_url
    offset = datetime.now().astimezone().utcoffset()
    return {
        "api": {
            "url": f"{base}/chatkit",
            "attachmentsUrl": f"{base}/attachments",
            "entitiesUrl": f"{base}/entities",
            "threadsUrl": f"{base}{paths.THREADS}",
            "domainKey": config.domain_key,
            "bucketPostUrl": _bucket_post_url(config),
        },
        "uploads": {"strategy": "two_phase", "method": config.upload_method},
        "limits": {
            "maxAttachmentBytes": config.policy.max_bytes,
            "maxCount": config.max_attachments,
            "allowedMimeTypes": _allowed_mime_types(config.policy),
            "fileTypes": _file_types(config.policy),
        },
        "auth": {"mode": config.auth_mode},
        "model": {"name": config.model, "isOffline": config.is_offline},
        "dictation": config.has_dictation,
        "isDemo": config.is_demo,
        "prompts": list(config.prompts),
        "disclaimer": config.disclaimer,
        "composer": _composer(config.composer),
        # ChatKit's timestamps are this clock's, without a zone.
        "utcOffsetMinutes": int(offset.total_seconds() // 60) if offset else 0,
    }


def _mounted(config: PageConfig, request: Request) -> PageConfig:
    """Return the configuration for the prefix at which the application is mounted."""
    mounted_at = request.scope.get("root_path", "").rstrip("/")
    return replace(config, api_base_url=config.api_base_url or mounted_at)


def _composer(composer: Composer | None) -> dict[str, object]:
    """Return ChatKit's options `composer.models` and `composer.tools`, without empty fields."""
    if composer is None:
        return {"models": [], "tools": []}
    models = [
        {"id": model.id, "label": model.label, "description": model.description}
        | ({"default": True} if model.default else {})
        for model in composer.models
    ]
    tools = [
        {
            "id": tool.id,
            "label": tool.label,
            "shortLabel": tool.short_label,
            "icon": tool.icon,
            "placeholderOverride": tool.placeholder,
            "pinned": tool.pinned,
        }
        for tool in composer.tools
    ]
    return {
        "models": [_without_none(model) for model in models],
        "tools": [_without_none(tool) for tool in tools],
    }


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def content_security_policy(config: PageConfig) -> str:
    """Return a policy that allows only what the page needs. A domain key adds OpenAI's host.

    `require-trusted-types-for` makes the browser reject a string as markup unless DOMPurify has
    cleaned it. OpenAI's script would not run under that rule.
    """
    reached = [origin_of(url) for url in (config.api_base_url, config.bucket_url) if url]
    sources: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *reached],
        "media-src": ["'self'", *reached],
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
        # OpenAI's element adds a <style> of its own, to which we can't give a nonce.
        sources["style-src"].append("'unsafe-inline'")
    else:
        sources["require-trusted-types-for"] = ["'script'"]
        sources["trusted-types"] = ["dompurify"]
    return "; ".join(
        f"{name} {' '.join(dict.fromkeys(values))}" for name, values in sources.items()
    )


def _document_headers(config: PageConfig) -> dict[str, str]:
    microphone = "self" if config.has_dictation else ""
    return {
        "Content-Security-Policy": content_security_policy(config),
        "Cache-Control": "no-cache",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": f"camera=(), geolocation=(), microphone=({microphone})",
    }


def _allowed_mime_types(policy: AttachmentPolicy) -> list[str]:
    """Return patterns of the types that the policy allows. A `*` may stand anywhere in one."""
    if policy.allowed_mime_types is not None:
        return list(policy.allowed_mime_types)
    known = [each.mime_type for each in FILE_TYPES if policy.why_not(each) is None]
    return [*known, "text/*", *(f"*{syntax}" for syntax in TEXT_SYNTAXES)]


def _file_types(policy: AttachmentPolicy) -> dict[str, dict[str, str]]:
    """Return the names by which the page finds the type of a file, all in lower case.

    `suffixes` and `names` give the MIME type of files that the policy allows, by their suffix or
    whole name; `aliases` the registered type by its other names.
    """
    by_suffix = {
        suffix: each.mime_type
        for each in FILE_TYPES
        if policy.why_not(each) is None
        for suffix in each.suffixes
    }
    return {
        "suffixes": {key: value for key, value in by_suffix.items() if key.startswith(".")},
        "names": {key: value for key, value in by_suffix.items() if not key.startswith(".")},
        "aliases": {alias: each.mime_type for each in FILE_TYPES for alias in each.aliases},
    }


def _bucket_post_url(config: PageConfig) -> str | None:
    if config.bucket_url is None or not config.posts_to_bucket:
        return None
    # The slash is needed: SeaweedFS 4.48 breaks off the preflight of a bucket's path without it.
    return f"{config.bucket_url}/"
