"""Files on their way: each strategy and transport, from the page over the API to the bucket."""

import io
import zipfile
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from app.http.page import CHATKIT_CDN
from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.files import large_text, png, text
from tests.browser.person import Person
from tests.browser.site import Site


@pytest.mark.parametrize(
    ("strategy", "method", "posts_to_bucket", "goes_to"),
    [
        ("two_phase", "POST", True, "bucket"),
        ("two_phase", "POST", False, "gateway"),
        ("two_phase", "PUT", True, "bucket"),
        ("direct", "POST", True, "api"),
    ],
    ids=["native-post", "gateway-post", "put", "direct"],
)
def test_a_file_reaches_the_model_and_is_still_there_after_a_reload(
    new_site: SiteFactory,
    new_person: PersonFactory,
    strategy: str,
    method: str,
    posts_to_bucket: bool,
    goes_to: str,
) -> None:
    site = new_site(upload_method=method, posts_to_bucket=posts_to_bucket)
    alice = new_person(site)
    if strategy == "direct":
        alice.choose_direct_uploads()
    requests = alice.requests()

    alice.attach(png("chart.png"), text("notes.txt"))
    alice.wait_until_uploaded("chart.png")
    alice.wait_until_uploaded("notes.txt")
    alice.send("What are these?")

    answer = alice.wait_for_answer()
    expect(answer).to_contain_text("chart.png")
    expect(answer).to_contain_text("320 × 200")
    expect(answer).to_contain_text("Bread")
    expect(alice.page.get_by_role("img", name="chart.png")).to_have_js_property("naturalWidth", 320)

    uploads = [r.url for r in requests if r.method in {"POST", "PUT"} and "/chatkit" not in r.url]
    place = {
        "bucket": f"{site.bucket_url}/",
        "gateway": f"{site.api_url}/uploads/",
        "api": f"{site.api_url}/attachments",
    }
    assert [url.startswith(place[goes_to]) for url in uploads] == [True, True]
    for request in requests:
        has_token = "authorization" in request.headers
        is_api = request.url.startswith(site.api_url) and "/uploads/" not in request.url
        assert has_token == (is_api and request.method != "OPTIONS"), request.url

    alice.page.reload()
    expect(alice.answers).to_contain_text("320 × 200")
    expect(alice.page.get_by_role("img", name="chart.png")).to_have_js_property("naturalWidth", 320)
    expect(alice.page.get_by_role("button", name="Open notes.txt")).to_be_visible()
    expect(alice.chats).to_have_count(1)


def test_progress_and_speed_are_shown_and_an_upload_can_be_cancelled(alice: Person) -> None:
    alice.throttle(100_000)
    alice.attach(large_text("book.txt", 2_000_000))
    card = alice.upload("book.txt")
    progress = card.get_by_role("progressbar", name="Upload of book.txt")
    expect(card).to_contain_text("kB/s")
    expect(card).to_contain_text("of 1.9 MB")
    assert progress.evaluate("bar => bar.value > 0 && bar.value < bar.max")
    with alice.page.expect_request(lambda r: "attachments.delete" in (r.post_data or "")):
        card.get_by_role("button", name="Cancel upload of book.txt").click()
    expect(alice.uploads).to_have_count(0)
    expect(alice.message_field).to_be_focused()


def test_three_files_travel_at_once_and_send_waits_for_all(alice: Person) -> None:
    alice.throttle(10_000)
    alice.attach(*(large_text(f"part {number}.txt", 120_000) for number in range(5)))
    expect(alice.uploads).to_have_count(5)
    expect(alice.page.locator(".upload[data-state=uploading]")).to_have_count(3)
    expect(alice.page.locator(".upload[data-state=queued]")).to_have_count(2)
    alice.send("Five parts")
    expect(alice.page.get_by_role("button", name="Don’t send yet")).to_be_visible()
    expect(alice.messages).to_have_count(0)
    alice.throttle(0)
    answer = alice.wait_for_answer()
    for number in range(5):
        expect(answer).to_contain_text(f"part {number}.txt")


