"""Large files on bad lines: they go up in parts, and a lost connection costs little."""

from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import expect

from app.sizes import LARGE_FILE_BYTES
from tests.bad_line import bad_line
from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.person import Person, until
from tests.large_files import LINE
from tests.servers import TestBucket

MIB = 1024 * 1024
# Every cut fails some requests, which the browser logs.
LOST = r"net::ERR_(CONNECTION_|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|ABORTED)"


def text_file(path: Path, size: int) -> Path:
    block = LINE * (MIB // len(LINE))
    with path.open("wb") as out:
        left = size
        while left > 0:
            left -= out.write(block[:left])
    return path


def choose(person: Person, path: Path) -> None:
    with person.page.expect_file_chooser() as chooser:
        person.page.get_by_role("button", name="Attach files").last.click()
    chooser.value.set_files(path)


UPLOAD = """async (toBucket) => {
    const { createFetch } = await import('/web/fetch.js');
    const config = await (await fetch('/config.json')).json();
    const file = document.querySelector('#large').files[0];
    const send = createFetch({
        apiUrl: config.api.url, bucketPostUrl: toBucket ? config.api.bucketPostUrl : null,
    });
    const params = { name: file.name, size: file.size, mime_type: 'text/plain' };
    const created = await send(config.api.url, {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ type: 'attachments.create', params }),
    });
    const attachment = await created.json();
    const body = new FormData();
    body.append('file', file);
    const answer = await send(attachment.upload_descriptor.url, { method: 'POST', body });
    return [attachment.id, answer.status, await answer.text()];
}"""


def upload_with_fetch(person: Person, path: Path, *, to_bucket: bool = True) -> str:
    """Upload a file as a page with `fetch.js` does, and return its id."""
    person.page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('input'),"
        " {type: 'file', id: 'large'}))"
    )
    person.page.locator("#large").set_input_files(path)
    attachment_id, status, text = person.page.evaluate(UPLOAD, to_bucket)
    assert status == 200, text
    return str(attachment_id)


def test_500_mb_arrive_although_the_line_breaks_ten_times(
    new_site: SiteFactory,
    new_person: PersonFactory,
    seaweedfs_bucket: TestBucket,
    tmp_path: Path,
) -> None:
    size = 500_000_000
    path = text_file(tmp_path / "large.txt", size)
    cuts = [int(size * (number + 0.5) / 10) for number in range(10)]
    with bad_line(seaweedfs_bucket.endpoint_url, cuts=cuts) as line:
        alice = new_person(
            new_site(origins=1, s3_public_endpoint_url=line.url, max_attachment_bytes=size)
        )
        alice.expects_console(LOST)
        upload_with_fetch(alice, path)
    assert line.cuts_made == 10
    assert line.sent_bytes <= 1.1 * size
    stored = objects_of(seaweedfs_bucket)
    assert [each["Size"] for each in stored] == [size]
    assert same_bytes(seaweedfs_bucket, stored[0]["Key"], path)


def test_the_page_uploads_a_large_file_over_a_line_that_breaks(
    new_site: SiteFactory,
    new_person: PersonFactory,
    seaweedfs_bucket: TestBucket,
    tmp_path: Path,
) -> None:
    size = LARGE_FILE_BYTES + MIB
    path = text_file(tmp_path / "large.txt", size)
    cuts = [8 * MIB, 20 * MIB]
    with bad_line(seaweedfs_bucket.endpoint_url, cuts=cuts, all_at_once=True) as line:
        site = new_site(origins=1, s3_public_endpoint_url=line.url, max_attachment_bytes=size)
        alice = new_person(site)
        alice.expects_console(LOST)
        choose(alice, path)
        progress = alice.upload("large.txt").get_by_role("progressbar")
        expect(progress).to_be_visible()
        until(lambda: line.cuts_made == 2)
        alice.wait_until_uploaded("large.txt")
        alice.send("What is it?")
        expect(alice.wait_for_answer()).to_contain_text("large.txt")


def test_parts_go_through_the_gateway_if_the_page_can_not_reach_the_bucket(
    new_site: SiteFactory,
    new_person: PersonFactory,
    seaweedfs_bucket: TestBucket,
    tmp_path: Path,
) -> None:
    path = text_file(tmp_path / "large.txt", LARGE_FILE_BYTES + 1)
    site = new_site(max_attachment_bytes=2 * LARGE_FILE_BYTES, bucket_allows=False)
    alice = new_person(site)
    alice.expects_console("CORS|ERR_FAILED")
    requests = alice.requests()
    choose(alice, path)
    alice.wait_until_uploaded("large.txt")
    through = [r.url for r in requests if r.method == "PUT" and r.url.startswith(site.api_url)]
    assert len(through) == 7
    assert [each["Size"] for each in objects_of(seaweedfs_bucket)] == [LARGE_FILE_BYTES + 1]


def objects_of(bucket: TestBucket) -> list[dict[str, Any]]:
    s3 = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    try:
        return list(s3.list_objects_v2(Bucket=bucket.name).get("Contents", ()))
    finally:
        s3.close()


def same_bytes(bucket: TestBucket, key: str, path: Path) -> bool:
    s3 = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    try:
        body = s3.get_object(Bucket=bucket.name, Key=key)["Body"]
        with path.open("rb") as file:
            return all(body.read(MIB) == block for block in iter(lambda: file.read(MIB), b""))
    finally:
        s3.close()
