"""Measures how soon the page can be used on a slow line, and how smoothly a long chat scrolls.

Chromium, which limits its network to 300 ms for each round trip and 1.6 Mbit/s, and the page, API,
database and bucket of `one_origin`. Needs Chromium.
"""

import itertools
import os
import shutil
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright

from benchmarks._servers import servers
from tests.browser.conftest import CHROMIUM_ARGUMENTS
from tests.browser.site import Site, one_origin
from tests.servers import TestBucket
from tests.service import events_of, thread_id_of, user_message

LATENCY_MS = 300
BYTES_PER_SECOND = 1_600_000 / 8
LOADS = 7
ITEMS = 500
PAGE_SIZE = 50
FRAMES = 300
TEXT = "A line of text as people write it, with **bold** words, `code` and a list.\n\n" * 3
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}

# Scrolls a little in each frame, and resolves with the times of the frames in milliseconds.
SCROLL = """count => new Promise(resolve => {
    const list = document.querySelector('.thread-scroll');
    const times = [];
    const frame = time => {
        times.push(time);
        list.scrollBy(0, -60);
        if (times.length > count) resolve(times);
        else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
})"""


@dataclass(frozen=True)
class Load:
    """One visit: seconds until the field could be typed in, and what was asked for until then."""

    usable_seconds: float
    requests: int
    compressed_kilobytes: float


def main() -> None:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        sys.exit("No Chromium: `apt-get install chromium`, or set CHROMIUM to its path.")
    with servers() as running, sync_playwright() as playwright:
        bucket = TestBucket(running.endpoint_url, running.bucket)
        with one_origin(running.database_url, bucket) as site:
            browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
            _measure_loads(browser, site)
            _measure_frames(browser, site)
            browser.close()


def _measure_loads(browser: Browser, site: Site) -> None:
    first = [_load(browser, site) for _ in range(LOADS)]
    again = [_load(browser, site, visits=2) for _ in range(LOADS)]
    for name, loads in (("first visit", first), ("second visit", again)):
        print(
            f"{name}: {median(each.usable_seconds for each in loads):.2f} s until the field can be"
            f" typed in, {max(each.requests for each in loads)} requests,"
            f" {max(each.compressed_kilobytes for each in loads):.0f} KB"
        )


def _load(browser: Browser, site: Site, *, visits: int = 1) -> Load:
    """The last of some visits of a new person."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        },
    )
    received: dict[str, int] = {}
    _count(network, received)
    for _ in range(visits):
        received.clear()
        page.goto(site.page_url, wait_until="commit")
        page.get_by_role("textbox", name="Message").wait_for()
        seconds = page.evaluate("performance.mark('composer').startTime") / 1000
        page.wait_for_load_state("networkidle")
    context.close()
    return Load(seconds, len(received), sum(received.values()) / 1000)


def _count(network: CDPSession, received: dict[str, int]) -> None:
    """Note the bytes on the line by request; what the cache had is left out."""

    def finished(event: dict[str, Any]) -> None:
        if event["encodedDataLength"] > 0:
            received[event["requestId"]] = int(event["encodedDataLength"])

    network.on("Network.loadingFinished", finished)


def _measure_frames(browser: Browser, site: Site) -> None:
    """Scroll through a chat whose every item is on the page."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(site.page_url)
    page.get_by_role("textbox", name="Message").wait_for()
    thread_id = _long_thread(page, site)
    page.goto(f"{site.page_url}/#/chat/{thread_id}")
    page.reload()
    earlier = page.get_by_role("button", name="Show earlier messages")
    for count in range(PAGE_SIZE, ITEMS, PAGE_SIZE):
        expect(page.locator(".message")).to_have_count(count)
        earlier.click()
    expect(page.locator(".message")).to_have_count(ITEMS)
    page.evaluate("document.querySelector('.thread-scroll').scrollTo(0, 1e9)")
    times = page.evaluate(SCROLL, FRAMES)
    pauses = sorted(later - sooner for sooner, later in itertools.pairwise(times))
    print(
        f"{page.locator('.message').count()} items: {1000 / median(pauses):.0f} frames a second,"
        f" 99 of 100 within {pauses[int(len(pauses) * 0.99)]:.0f} ms"
    )


def _long_thread(page: Page, site: Site) -> str:
    """Half of its items are said by the person, who is signed in by the page's cookie."""
    thread_id = ""
    for number in range(ITEMS // 2):
        operation = "threads.add_user_message" if thread_id else "threads.create"
        params: dict[str, object] = {"input": user_message(f"Question {number}. " + TEXT)}
        if thread_id:
            params["thread_id"] = thread_id
        answer = page.request.post(
            f"{site.page_url}/chatkit",
            data={"type": operation, "params": params},
            headers=SAME_ORIGIN,
        )
        if not thread_id:
            thread_id = thread_id_of(events_of(answer.text()))
    return thread_id


if __name__ == "__main__":
    main()