@pytest.mark.parametrize("strategy", ["two_phase", "direct"])
def test_more_files_than_may_travel_at_once_wait_for_their_turn(
    new_site: SiteFactory, new_person: PersonFactory, strategy: str
) -> None:
    alice = new_person(new_site(posts_to_bucket=False, user_concurrent_uploads=2))
    alice.expects_console("status of 429")
    if strategy == "direct":
        alice.choose_direct_uploads()
    alice.throttle(60_000)
    names = [f"photo {number}.txt" for number in range(6)]
    with alice.page.expect_response(lambda r: r.status == 429):  # three at once are more than two
        alice.attach(*(large_text(name, 60_000) for name in names))
    alice.throttle(0)
    for name in names:
        expect(alice.upload(name)).not_to_have_attribute("data-state", "failed")
        alice.wait_until_uploaded(name)
    alice.send("All of them")
    expect(alice.wait_for_answer()).to_contain_text(names[-1])


def test_too_large_and_wrong_types_are_refused_in_words(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    alice = new_person(new_site(max_attachment_bytes=50_000))
    alice.attach(
        large_text("long.txt", 60_000),
        {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3"},
        {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""},
        text("good.txt"),
    )
    expect(alice.upload("long.txt")).to_contain_text("Too large: 59 kB. The limit is 49 kB.")
    expect(alice.upload("song.mp3")).to_contain_text(".mp3 files can’t be attached here")
    expect(alice.upload("empty.txt")).to_contain_text("This file is empty.")
    alice.wait_until_uploaded("good.txt")
    alice.send("All four")
    expect(alice.page.get_by_text("3 files didn’t upload: retry or remove.")).to_be_visible()
    for name in ("long.txt", "song.mp3", "empty.txt"):
        expect(alice.upload(name).get_by_role("button", name="Retry")).to_be_hidden()
        alice.page.get_by_role("button", name=f"Remove {name}").click()
    alice.message_field.press("Enter")
    expect(alice.wait_for_answer()).to_contain_text("good.txt")


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [
        ("deploy.yaml", "application/x-yaml"),
        ("pyproject.toml", "application/toml"),
        ("main.ts", "video/mp2t"),
        ("deploy.sh", "application/x-shellscript"),
        ("Dockerfile", ""),
    ],
)
def test_a_file_is_known_by_its_name_where_browsers_disagree_about_its_type(
    alice: Person, name: str, mime_type: str
) -> None:
    alice.attach({"name": name, "mimeType": mime_type, "buffer": b"#!/bin/sh\nname: value\n"})
    alice.wait_until_uploaded(name)
    alice.send("What does it do?")
    expect(alice.wait_for_answer()).to_contain_text("name: value")


def test_an_archive_is_taken_under_the_type_that_windows_gives_it(alice: Person) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as contents:
        contents.writestr("notes.txt", "Milk")
    buffer = archive.getvalue()
    alice.attach({"name": "a.zip", "mimeType": "application/x-zip-compressed", "buffer": buffer})
    alice.wait_until_uploaded("a.zip")
    alice.send("What is in it?")
    expect(alice.wait_for_answer()).to_contain_text("application/zip")


def test_a_message_holds_ten_files(alice: Person) -> None:
    alice.attach(*(text(f"{number}.txt") for number in range(12)))
    expect(alice.uploads).to_have_count(10)
    expect(alice.page.get_by_text("A message holds 10 files: 2 left out.")).to_be_visible()


def test_a_refused_origin_at_the_bucket_leads_through_the_gateway(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    site = new_site(bucket_allows=False)
    alice = new_person(site)
    alice.expects_console(r"blocked by CORS policy|net::ERR_FAILED")
    requests = alice.requests()
    alice.attach(text("notes.txt"))
    alice.wait_until_uploaded("notes.txt")
    posts = [r for r in requests if r.method == "POST" and "/chatkit" not in r.url]
    origins = ["://".join(urlsplit(r.url)[:2]) for r in posts]
    assert origins == ["://".join(urlsplit(site.bucket_url)[:2]), site.api_url]
    alice.send("Here")
    expect(alice.wait_for_answer()).to_contain_text("notes.txt")


def test_the_bucket_shows_previews_to_chatkit_s_frame_and_takes_uploads_from_the_page_only(
    site: Site,
) -> None:
    """By CORS, as `app bucket` sets it: (origin, method) → allowed."""
    allowed = {}
    for origin in (site.page_url, CHATKIT_CDN, "https://other.example"):
        for method in ("GET", "HEAD", "POST", "PUT"):
            headers = {"Origin": origin, "Access-Control-Request-Method": method}
            answer = httpx.options(f"{site.bucket_url}/attachments/x", headers=headers)
            allowed[origin, method] = answer.headers.get("access-control-allow-origin") in {
                origin,
                "*",
            } and method in answer.headers.get("access-control-allow-methods", "")
    assert {pair for pair, is_allowed in allowed.items() if is_allowed} == {
        *((site.page_url, method) for method in ("GET", "HEAD", "POST", "PUT")),
        *((CHATKIT_CDN, method) for method in ("GET", "HEAD")),
    }


def test_an_origin_the_api_does_not_know_is_refused(
    new_site: SiteFactory, new_person: PersonFactory
) -> None:
    alice = new_person(new_site(allowed_origins=["https://other.example"]))
    alice.expects_console(r"blocked by CORS policy|net::ERR_FAILED")
    expect(alice.page.get_by_role("alert")).to_contain_text("The server can’t be reached")


def test_a_pasted_screenshot_is_attached(alice: Person) -> None:
    alice.message_field.focus()
    alice.page.evaluate(
        """async () => {
            const canvas = Object.assign(document.createElement('canvas'), {width: 30, height: 20});
            canvas.getContext('2d').fillRect(0, 0, 30, 20);
            const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
            await navigator.clipboard.write([new ClipboardItem({'image/png': blob})]);
        }"""
    )
    alice.message_field.press("Control+v")
    expect(alice.uploads).to_have_count(1)
    expect(alice.uploads).to_have_attribute("data-state", "done")
    alice.send("My screen")
    expect(alice.wait_for_answer()).to_contain_text("30 × 20")


def test_dropped_files_are_attached(alice: Person) -> None:
    transfer = alice.page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(['dropped'], 'dropped.txt', {type: 'text/plain'}));
            return transfer;
        }"""
    )
    alice.page.dispatch_event(".thread", "dragenter", {"dataTransfer": transfer})
    expect(alice.page.get_by_text("Drop to attach")).to_be_visible()
    alice.page.dispatch_event(".thread", "drop", {"dataTransfer": transfer})
    alice.wait_until_uploaded("dropped.txt")
    expect(alice.page.get_by_text("Drop to attach")).to_be_hidden()


SCREEN = """
navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const context = canvas.getContext('2d');
    setInterval(() => context.fillRect(0, 0, 640, 360), 20);
    window.shared = canvas.captureStream();
    return window.shared;
}; 0
"""


def test_a_screenshot_is_one_picture_of_what_the_person_shares(alice: Person) -> None:
    alice.page.evaluate(SCREEN)
    alice.page.get_by_role("button", name="Take a screenshot").click()
    expect(alice.uploads).to_have_attribute("data-state", "done")
    assert alice.page.evaluate("shared.getTracks().every(track => track.readyState === 'ended')")
    alice.send("My screen")
    expect(alice.wait_for_answer()).to_contain_text("640 × 360")


def test_who_shares_nothing_attaches_nothing(alice: Person) -> None:
    alice.page.evaluate(
        """navigator.mediaDevices.getDisplayMedia = async () => {
            throw new DOMException('Permission denied', 'NotAllowedError');
        }; 0"""
    )
    alice.page.get_by_role("button", name="Take a screenshot").click()
    expect(alice.uploads).to_have_count(0)
    expect(alice.page.get_by_role("alert")).to_be_hidden()


def test_the_sketch_of_the_example_is_attached_as_png(alice: Person) -> None:
    alice.open("/web/examples/sketch.html")
    board = alice.page.get_by_role("img", name="Drawing board")
    box = board.bounding_box()
    assert box is not None
    alice.page.mouse.move(box["x"] + 60, box["y"] + 60)
    alice.page.mouse.down()
    alice.page.mouse.move(box["x"] + 200, box["y"] + 160, steps=4)
    alice.page.mouse.up()
    expect(board.locator("path[stroke='#c8402f']")).to_have_count(1)
    alice.page.get_by_role("button", name="Attach to the message").click()
    expect(alice.uploads).to_have_attribute("data-state", "done")
    alice.send("My sketch")
    expect(alice.wait_for_answer()).to_contain_text("1280 × 960")
