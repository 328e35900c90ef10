"""What a person does with the page, in a person's words."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import CDPSession, FilePayload, Locator, Page, Request, expect

from tests.browser.site import Site


def until(condition: Callable[[], object], timeout_seconds: float = 30) -> None:
    """Poll for what `expect` has no words for.

    Playwright's own `wait_for_function` evaluates strings in the page, which its policy forbids.
    """
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def barriers(page: Page) -> list[str]:
    """Return the rules of axe-core that the page breaks, with the elements that break them."""
    violations = Axe().run(page).response["violations"]
    return [f"{v['id']}: {[node['target'] for node in v['nodes']]}" for v in violations]


@dataclass
class Person:
    """One browser page. `console` collects errors; `expects` are patterns of planned ones."""

    page: Page
    site: Site
    console: list[str] = field(default_factory=list)
    expects: list[str] = field(default_factory=list)
    _network: CDPSession | None = None

    def open(self, path: str = "/", *, wait: bool = True) -> None:
        self.page.goto(self.site.page_url + path)
        if wait:
            expect(self.message_field).to_be_visible()

    @property
    def message_field(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def uploads(self) -> Locator:
        return self.page.get_by_role("list", name="Attached files").get_by_role("listitem")

    def upload(self, name: str) -> Locator:
        """The card of one file that is being attached."""
        return self.uploads.filter(has=self.page.get_by_title(name, exact=True))

    @property
    def messages(self) -> Locator:
        return self.page.locator(".messages > li")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".message-assistant")

    @property
    def chats(self) -> Locator:
        return self.page.locator(".thread-row")

    def attach(self, *files: FilePayload | Path) -> None:
        """Choose files in the picker that the paper clip opens."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Attach files").last.click()
        payloads = [
            file
            if not isinstance(file, Path)
            else FilePayload(name=file.name, mimeType="", buffer=file.read_bytes())
            for file in files
        ]
        chooser.value.set_files(payloads)

    def choose_direct_uploads(self) -> None:
        self.page.get_by_role("button", name="Settings").click()
        self.page.get_by_role("radio", name="Direct").check()
        self.page.get_by_role("button", name="Close").click()

    def wait_until_uploaded(self, name: str) -> None:
        expect(self.upload(name)).to_have_attribute("data-state", "done")

    def send(self, text: str) -> None:
        """Type and press Enter."""
        self.message_field.fill(text)
        self.message_field.press("Enter")

    def wait_for_answer(self, count: int = 1) -> Locator:
        """The `count`-th answer, once it is complete."""
        expect(self.answers).to_have_count(count)
        self.wait_until_idle()
        return self.answers.nth(count - 1)

    def wait_until_idle(self) -> None:
        expect(self.page.get_by_role("button", name="Send")).to_be_visible()

    def throttle(self, upload_bytes_per_second: int) -> None:
        """From now on, every upload is that slow; 0 lifts it."""
        if self._network is None:  # each session has conditions of its own
            self._network = self.page.context.new_cdp_session(self.page)
            self._network.send("Network.enable")
        self._network.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": upload_bytes_per_second or -1,
            },
        )

    def requests(self) -> list[Request]:
        """All requests from now on, in a list that grows."""
        seen: list[Request] = []
        self.page.on("request", lambda request: seen.append(request))
        return seen

    def expects_console(self, pattern: str) -> None:
        """This test provokes it: a browser logs every failed request."""
        self.expects.append(pattern)

    def unexpected_console(self) -> list[str]:
        return [
            line
            for line in self.console
            if not any(re.search(pattern, line) for pattern in self.expects)
        ]
