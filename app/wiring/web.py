"""What the web application's routes stand on: stores, uploads, previews and the chat, on the core.

Made of settings once, by `app/wiring/application.py`.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app.attachments.capability_links import LinkSigner
from app.attachments.data_previews import DataPreviews
from app.attachments.deletion import Sweeper
from app.attachments.direct_uploads import DirectUploads
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
from app.chat.server import AssistantServer
from app.database.payloads import Hydrator
from app.database.quota import Quota
from app.database.thread_store import PostgresStore
from app.errors import Misconfigured
from app.model_input.bucket_urls import BucketLinks
from app.settings import Settings
from app.storage.post import PostPolicySigner
from app.storage.reader import ObjectReader
from app.storage.signing import UrlSigner
from app.storage.splice import Splicer
from app.wiring.base import Core, create_core, create_link_signer, create_sweeper
from app.wiring.chat import Chat, ChatOptions, build_chat
from app.workers import Workers


@dataclass(frozen=True)
class WebParts:
    """Use it as a context. `signed` are the previews that `redirect` leads to as well."""

    core: Core
    links: LinkSigner
    signed: SignedPreviews
    previews: Hydrator
    policy: AttachmentPolicy
    store: PostgresStore
    attachments: TwoPhaseAttachmentStore
    verifier: Verifier
    splicer: Splicer
    direct_uploads: DirectUploads
    sweeper: Sweeper
    chat: Chat
    server: AssistantServer

    @asynccontextmanager
    async def running(self, *, sweep_interval_seconds: int) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.core.running())
            await stack.enter_async_context(self.splicer)
            stack.push_async_callback(self.chat.close)
            stack.push_async_callback(self.server.close)
            await stack.enter_async_context(self.sweeper.running(sweep_interval_seconds))
            yield


def create_web_parts(settings: Settings) -> WebParts:
    """Raises `Misconfigured`. Nothing is connected before the context is entered."""
    core = create_core(settings)
    links = create_link_signer(settings, core.credentials)
    urls = UrlSigner(core.public, core.credentials)
    signed = SignedPreviews(urls, ttl_seconds=settings.preview_ttl_seconds)
    previews = _previews(settings, core, signed, links)
    policy = AttachmentPolicy(settings.max_attachment_bytes, settings.allowed_mime_types)
    sweeper = create_sweeper(settings, core)
    store = PostgresStore(
        core.database, previews, messages_create_threads=True, on_tombstone=sweeper.wake
    )
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
    splicer = Splicer(core.internal)
    posts = PostPolicySigner(core.internal, core.credentials)
    chat = build_chat(
        _chat_options(settings),
        attachments=core.records,
        bucket=reader,
        store=store,
        workers=workers,
        links=BucketLinks(urls, ttl_seconds=settings.preview_ttl_seconds),
    )
    return WebParts(
        core=core,
        links=links,
        signed=signed,
        previews=previews,
        policy=policy,
        store=store,
        attachments=attachment_store,
        verifier=verifier,
        splicer=splicer,
        direct_uploads=DirectUploads(
            attachment_store, policy, core.records, posts, splicer, verifier
        ),
        sweeper=sweeper,
        chat=chat,
        server=AssistantServer(store, attachment_store, verifier, chat.responder, chat.dictation),
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
