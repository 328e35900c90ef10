"""The service spread over three origins: the page, the API and the bucket, as in production."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import jwt
from starlette.applications import Starlette

from app.attachments.policy import AttachmentPolicy
from app.http.page import PageConfig, page_routes
from tests.servers import TestBucket
from tests.service import running, test_settings
from tests.serving import serving

JWT_SECRET = "a-secret-of-the-browser-tests-32-bytes"


@dataclass(frozen=True)
class Site:
    """Where a test's page, API and bucket answer. No trailing slashes."""

    page_url: str
    api_url: str
    bucket_url: str

    def token(self, user_id: str) -> str:
        """What signs `user_id` in."""
        claims = {"sub": user_id, "exp": int(time.time()) + 3600}
        return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


@contextmanager
def three_origins(
    database_url: str,
    bucket: TestBucket,
    *,
    upload_method: Literal["POST", "PUT"] = "POST",
    posts_to_bucket: bool = True,
    allowed_origins: Sequence[str] | None = None,
    is_demo: bool = True,
    **changes: object,
) -> Iterator[Site]:
    """The real API and the real page on ports of their own.

    The API allows the page's origin, and only that: `allowed_origins` replaces it.
    """
    with _page_port() as (page_server, page_url):
        settings = test_settings(
            database_url,
            bucket,
            auth_mode="jwt",
            jwt_secret=JWT_SECRET,
            upload_method=upload_method,
            allowed_origins=",".join(allowed_origins or [page_url]),
            **changes,
        )
        with running(settings) as api_url:
            bucket_url = f"{bucket.endpoint_url}/{bucket.name}"
            page_server.serve(
                PageConfig(
                    policy=AttachmentPolicy(
                        settings.attachments.max_bytes,
                        settings.attachments.allowed_mime_types,
                        settings.model.transcribes,
                    ),
                    api_base_url=api_url,
                    bucket_url=bucket_url,
                    posts_to_bucket=posts_to_bucket,
                    upload_method=upload_method,
                    auth_mode="jwt",
                    is_offline=True,
                    is_demo=is_demo,
                )
            )
            yield Site(page_url, api_url, bucket_url)


@contextmanager
def one_origin(database_url: str, bucket: TestBucket, **changes: object) -> Iterator[Site]:
    """Page and API on one origin with the dev cookie, as `make run` serves them."""
    settings = test_settings(database_url, bucket, auth_mode="dev", **changes)
    with running(settings) as url:
        yield Site(url, url, f"{bucket.endpoint_url}/{bucket.name}")


class _PageServer:
    """An application that gets its routes when the API's port is known."""

    def __init__(self) -> None:
        self.application = Starlette()

    def serve(self, config: PageConfig) -> None:
        self.application.router.routes.extend(page_routes(config))


@contextmanager
def _page_port() -> Iterator[tuple[_PageServer, str]]:
    page_server = _PageServer()
    with serving(page_server.application, timeout_graceful_shutdown=1) as url:
        yield page_server, url
