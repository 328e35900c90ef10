"""Wires the web application: its endpoints, each of which owns its routes, and its middleware."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from app.assistant import Assistant
from app.auth import DevAuthenticator
from app.database.active_threads import ActiveThreads
from app.database.audit import AuditLog
from app.database.entity_search import Entities
from app.database.erasures import ErasureRows
from app.database.migrate import check_schema
from app.database.pages import Pages
from app.http.attachment_redirects import AttachmentRedirects
from app.http.authentication import AdminToken, Authentication, dev_sign_in
from app.http.chatkit import ChatKitEndpoint
from app.http.direct_upload import DirectUploadEndpoint
from app.http.entities import EntityRoutes
from app.http.erasures import ErasuresApi
from app.http.error_responses import http_exception_response
from app.http.health import Health
from app.http.large_uploads import LargeUploadEndpoint
from app.http.limits import ConcurrencyLimit, RequestRate, RequestSizes
from app.http.middleware import ErrorMiddleware, RequestIdMiddleware
from app.http.page import CHATKIT_CDN, PageConfig, page_routes
from app.http.request_metrics import MetricsPage, RequestMetricsMiddleware
from app.http.request_spans import TracingMiddleware
from app.http.security import CsrfMiddleware, SecurityHeaders
from app.http.threads import ThreadsApi
from app.http.uploads import UploadGateway
from app.settings.environment import Settings
from app.settings.limits import LimitSettings
from app.settings.sign_in import SignInSettings
from app.settings.web import WebSettings
from app.telemetry.tracing import is_tracing_wanted
from app.wiring.base import Core, check_origins, create_authenticator
from app.wiring.web import WebParts, create_web_parts


def create_application(settings: Settings, assistant: Assistant | None = None) -> Starlette:
    """Create the application. It connects to nothing before it starts. Raises `Misconfigured`.

    Without `assistant`, it uses the assistant of ASSISTANT, or else the service's own. If it is
    mounted in another Starlette or FastAPI application, that one has to run its lifespan:

        service = create_application(settings, Lounge())
        FastAPI(lifespan=service.router.lifespan_context).mount("/chat", service)
    """
    check_origins(settings)
    parts = create_web_parts(settings, assistant)
    authenticator = create_authenticator(settings.sign_in, parts.core.credentials)
    rate = RequestRate(settings.limits)
    authentication = Authentication(
        authenticator,
        settings.web.public_base_url,
        check_rate=rate.check,
        context_headers=parts.assistant.context_headers,
    )
    parts.use_assistant(authentication.context)
    welcome = dev_sign_in(authenticator) if isinstance(authenticator, DevAuthenticator) else None

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            async with parts.running():
                yield
        finally:
            await rate.close()

    return Starlette(
        routes=[
            *_chat_routes(settings.limits, parts, authentication),
            *_upload_routes(settings.limits, parts, authentication),
            *_attachment_routes(parts, authentication),
            *_thread_routes(settings.sign_in, parts, authentication),
            *_operations_routes(parts.core),
            *parts.assistant.routes(),
            *page_routes(_page_config(settings, parts), welcome=welcome),
        ],
        middleware=_middleware(settings),
        exception_handlers={HTTPException: http_exception_response},
        lifespan=lifespan,
    )


def _chat_routes(
    limits: LimitSettings, parts: WebParts, authentication: Authentication
) -> Sequence[BaseRoute]:
    streams = ConcurrencyLimit(
        limits.concurrent_streams,
        "You have {most} answers under way. Wait until one has ended, then send again.",
    )
    return ChatKitEndpoint(
        parts.server, authentication, streams, max_request_bytes=limits.max_request_bytes
    ).routes()


def _upload_routes(
    limits: LimitSettings, parts: WebParts, authentication: Authentication
) -> Sequence[BaseRoute]:
    """Create the gateway and the direct strategy. One limit counts the uploads of both."""
    uploads = ConcurrencyLimit(
        limits.concurrent_uploads,
        "You have {most} uploads under way. Wait until one has ended, then try again.",
    )
    gateway = UploadGateway(parts.links, parts.splicer, uploads)
    direct = DirectUploadEndpoint(
        parts.direct_uploads, authentication, parts.store, parts.links, uploads
    )
    large = LargeUploadEndpoint(parts.links, parts.large_uploads)
    return [*gateway.routes(), *direct.routes(), *large.routes()]


def _attachment_routes(parts: WebParts, authentication: Authentication) -> Sequence[BaseRoute]:
    redirects = AttachmentRedirects(
        parts.core.records, parts.verifier, authentication, parts.links, parts.signed
    )
    entities = EntityRoutes(
        Entities(parts.core.database), parts.assistant, authentication, parts.previews
    )
    return [*redirects.routes(), *entities.routes()]


def _thread_routes(
    sign_in: SignInSettings, parts: WebParts, authentication: Authentication
) -> Sequence[BaseRoute]:
    admin_token = AdminToken(sign_in.admin_token)
    threads = ThreadsApi(
        parts.store,
        Pages(parts.core.database, parts.previews),
        ActiveThreads(parts.core.database),
        authentication,
        admin_token=admin_token,
        audit=AuditLog(parts.core.database),
    )
    erasures = ErasuresApi(
        ErasureRows(parts.core.database), admin_token, on_start=parts.sweeper.wake
    )
    return [*threads.routes(), *erasures.routes()]


def _operations_routes(core: Core) -> Sequence[BaseRoute]:
    health = Health(
        {
            "database": core.database.check,
            "migrations": partial(check_schema, core.database),
            "bucket": core.bucket.check,
        }
    )
    return [*health.routes(), *MetricsPage(core.database).routes()]


def _page_config(settings: Settings, parts: WebParts) -> PageConfig:
    return PageConfig(
        policy=parts.policy,
        bucket_url=parts.core.public.bucket_url.geturl(),
        upload_method=settings.attachments.upload_method,
        auth_mode=settings.sign_in.mode,
        model=settings.model.name if settings.model.api_key else None,
        is_offline=parts.chat.is_offline,
        has_dictation=settings.model.transcribes,
        is_demo=settings.sign_in.mode == "dev",
        domain_key=settings.web.chatkit_domain_key,
        prompts=settings.web.page_prompts,
        disclaimer=settings.web.page_disclaimer,
        composer=parts.composer,
    )


def _middleware(settings: Settings) -> Sequence[Middleware]:
    """Return the middleware, the outermost first.

    CORS is outside of all middleware that rejects requests: otherwise a browser would report a
    CORS error instead of the real one.
    """
    is_https = (settings.web.public_base_url or "").startswith("https://")
    return [
        *([Middleware(TracingMiddleware)] if is_tracing_wanted() else []),
        Middleware(RequestMetricsMiddleware),
        Middleware(SecurityHeaders, is_https=is_https),
        _cors(settings.web),
        Middleware(RequestIdMiddleware),
        Middleware(ErrorMiddleware),
        # No page can make a browser send a user's token, so AUTH_MODE=jwt needs no protection.
        *([] if settings.sign_in.mode == "jwt" else [_csrf(settings.web)]),
        Middleware(RequestSizes, max_body_bytes=settings.limits.max_request_bytes),
    ]


def _cors(web: WebSettings) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=[*web.allowed_origins, CHATKIT_CDN],
        allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
        allow_headers=["*"],
        allow_credentials=True,
        expose_headers=["x-request-id", "retry-after"],
        max_age=3600,
    )


def _csrf(web: WebSettings) -> Middleware:
    return Middleware(CsrfMiddleware, origins=[*web.page_origins, CHATKIT_CDN])
