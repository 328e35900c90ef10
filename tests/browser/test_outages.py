"""What a person sees when the bucket or the service is away, and that retrying is enough."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from tests.browser.conftest import PersonFactory, allow_origin
from tests.browser.files import text
from tests.browser.site import three_origins
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestBucket


@pytest.fixture
def own_seaweedfs(tmp_path: Path) -> Iterator[EmbeddedSeaweedFS]:
    """A server that this test may stop."""
    server = EmbeddedSeaweedFS(
        tmp_path / "seaweedfs", access_key_id=ACCESS_KEY_ID, secret_access_key=SECRET_ACCESS_KEY
    )
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_upload_fails_in_words_while_the_bucket_is_down_and_a_retry_mends_it(
    database_url: str,
    own_seaweedfs: EmbeddedSeaweedFS,
    new_person: PersonFactory,
    method: Literal["POST", "PUT"],
) -> None:
    bucket = TestBucket(own_seaweedfs.endpoint_url, "outage")
    with three_origins(database_url, bucket, upload_method=method) as site:
        allow_origin(bucket, site.page_url)
        alice = new_person(site)
        alice.expects_console("ERR_CONNECTION_REFUSED|503")
        own_seaweedfs.stop()
        alice.attach(text("notes.txt"))
        card = alice.upload("notes.txt")
        expect(card).to_have_attribute("data-state", "failed")
        expect(card).to_contain_text(
            "The file storage does not answer" if method == "POST" else "didn’t get through"
        )
        alice.send("Here")
        expect(alice.page.get_by_text("One file didn’t upload: retry or remove.")).to_be_visible()

        own_seaweedfs.start()
        card.get_by_role("button", name="Retry notes.txt").click()
        alice.wait_until_uploaded("notes.txt")
        alice.message_field.press("Enter")
        expect(alice.wait_for_answer()).to_contain_text("notes.txt")
        alice.page.context.close()
