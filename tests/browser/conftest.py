"""Chromium, and a person in front of it.

Every test fails on an error in the console that it did not announce: a script error, a broken
request, a violation of the Content-Security-Policy.
"""

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, expect, sync_playwright

from app.embedded.seaweedfs import EmbeddedSeaweedFS
from app.http.page import CHATKIT_CDN
from app.storage.endpoint import Endpoint
from app.storage.object_keys import OBJECT_KEY_PREFIX
from app.storage.setup import Access, set_up_bucket
from tests.browser.person import Person
from tests.browser.site import Site, one_origin, three_origins
from tests.databases import Databases
from tests.servers import TestBucket, missing

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A machine that runs other things too may take its time; a test that passes does not wait.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)

_numbers = itertools.count(1)

SiteFactory = Callable[..., Site]
PersonFactory = Callable[..., Person]


# Of the package, not the session: while it lives, its event loop counts as running in this thread,
# and the async tests of other packages could not start theirs.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if path is None:
        missing("Chromium (`apt-get install chromium`, or set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        except Error as exc:
            missing(f"a Chromium that starts: {exc.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture
def new_site(database_url: str, seaweedfs_bucket: TestBucket) -> Iterator[SiteFactory]:
    """Start a page, an API and a bucket on three origins, or with `origins=1` on one."""

    def start(*, origins: int = 3, bucket_allows: bool = True, **changes: Any) -> Site:
        serve = three_origins if origins == 3 else one_origin
        site = sites.enter_context(serve(database_url, seaweedfs_bucket, **changes))
        allow_origin(seaweedfs_bucket, site.page_url if bucket_allows else "https://other.example")
        return site

    with ExitStack() as sites:
        yield start


@pytest.fixture(scope="package")
def site(databases: Databases, seaweedfs: EmbeddedSeaweedFS) -> Iterator[Site]:
    """Three origins, POST straight to the bucket: what `fetch.js` makes of the default.

    Shared by all tests that change nothing of it: each has people of its own.
    """
    name = f"browser-{next(_numbers)}"  # tests of other packages may run between two of these
    bucket = TestBucket(seaweedfs.endpoint_url, name)
    with databases.clone() as database_url, three_origins(database_url, bucket) as site:
        allow_origin(bucket, site.page_url)
        yield site


@pytest.fixture
def new_person(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[PersonFactory]:
    """A browser profile of a person's own, at a site's page."""
    people: list[Person] = []

    def arrive(
        site: Site, user_id: str = "", path: str = "/", wait: bool = True, **options: Any
    ) -> Person:
        context = chromium.new_context(
            **{
                "viewport": {"width": 1280, "height": 800},
                "permissions": ["clipboard-read", "clipboard-write"],
                **options,
            }
        )
        context.set_default_timeout(PATIENCE_MS)
        token = site.token(user_id or f"user-{next(_numbers)}")
        context.add_init_script(f"sessionStorage?.setItem('chat.token', '{token}')")
        person = Person(context.new_page(), site)
        person.page.on("console", lambda message: _note(person, message))
        person.page.on("pageerror", lambda error: person.console.append(f"uncaught: {error}"))
        people.append(person)
        person.open(path, wait=wait)
        return person

    yield arrive
    for person in people:
        if person.page.is_closed():
            continue
        if request.node.stash.get(FAILED, False):
            directory = Path("test-results")
            directory.mkdir(exist_ok=True)
            name = re.sub(r"\W+", "-", request.node.name)
            person.page.screenshot(path=directory / f"{name}.png")
        person.page.context.close()
    for person in people:
        assert person.unexpected_console() == []


@pytest.fixture
def alice(site: Site, new_person: PersonFactory) -> Person:
    return new_person(site)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed  # type: ignore[attr-defined] # pytest types hook results as None
    return report


def allow_origin(bucket: TestBucket, origin: str) -> None:
    """What `app bucket` does with ALLOWED_ORIGINS=origin."""
    endpoint = Endpoint(bucket.endpoint_url, bucket.name, bucket.region, "path")
    access = Access(pages=[origin], frames=[CHATKIT_CDN], prefix=OBJECT_KEY_PREFIX)
    steps = {step.name: step.outcome for step in set_up_bucket(endpoint, access)}
    assert steps["CORS"] == "set"


def _note(person: Person, message: ConsoleMessage) -> None:
    if message.type in {"error", "warning"}:
        person.console.append(f"{message.text} ({message.location['url']})")
