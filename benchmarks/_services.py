"""The settings of a service that benchmarks run, and uploads to it."""

import secrets
from collections.abc import Sequence

import httpx

from app.settings.environment import Settings
from benchmarks._servers import Servers


def settings_for(running: Servers, provider: str, **changes: str) -> Settings:
    """Return settings; `changes` are environment variables in lower case."""
    return Settings.read(
        {
            "DATABASE_URL": running.database_url,
            "S3_BUCKET": running.bucket,
            "S3_ENDPOINT_URL": running.endpoint_url,
            "AUTH_MODE": "header",
            "SIGNING_SECRET": secrets.token_hex(32),
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_BASE_URL": provider,
            **{name.upper(): value for name, value in changes.items()},
        }
    )


def upload(base_url: str, user: str, files: Sequence[tuple[str, bytes, str]]) -> list[str]:
    """Upload files, each a name, bytes and a type. Return the ids of the attachments."""
    ids = []
    with httpx.Client(base_url=base_url, headers={"x-forwarded-user": user}, timeout=60) as client:
        for name, body, mime_type in files:
            params = {"name": name, "mime_type": mime_type, "size": len(body)}
            request = {"type": "attachments.create", "params": params}
            created = client.post("/chatkit", json=request).raise_for_status().json()
            url = created["upload_descriptor"]["url"]
            client.post(url, files={"file": (name, body, mime_type)}).raise_for_status()
            ids.append(created["id"])
    return ids
