"""Erasing a user by REST: it is answered at once, goes on by itself, and ends with a receipt."""

from typing import Any

import httpx
import pytest

from app.settings.environment import Settings
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings
from tests.waiting import wait_until

TOKEN = "an-admin-token-for-erasures"
AS_ADMIN = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket) -> Settings:
    return test_settings(
        database_url,
        seaweedfs_bucket,
        admin_token=TOKEN,
        upload_ttl_seconds=10,
        sweep_interval_seconds=1,
    )


def finished(admin: httpx.Client, path: str) -> dict[str, Any] | None:
    """Return the erasure if it is finished."""
    shown: dict[str, Any] = admin.get(path, headers=AS_ADMIN).json()
    return shown if shown["status"] == "finished" else None


@pytest.mark.slow
def test_an_erasure_ends_with_a_receipt(settings: Settings) -> None:
    user_id = "auth0|a/b c"
    path = "/v1/chatkit/users/auth0%7Ca%2Fb%20c/erasure"
    with (
        running(settings) as url,
        ChatKitClient.of(url, user_id).http as http,
        ChatKitClient.of(url, "bob").http as bob,
    ):
        user = ChatKitClient(http)
        user.say("private words", user.attach("private.txt", b"private")["id"])
        ChatKitClient(bob).say("hello")
        assert bob.get(path, headers=AS_ADMIN).status_code == 404
        started = bob.post(path, headers=AS_ADMIN)
        assert started.status_code == 202
        assert started.json()["user"] == user_id and started.json()["status"] == "running"
        assert started.json()["receipt"] is None
        again = bob.post(path, headers=AS_ADMIN)
        assert again.status_code == 202 and again.json()["id"] == started.json()["id"]
        rejected = user.send("attachments.create", name="a", size=1, mime_type="text/plain")
        assert rejected.status_code == 409
        assert rejected.json()["error"]["code"] == "erasure_under_way"
        receipt = wait_until(lambda: finished(bob, path), seconds=60)["receipt"]["receipt"]
        assert receipt["user"] == user_id and receipt["requested_by"] == "admin"
        assert receipt["erased"]["threads"]["count"] == 1
        assert receipt["erased"]["attachments"]["count"] == 1
        assert user.call("threads.list")["data"] == []
        assert len(ChatKitClient(bob).call("threads.list")["data"]) == 1
        user.say("back again")


@pytest.mark.parametrize("user_id", ["%00", "x" * 256])
def test_a_user_that_can_not_exist_is_rejected(settings: Settings, user_id: str) -> None:
    with running(settings) as url, ChatKitClient.of(url).http as http:
        response = http.post(f"/v1/chatkit/users/{user_id}/erasure", headers=AS_ADMIN)
        assert response.status_code == 400, response.text
