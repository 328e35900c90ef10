"""What `app dev` adds around the service: servers that nobody configured, and matching defaults."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from app.embedded.data_directory import Secrets, hold, load_secrets
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.processes import CannotStart
from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.settings import Settings

_AWS_IDENTITY = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@contextmanager
def development(
    data_directory: Path, *, port: int, say: Callable[[str], None]
) -> Iterator[Settings]:
    """Settings for a service on `port`, with embedded servers for the ones that are not given.

    What the environment sets wins. The servers run while the context is entered; at the end they
    are stopped, whatever happens. Raises CannotStart.
    """
    given = Settings()
    defaults: dict[str, Any] = {}
    with ExitStack() as stack:
        directory = stack.enter_context(hold(data_directory))
        secrets = load_secrets(directory)
        if not given.database_url.get_secret_value():
            say("Starting PostgreSQL …")
            postgres = EmbeddedPostgres(directory / "postgres")
            stack.callback(postgres.stop)
            postgres.start()
            defaults["database_url"] = postgres.url()
        if not given.s3_endpoint_url:
            say("Starting SeaweedFS …")
            seaweedfs = _seaweedfs(directory / "seaweedfs", secrets)
            stack.callback(seaweedfs.stop)
            seaweedfs.start()
            defaults["s3_endpoint_url"] = seaweedfs.endpoint_url
            defaults["s3_addressing_style"] = "path"
        base_url = f"http://127.0.0.1:{port}"
        defaults["public_base_url"] = base_url
        defaults["allowed_origins"] = (
            given.public_base_url or base_url,
            f"http://localhost:{port}",
        )
        defaults["auth_mode"] = "dev"
        defaults["log_format"] = "text"
        defaults["signing_secret"] = secrets.signing_secret
        yield Settings(**{**defaults, **given.model_dump(include=given.model_fields_set)})


def _seaweedfs(directory: Path, secrets: Secrets) -> EmbeddedSeaweedFS:
    """Also puts its credentials where every AWS client of this process looks for them first."""
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
