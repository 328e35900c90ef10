"""The composition root: from settings to a running web application, on the parts of parts.py."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from limits.errors import ConfigurationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route

from app.auth import Authenticator, DevAuthenticator
from app.database.entity_search import Entities
from app.database.migrate import check_schema
from app.database.pages import Pages
from app.errors import Misconfigured
from app.http.attachment_redirects import AttachmentRedirects
from app.http.authentication import Authentication, dev_sign_in
from app.http.chatkit import ChatKitEndpoint
from app.http.direct_upload import DirectUploadEndpoint
from app.http.entities import EntityRoutes
from app.http.error_responses import http_exception_response
from app.http.health import Readiness, livez
from app.http.limits import ConcurrencyLimit, RequestRate, RequestSizes
from app.http.middleware import ErrorMiddleware, RequestIdMiddleware
from app.http.page import CHATKIT_CDN, PageConfig, page_routes
from app.http.request_metrics import MetricsPage, RequestMetricsMiddleware
from app.http.request_spans import TracingMiddleware
from app.http.security import CsrfMiddleware, SecurityHeaders
from app.http.threads import ThreadsApi
from app.http.uploads import UploadGateway
from app.settings import Settings
from app.telemetry.logs import without_secrets
from app.telemetry.tracing import is_tracing_wanted
from app.wiring.base import Core, create_authenticator
from app.wiring.web import WebParts, create_web_parts


def create_application(settings: Settings) -> Starlette:
    """Raises `Misconfigured`. Nothing is connected before the application starts."""
    parts = create_web_parts(settings)
    authenticator = create_authenticator(settings, parts.core.credentials)
    rate = _request_rate(settings)
    authentication = Authentication(authenticator, settings.public_base_url, check_rate=rate.check)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            async with parts.running(sweep_interval_seconds=settings.sweep_interval_seconds):
                yield
        finally:
            await rate.close()

    return Starlette(
        routes=[
            *_chat_routes(settings, parts, authentication),
            *_upload_routes(settings, parts, authentication),
            *_attachment_routes(parts, authentication),
            *_entity_routes(parts, authentication),
            *_thread_routes(settings, parts, authentication),
            *_operations_routes(parts.core),
            *_page_routes(settings, parts, authenticator),
        ],
        middleware=_middleware(settings),
        exception_handlers={HTTPException: http_exception_response},
        lifespan=lifespan,
    )


def _chat_routes(
    settings: Settings, parts: WebParts, authentication: Authentication
) -> Sequence[BaseRoute]:
    streams = ConcurrencyLimit(
        settings.user_concurrent_streams,
        "You have {most} answers under way. Wait until one has ended, then send again.",
    )
    chatkit = ChatKitEndpoint(parts.server, authentication, streams)
    return [Route("/chatkit", chatkit.respond, methods=["POST"])]


def _upload_routes(
    settings: Settings, parts: WebParts, authentication: Authentication
) -> Sequence[BaseRoute]:
    """Both count the uploads of a user together."""
    uploads = ConcurrencyLimit(
        settings.user_concurrent_uploads,
        "You have {most} uploads under way. Wait until one has ended, then try again.",
    )
    gateway = UploadGateway(parts.links, parts.splicer, uploads)
    direct = DirectUploadEndpoint(
        parts.direct_uploads, authentication, parts.store, parts.links, uploads
    )
    return [
        Route("/uploads/{attachment_id}", gateway.upload, methods=["POST", "PUT"]),
        Route("/attachments", direct.upload, methods=["POST"]),
    ]


def _attachment_routes(parts: WebParts, authentication: Authentication) -> Sequence[BaseRoute]:
    redirects = AttachmentRedirects(parts.core.records, authentication, parts.links, parts.signed)
    return [
        Route("/attachments/{attachment_id}/preview", redirects.preview, methods=["GET"]),
        Route("/attachments/{attachment_id}/content", redirects.content, methods=["GET"]),
    ]


def _entity_routes(parts: WebParts, authentication: Authentication) -> Sequence[BaseRoute]:
    mentions = EntityRoutes(Entities(parts.core.database), authentication, parts.previews)
    return [
        Route("/entities", mentions.search, methods=["GET"]),
        Route("/entities/{entity_id:path}/preview", mentions.preview, methods=["GET"]),
    ]


def _thread_routes(
    settings: Settings, parts: WebParts, authentication: Authentication
) -> Sequence[BaseRoute]:
    token = settings.admin_token
    return ThreadsApi(
        parts.store,
        Pages(parts.core.database, parts.previews),
        authentication,
        admin_token=token.get_secret_value() if token else None,
    ).routes()


def _operations_routes(core: Core) -> Sequence[BaseRoute]:
    readiness = Readiness(
        {
            "database": core.database.check,
            "migrations": partial(check_schema, core.database),
            "bucket": core.bucket.check,
        }
    )
    return [
        Route("/livez", livez),
        Route("/readyz", readiness.respond),
        Route("/metrics", MetricsPage(core.database).respond),
    ]


def _page_routes(
    settings: Settings, parts: WebParts, authenticator: Authenticator
) -> Sequence[BaseRoute]:
    config = PageConfig(
        policy=parts.policy,
        bucket_url=parts.core.public.bucket_url.geturl(),
        upload_method=settings.upload_method,
        auth_mode=settings.auth_mode,
        model=settings.model if settings.openai_api_key else None,
        is_offline=parts.chat.is_offline,
        is_demo=settings.auth_mode == "dev",
        domain_key=settings.chatkit_domain_key,
        prompts=settings.page_prompts,
        disclaimer=settings.page_disclaimer,
    )
    if isinstance(authenticator, DevAuthenticator):
        return page_routes(config, welcome=dev_sign_in(authenticator))
    return page_routes(config)


def _middleware(settings: Settings) -> Sequence[Middleware]:
    """CORS stands outside of all that refuses, so that a browser sees every error as what it is."""
    tracing = [Middleware(TracingMiddleware)] if is_tracing_wanted() else []
    # A page can't make a browser add somebody's token.
    known_pages = (
        []
        if settings.auth_mode == "jwt"
        else [Middleware(CsrfMiddleware, origins=[*settings.page_origins, CHATKIT_CDN])]
    )
    return [
        *tracing,
        Middleware(RequestMetricsMiddleware),
        Middleware(
            SecurityHeaders, is_https=(settings.public_base_url or "").startswith("https://")
        ),
        Middleware(
            CORSMiddleware,
            allow_origins=[*settings.allowed_origins, CHATKIT_CDN],
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
            allow_headers=["*"],
            allow_credentials=True,
            expose_headers=["x-request-id", "retry-after"],
            max_age=3600,
        ),
        Middleware(RequestIdMiddleware),
        Middleware(ErrorMiddleware),
        *known_pages,
        Middleware(
            RequestSizes,
            max_body_bytes=settings.max_request_bytes,
            streamed_paths=("/uploads/", "/attachments"),
        ),
    ]


def _request_rate(settings: Settings) -> RequestRate:
    """Raises `Misconfigured`."""
    url = settings.rate_limit_storage_url
    try:
        return RequestRate(settings.user_request_rate, url.get_secret_value() if url else None)
    except (ValueError, ConfigurationError) as exc:
        raise Misconfigured(
            f"USER_REQUEST_RATE={settings.user_request_rate!r} or RATE_LIMIT_STORAGE_URL can't be"
            f" used: {without_secrets(str(exc))}."
        ) from exc
