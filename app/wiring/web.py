"""Wires what the endpoints need: stores, uploads, previews, the sweeper and the chat."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request

from app.assistant import Assistant, Services
from app.attachments.capability_links import LinkSigner
from app.attachments.data_previews import DataPreviews
from app.attachments.deletion import Sweeper
from app.attachments.direct_uploads import DirectUploads
from app.attachments.generated_images import GeneratedImages
from app.attachments.large_uploads import LargeUploads, LargeUploadTransport
from app.attachments.missed_uploads import MissedUploads
from app.attachments.policy import AttachmentPolicy
from app.attachments.previews import NoPreviews, RedirectPreviews, SignedPreviews
from app.attachments.reservations import Reservations
from app.attachments.scanning import AttachmentScanner
from app.attachments.store import ChatKitAttachmentStore
from app.attachments.thumbnails import Thumbnails
from app.attachments.upload_transports import PostTransport, PutTransport, UploadTransport
from app.attachments.verification import Verifier
from app.chat.composer import Composer, ComposerModel
from app.chat.server import AssistantServer
from app.clamd import Clamd
from app.context import RequestContext
from app.database.expired_links import ExpiredLinks
from app.database.payloads import Hydrator
from app.database.thread_store import PostgresStore
from app.database.transcripts import TranscriptRecords
from app.errors import Misconfigured
from app.model_input.bucket_urls import BucketLinks
from app.provider_files.uploads import Uploads
from app.settings.attachments import AttachmentSettings
from app.settings.environment import Settings
from app.settings.scanner import ScannerSettings
from app.storage.bucket import Bucket
from app.storage.post import PostPolicySigner
from app.storage.put import PutSigner
from app.storage.reader import ObjectReader
from app.storage.signing import UrlSigner
from app.storage.splice import Splicer
from app.storage.upload_fields import UploadFields
from app.wiring.base import Core, create_core, create_erasures, create_link_signer, create_sweeper
from app.wiring.chat import Chat, build_chat, create_assistant
from app.workers import Workers, decoders_of

# Generated images have only a few megabytes.
_MAX_IMAGE_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class WebParts:
    """The parts of the web application. `running` opens them.

    `previews` makes the URLs of PREVIEW_MODE. `signed` presigns URLs of the bucket in every mode,
    because the redirect routes need it.
    """

    core: Core
    links: LinkSigner
    signed: SignedPreviews
    previews: Hydrator
    large_uploads: LargeUploads
    policy: AttachmentPolicy
    store: PostgresStore
    reservations: Reservations
    verifier: Verifier
    splicer: Splicer
    direct_uploads: DirectUploads
    sweeper: Sweeper
    chat: Chat
    assistant: Assistant
    attachment_store: ChatKitAttachmentStore
    images: GeneratedImages
    composer: Composer
    uses_titles: bool
    server: AssistantServer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.core.running())
            await stack.enter_async_context(self.splicer)
            stack.push_async_callback(self.chat.close)
            await self.assistant.start()
            stack.push_async_callback(self.assistant.stop)
            stack.push_async_callback(self.server.close)
            await stack.enter_async_context(self.sweeper.running())
            yield

    def use_assistant(self, authenticate: Callable[[Request], Awaitable[RequestContext]]) -> None:
        """Give the assistant its services."""
        self.assistant.use(
            Services(
                store=self.store,
                attachment_store=self.attachment_store,
                responder=self.chat.responder,
                titles=self.chat.titles if self.uses_titles else None,
                transcriber=self.chat.dictation,
                images=self.images,
                client=self.chat.client,
                model=self.composer.default_model,
                authenticate=authenticate,
            )
        )


def create_web_parts(settings: Settings, assistant: Assistant | None = None) -> WebParts:
    """Create the parts. They connect to nothing before `running`. Raises `Misconfigured`.

    Without `assistant`, it uses the assistant of ASSISTANT, or else the service's own.
    """
    assistant = assistant or create_assistant(settings.model)
    core = create_core(settings)
    links = create_link_signer(settings.sign_in, core.credentials)
    urls = UrlSigner(core.public, core.credentials)
    signed = SignedPreviews(urls, ttl_seconds=settings.attachments.preview_ttl_seconds)
    previews = _previews(settings, core, signed, links)
    policy = AttachmentPolicy(
        settings.attachments.max_bytes,
        settings.attachments.allowed_mime_types,
        settings.model.transcribes,
    )
    sweeper = create_sweeper(core, settings.retention, create_erasures(core, settings.sign_in))
    store = PostgresStore(
        core.database, previews, messages_create_threads=True, on_tombstone=sweeper.wake
    )
    reservations = Reservations(
        core.records,
        policy,
        settings.quota,
        upload_ttl_seconds=settings.attachments.upload_ttl_seconds,
        missed_uploads=MissedUploads(ExpiredLinks(core.database), core.bucket),
        on_tombstone=sweeper.wake,
    )
    splicer = Splicer(core.internal)
    fields = UploadFields(
        PostPolicySigner(core.public, core.credentials),
        PutSigner(UrlSigner(core.internal, core.credentials)),
        splicer,
    )
    reader = ObjectReader(core.internal, core.credentials)
    scanner = _scanner(settings.scanner, reader, core.bucket)
    attachment_store = ChatKitAttachmentStore(
        reservations,
        _transport(settings.attachments, fields, links, urls),
        # This preview is of the upload, before it was scanned.
        NoPreviews() if scanner else previews,
    )
    workers = Workers(processes=decoders_of(settings.operations.workers))
    thumbnails = Thumbnails(reader, core.bucket, workers)
    verifier = Verifier(core.records, core.bucket, thumbnails, policy, scanner)
    # Every worker process has a cache of its own.
    cache_bytes = settings.model.cache_bytes // max(1, settings.operations.workers)
    chat = build_chat(
        settings.model.model_copy(update={"cache_bytes": cache_bytes}),
        attachments=core.records,
        bucket=reader,
        store=store,
        transcripts=TranscriptRecords(core.database),
        workers=workers,
        links=BucketLinks(urls, ttl_seconds=settings.attachments.preview_ttl_seconds),
        uploads=Uploads(core.files_api, core.provider_files) if core.files_api else None,
    )
    composer = Composer(
        settings.model.name,
        [*assistant.composer_models, *(ComposerModel(id, id) for id in settings.model.models)],
        assistant.composer_tools,
    )
    return WebParts(
        core=core,
        links=links,
        signed=signed,
        previews=previews,
        large_uploads=LargeUploads(core.bucket, links, urls, _gateway_parts(settings, core)),
        policy=policy,
        store=store,
        reservations=reservations,
        verifier=verifier,
        splicer=splicer,
        direct_uploads=DirectUploads(reservations, policy, core.records, fields, splicer, verifier),
        sweeper=sweeper,
        chat=chat,
        assistant=assistant,
        attachment_store=attachment_store,
        images=_generated_images(settings, core, verifier, previews, sweeper),
        composer=composer,
        uses_titles=settings.model.titles,
        server=AssistantServer(store, attachment_store, verifier, assistant, composer),
    )


def _generated_images(
    settings: Settings, core: Core, verifier: Verifier, previews: Hydrator, sweeper: Sweeper
) -> GeneratedImages:
    # The policy limits what people upload; these files have only the quota as their limit.
    reservations = Reservations(
        core.records,
        AttachmentPolicy(_MAX_IMAGE_BYTES, None),
        settings.quota,
        upload_ttl_seconds=settings.attachments.upload_ttl_seconds,
        missed_uploads=MissedUploads(ExpiredLinks(core.database), core.bucket),
        on_tombstone=sweeper.wake,
    )
    return GeneratedImages(reservations, core.records, core.bucket, verifier, previews)


def _scanner(
    settings: ScannerSettings, reader: ObjectReader, bucket: Bucket
) -> AttachmentScanner | None:
    if settings.url is None:
        return None
    return AttachmentScanner(Clamd.of(settings.url), reader, bucket, settings)


def _transport(
    settings: AttachmentSettings, fields: UploadFields, links: LinkSigner, urls: UrlSigner
) -> UploadTransport:
    whole = PutTransport(urls) if settings.upload_method == "PUT" else PostTransport(fields, links)
    return LargeUploadTransport(whole, links)


def _gateway_parts(settings: Settings, core: Core) -> PutSigner | None:
    """Return what signs the parts that pass through the gateway; None if no upload may."""
    if settings.attachments.upload_method == "PUT":
        return None
    return PutSigner(UrlSigner(core.internal, core.credentials))


def _previews(
    settings: Settings, core: Core, signed: SignedPreviews, links: LinkSigner
) -> Hydrator:
    if settings.attachments.preview_mode == "data":
        return DataPreviews(core.bucket)
    if settings.attachments.preview_mode == "redirect":
        if settings.web.public_base_url is None:
            raise Misconfigured(
                "PREVIEW_MODE=redirect needs PUBLIC_BASE_URL, the URL of this service for browsers."
            )
        return RedirectPreviews(links, settings.web.public_base_url)
    return signed
