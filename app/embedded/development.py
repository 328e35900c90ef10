"""The environment of `app dev`: embedded servers where none are configured, and defaults."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.embedded.data_directory import Secrets, load_secrets, lock_directory
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import CannotStart
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings.environment import Settings

_AWS_IDENTITY = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@contextmanager
def development(
    data_directory: Path, *, port: int, say: Callable[[str], None]
) -> Iterator[Settings]:
    """Yield the settings of a service on `port`.

    Without DATABASE_URL a PostgreSQL is started, and without S3_ENDPOINT_URL a SeaweedFS; both are
    stopped at the end. The environment overrides the defaults here. Raises `CannotStart`.
    """
    given = Settings.read(os.environ)
    defaults: dict[str, str] = {}
    with ExitStack() as stack:
        directory = stack.enter_context(lock_directory(data_directory))
        secrets = load_secrets(directory)
        if not given.database.url.get_secret_value():
            say("Starting PostgreSQL …")
            postgres = EmbeddedPostgres(directory / "postgres")
            stack.callback(postgres.stop)
            postgres.start()
            defaults["DATABASE_URL"] = postgres.url()
        if not given.bucket.endpoint_url:
            say("Starting SeaweedFS …")
            seaweedfs = _seaweedfs(directory / "seaweedfs", secrets)
            stack.callback(seaweedfs.stop)
            seaweedfs.start()
            defaults["S3_ENDPOINT_URL"] = seaweedfs.endpoint_url
            defaults["S3_ADDRESSING_STYLE"] = "path"
        base_url = f"http://127.0.0.1:{port}"
        defaults |= {
            "PUBLIC_BASE_URL": base_url,
            "ALLOWED_ORIGINS": f"{given.web.public_base_url or base_url},http://localhost:{port}",
            "AUTH_MODE": "dev",
            "LOG_FORMAT": "text",
            "SIGNING_SECRET": secrets.signing_secret,
        }
        yield Settings.read(os.environ, defaults)


def _seaweedfs(directory: Path, secrets: Secrets) -> EmbeddedSeaweedFS:
    """Create the server, and put its credentials into the environment for all AWS clients."""
    access_key_id = os.environ.get("AWS_ACCESS_KEY_ID")
    secret_access_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not (access_key_id and secret_access_key):
        access_key_id, secret_access_key = secrets.access_key_id, secrets.secret_access_key
    if any(character in access_key_id + secret_access_key for character in "\r\n\0"):
        raise CannotStart("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be single lines")
    for name in _AWS_IDENTITY:
        os.environ.pop(name, None)
    os.environ["AWS_ACCESS_KEY_ID"] = access_key_id
    os.environ["AWS_SECRET_ACCESS_KEY"] = secret_access_key
    return EmbeddedSeaweedFS(
        directory, access_key_id=access_key_id, secret_access_key=secret_access_key
    )
