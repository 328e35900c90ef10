"""The composition root: from settings to a running web application, on the core of core.py."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from limits.errors import ConfigurationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.attachments.data_previews import DataPreviews
from app.attachments.direct import DirectUploads
from app.attachments.links import LinkSigner
from app.attachments.policy import AttachmentPolicy
from app.attachments.previews import RedirectPreviews, SignedPreviews
from app.attachments.store import (
    PostTransport,
    PutTransport,
    TwoPhaseAttachmentStore,
    UploadTransport,
)
from app.attachments.thumbnails import Thumbnails
from app.attachments.verification import Verifier
from app.attachments.workers import Workers
from app.auth import (
    DEV_COOKIE,
    Authenticator,
    DevAuthenticator,
)
from app.chat.assembly import ChatOptions, build_chat
from app.chat.links import BucketLinks
from app.chat.server import AssistantServer
from app.core import Core, create_authenticator, create_core, create_link_signer, create_sweeper
from app.database.entities import Entities
from app.database.migrate import check_schema
from app.database.pages import Pages
from app.database.payloads import Hydrator
from app.database.quota import Quota
from app.database.thread_store import PostgresStore
from app.errors import Misconfigured
from app.http.attachments import AttachmentRedirects
from app.http.chatkit import ChatKitEndpoint
from app.http.direct import DirectUploadEndpoint
from app.http.entities import EntityRoutes
from app.http.errors import http_exception_response
from app.http.health import Readiness, livez
from app.http.limits import AtOnce, RequestRate, RequestSizes
from app.http.middleware import ErrorMiddleware, RequestIdMiddleware
from app.http.observation import MetricsPage, ObservationMiddleware
from app.http.page import CHATKIT_CDN, PageConfig, page_routes
from app.http.security import KnownPages, SecurityHeaders
from app.http.session import Session
from app.http.threads import ThreadsApi
from app.http.tracing import TracingMiddleware
from app.http.uploads import UploadGateway
from app.logs import without_secrets
from app.settings import Settings
from app.storage.post import PostPolicySigner
from app.storage.reader import ObjectReader
from app.storage.signing import UrlSigner
from app.storage.splice import Splicer
from app.tracing import is_tracing_wanted


def create_application(settings: Settings) -> Starlette:
    """Raises `Misconfigured`. Nothing is connected before the application starts."""
    core = create_core(settings)
    links = create_link_signer(settings, core.credentials)
    splicer = Splicer(core.internal)
    urls = UrlSigner(core.public, core.credentials)
    downloads = SignedPreviews(urls, ttl_seconds=settings.preview_ttl_seconds)
    previews = _previews(settings, core, downloads, links)
    policy = AttachmentPolicy(settings.max_attachment_bytes, settings.allowed_mime_types)
    store = PostgresStore(core.database, previews, messages_create_threads=True)
    sweeper = create_sweeper(settings, core)
    attachment_store = TwoPhaseAttachmentStore(
        core.records,
        policy,
        Quota(settings.user_quota_bytes, settings.user_pending_uploads),
        _transport(settings, core, links, urls),
        previews,
        upload_ttl_seconds=settings.upload_ttl_seconds,
        on_tombstone=sweeper.wake,
    )
    reader = ObjectReader(core.internal, core.credentials)
    workers = Workers()
    verifier = Verifier(core.records, core.bucket, Thumbnails(reader, core.bucket, workers))
    chat = build_chat(
        _chat_options(settings),
        attachments=core.records,
        bucket=reader,
        store=store,
        workers=workers,
        links=BucketLinks(urls, ttl_seconds=settings.preview_ttl_seconds),
    )
    server = AssistantServer(store, attachment_store, verifier, chat.responder, chat.dictation)
    authenticator = create_authenticator(settings, core.credentials)
    rate = _request_rate(settings)
    session = Session(authenticator, settings.public_base_url, admit=rate.admit)
    redirects = AttachmentRedirects(core.records, session, links, downloads)
    uploads = _uploads(settings)
    direct = DirectUploadEndpoint(
        DirectUploads(
            attachment_store,
            policy,
            core.records,
            PostPolicySigner(core.internal, core.credentials),
            splicer,
            verifier,
        ),
        session,
        store,
        links,
        uploads,
    )
    mentions = EntityRoutes(Entities(core.database), session, previews)
    admin_token = settings.admin_token
    threads_api = ThreadsApi(
        store,
        Pages(core.database, previews),
        session,
        admin_token=admin_token.get_secret_value() if admin_token else None,
    )
    routes: list[BaseRoute] = [
        Route(
            "/chatkit",
            ChatKitEndpoint(server, session, _streams(settings)).respond,
            methods=["POST"],
        ),
        Route(
            "/uploads/{attachment_id}",
            UploadGateway(links, splicer, uploads).upload,
            methods=["POST", "PUT"],
        ),
        Route("/attachments", direct.upload, methods=["POST"]),
        Route("/attachments/{attachment_id}/preview", redirects.preview, methods=["GET"]),
        Route("/attachments/{attachment_id}/content", redirects.content, methods=["GET"]),
        Route("/entities", mentions.search, methods=["GET"]),
        Route("/entities/{entity_id:path}/preview", mentions.preview, methods=["GET"]),
        *threads_api.routes(),
        Route("/livez", livez),
        Route(
            "/readyz",
            Readiness(
                {
                    "database": core.database.check,
                    "migrations": partial(check_schema, core.database),
                    "bucket": core.bucket.check,
                }
            ).respond,
        ),
        Route("/metrics", MetricsPage(core.database).respond),
        *_page_routes(settings, core, policy, authenticator),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(core.running())
            await stack.enter_async_context(splicer)
            stack.push_async_callback(rate.close)
            stack.push_async_callback(chat.close)
            stack.push_async_callback(server.close)
            await stack.enter_async_context(sweeper.running(settings.sweep_interval_seconds))
            yield

    return Starlette(
        routes=routes,
        middleware=_middleware(settings),
        exception_handlers={HTTPException: http_exception_response},
        lifespan=lifespan,
    )


def _middleware(settings: Settings) -> Sequence[Middleware]:
    """CORS stands outside of all that refuses, so that a browser sees every error as what it is."""
    tracing = [Middleware(TracingMiddleware)] if is_tracing_wanted() else []
    # A page can't make a browser add somebody's token.
    known_pages = (
        []
        if settings.auth_mode == "jwt"
        else [Middleware(KnownPages, origins=[*settings.page_origins, CHATKIT_CDN])]
    )
    return [
        *tracing,
        Middleware(ObservationMiddleware),
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


def _streams(settings: Settings) -> AtOnce:
    return AtOnce(
        settings.user_concurrent_streams,
        "You have {most} answers under way. Wait until one has ended, then send again.",
    )


def _uploads(settings: Settings) -> AtOnce:
    return AtOnce(
        settings.user_concurrent_uploads,
        "You have {most} uploads under way. Wait until one has ended, then try again.",
    )


def _transport(
    settings: Settings, core: Core, links: LinkSigner, urls: UrlSigner
) -> UploadTransport:
    if settings.upload_method == "PUT":
        return PutTransport(urls)
    return PostTransport(PostPolicySigner(core.public, core.credentials), links)


def _previews(
    settings: Settings, core: Core, signed: SignedPreviews, links: LinkSigner
) -> Hydrator:
    if settings.preview_mode == "data":
        return DataPreviews(core.bucket)
    if settings.preview_mode == "redirect":
        if settings.public_base_url is None:
            raise Misconfigured(
                "PREVIEW_MODE=redirect needs PUBLIC_BASE_URL: how browsers reach this service."
            )
        return RedirectPreviews(links, settings.public_base_url)
    return signed


def _chat_options(settings: Settings) -> ChatOptions:
    key = settings.openai_api_key
    return ChatOptions(
        api_key=key.get_secret_value() if key else None,
        base_url=settings.openai_base_url,
        model=settings.model,
        model_api=settings.model_api,
        model_input=settings.model_input,
        agent=settings.agent,
        transcription_model=settings.transcription_model,
        image_max_side=settings.model_image_max_side,
        text_max_chars=settings.model_max_text_chars,
        max_request_bytes=settings.model_max_request_bytes,
        max_images=settings.model_max_images,
        cache_bytes=settings.model_cache_bytes,
    )


def _page_routes(
    settings: Settings, core: Core, policy: AttachmentPolicy, authenticator: Authenticator
) -> Sequence[BaseRoute]:
    config = PageConfig(
        policy=policy,
        bucket_url=core.public.bucket_url.geturl(),
        upload_method=settings.upload_method,
        auth_mode=settings.auth_mode,
        model=settings.model if settings.openai_api_key else None,
        domain_key=settings.chatkit_domain_key,
    )
    if not isinstance(authenticator, DevAuthenticator):
        return page_routes(config)

    def welcome(request: Request, response: Response) -> None:
        if not authenticator.is_valid(request.cookies.get(DEV_COOKIE)):
            response.set_cookie(
                DEV_COOKIE,
                authenticator.issue(),
                max_age=365 * 24 * 3600,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )

    return page_routes(config, welcome=welcome)
