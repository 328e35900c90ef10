"""`make screenshots`: the pictures of the README, taken of the real service in Chromium.

`make screenshots ARGS="phone dark"` takes some of them.

Starts `python -m app dev` with a data directory of its own, behaves like a person, and writes
`docs/screenshots/*.png`.
"""

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, FilePayload, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS
from tests.browser.files import large_text
from tests.browser.person import Person, until
from tests.browser.site import Site

DIRECTORY = Path("docs/screenshots")
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
COLOURS = 200

CHATS = ["Budget for the new office", "Notes from the workshop", "Invoice questions"]


def main() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium: `apt-get install chromium`, or set CHROMIUM to its path.")
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with service() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        storage = furnish(browser, url)
        for name in sys.argv[1:] or SHOTS:
            SHOTS[name](Stage(browser, url, storage), DIRECTORY / f"{name}.png")
            shrink(DIRECTORY / f"{name}.png")
            print(f"{DIRECTORY / name}.png")
        browser.close()


class Stage:
    """Opens the page as the person who has the furnished chats."""

    def __init__(self, browser: Browser, url: str, storage: Any) -> None:
        self._browser = browser
        self._url = url
        self._storage = storage

    def enter(self, *, dark: bool = False, phone: bool = False) -> Person:
        context = self._browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type] # a plain dict is one
            device_scale_factor=2 if phone else 1,
            color_scheme="dark" if dark else "light",
            storage_state=self._storage,
        )
        person = Person(context.new_page(), Site(self._url, self._url, ""))
        person.open()
        return person


def furnish(browser: Browser, url: str) -> Any:
    """A few chats, so that the list and the mentions have something to show."""
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type] # a plain dict is one
    person = Person(context.new_page(), Site(url, url, ""))
    person.open()
    for title in CHATS:
        person.send(title)
        person.wait_for_answer()
        person.page.get_by_role("link", name="New chat").first.click()
    send_report(person)
    person.page.get_by_role("link", name="New chat").first.click()
    send_photos(person)
    return context.storage_state()


def send_report(person: Person) -> None:
    person.attach(chart(), report(), table())
    expect(person.page.locator(".upload[data-state=done]")).to_have_count(3)
    person.send("How did the third quarter go, and which region leads?")
    person.wait_for_answer()


def send_photos(person: Person) -> None:
    person.attach(*(photo(f"harbour {number}.jpg", number) for number in range(1, 5)))
    expect(person.page.locator(".upload[data-state=done]")).to_have_count(4)
    person.send("Which of these would make a good cover?")
    person.wait_for_answer()


def open_chat(person: Person, title: str) -> None:
    if person.page.get_by_role("button", name="Chats", exact=True).is_visible():
        person.page.get_by_role("button", name="Chats", exact=True).click()
    person.page.locator(".thread-link", has_text=title).click()
    expect(person.answers).to_have_count(1)
    wait_for(
        person,
        "[...document.querySelectorAll('.attachment-image img')].every(i => i.naturalWidth > 0)",
    )
    person.page.evaluate("document.querySelector('.thread-scroll').scrollTo(0, 0)")
    person.page.mouse.move(640, 5)


def wait_for(person: Person, expression: str) -> None:
    until(lambda: person.page.evaluate(expression))


def light(stage: Stage, path: Path) -> None:
    person = stage.enter()
    open_chat(person, "How did the third")
    person.page.screenshot(path=path, animations="disabled")


def dark(stage: Stage, path: Path) -> None:
    person = stage.enter(dark=True)
    open_chat(person, "How did the third")
    person.page.screenshot(path=path, animations="disabled")


def phone(stage: Stage, path: Path) -> None:
    person = stage.enter(phone=True)
    open_chat(person, "How did the third")
    person.page.screenshot(path=path, animations="disabled")


def images(stage: Stage, path: Path) -> None:
    person = stage.enter()
    open_chat(person, "Which of these")
    person.page.screenshot(path=path, animations="disabled")


def upload(stage: Stage, path: Path) -> None:
    person = stage.enter()
    person.attach(chart(), photo("harbour 5.jpg", 5))
    expect(person.page.locator(".upload[data-state=done]")).to_have_count(2)
    person.throttle(900_000)
    person.attach(*(large_text(f"transcript {number}.txt", 3_400_000) for number in range(1, 5)))
    person.message_field.fill("Summarise the four transcripts, one paragraph each.")
    wait_for(
        person,
        "[...document.querySelectorAll('[data-state=uploading] progress')]"
        ".filter(bar => bar.value > bar.max / 6).length === 3",
    )
    person.page.screenshot(path=path, animations="disabled")


def error(stage: Stage, path: Path) -> None:
    person = stage.enter()
    person.page.route("**/uploads/**", lambda route: route.abort())
    person.page.route("**/chatkit-attachments/**", lambda route: route.abort())
    person.attach(
        FilePayload(name="interview.mp3", mimeType="audio/mpeg", buffer=b"ID3"),
        large_text("server log of last year.txt", 27_000_000),
        table(),
    )
    expect(person.page.locator(".upload[data-state=failed]")).to_have_count(3)
    person.send("What went wrong in the night to Tuesday?")
    person.page.screenshot(path=path, animations="disabled")


def mentions(stage: Stage, path: Path) -> None:
    person = stage.enter()
    person.message_field.press_sequentially("Does it agree with @re")
    expect(person.page.get_by_role("option").first).to_be_visible()
    option = person.page.get_by_role("option", name="revenue by month.png")
    while option.get_attribute("aria-selected") != "true":
        person.message_field.press("ArrowDown")
    expect(person.page.locator(".mention-preview img")).to_be_visible()
    person.page.wait_for_function("document.querySelector('.mention-preview img').naturalWidth > 0")
    person.page.screenshot(path=path, animations="disabled")


def viewer(stage: Stage, path: Path) -> None:
    person = stage.enter()
    open_chat(person, "How did the third")
    person.page.get_by_role("button", name="Open regions.csv").click()
    expect(person.page.get_by_role("table")).to_be_visible()
    person.page.screenshot(path=path, animations="disabled")


def search(stage: Stage, path: Path) -> None:
    person = stage.enter()
    person.page.get_by_role("searchbox").fill("region")
    found = person.page.locator(".found-link")
    expect(found).to_have_count(1)
    found.click()
    expect(person.answers).to_have_count(1)
    wait_for(
        person,
        "[...document.querySelectorAll('.attachment-image img')].every(i => i.naturalWidth > 0)",
    )
    person.page.mouse.move(640, 5)
    person.page.screenshot(path=path, animations="disabled")


def edit(stage: Stage, path: Path) -> None:
    person = stage.enter()
    open_chat(person, "How did the third")
    person.page.get_by_role("button", name="Edit message").press("Enter")
    editor = person.page.get_by_role("textbox", name="Edit message")
    editor.fill("How did the third quarter go, and which region should get more stock?")
    person.page.screenshot(path=path, animations="disabled")


SHOTS: dict[str, Callable[[Stage, Path], None]] = {
    "light": light,
    "dark": dark,
    "phone": phone,
    "upload": upload,
    "error": error,
    "mentions": mentions,
    "images": images,
    "viewer": viewer,
    "search": search,
    "edit": edit,
}


def chart() -> FilePayload:
    picture = Image.new("RGB", (1200, 640), "#ffffff")
    draw = ImageDraw.Draw(picture)
    for y in range(100, 560, 92):
        draw.line((80, y, 1140, y), fill="#e6e7e2", width=2)
    for index, value in enumerate([210, 250, 235, 290, 330, 310, 370, 405, 440]):
        left = 110 + index * 115
        colour = "#0f7a63" if index >= 6 else "#9fcabc"
        draw.rounded_rectangle((left, 560 - value, left + 64, 560), 10, fill=colour)
    draw.line((80, 560, 1140, 560), fill="#5b645f", width=3)
    return payload("revenue by month.png", picture, "PNG", "image/png")


def photo(name: str, seed: int) -> FilePayload:
    """A harbour at some time of the day."""
    skies = [("#f6d7b0", "#7fa9b8"), ("#cfe3ee", "#5f8fb0"), ("#f2b8a0", "#51526f")]
    skies += [("#2b3450", "#10182c"), ("#e9eef0", "#9db1b5")]
    top, sea = skies[(seed - 1) % len(skies)]
    chance = random.Random(seed)  # noqa: S311 - a picture, no secret
    picture = Image.new("RGB", (1000, 760), top)
    draw = ImageDraw.Draw(picture)
    sun = chance.randint(200, 800)
    draw.ellipse((sun - 70, 210, sun + 70, 350), fill="#fff4d6")
    for far, shade in ((420, 0.72), (455, 0.5)):
        ridge = [(x, far - chance.randint(10, 120)) for x in range(-50, 1100, 90)]
        colour = tuple(int(int(sea[i : i + 2], 16) * (0.6 + shade / 2)) for i in (1, 3, 5))
        draw.polygon([(-50, 520), *ridge, (1100, 520)], fill=colour)
    draw.rectangle((0, 500, 1000, 760), fill=sea)
    for _ in range(60):
        x, y = chance.randint(0, 1000), chance.randint(510, 755)
        draw.line((x, y, x + chance.randint(20, 90), y), fill="#ffffff40", width=2)
    for x in (180 + seed * 90, 640 - seed * 40):
        draw.polygon([(x, 560), (x + 120, 560), (x + 98, 596), (x + 20, 596)], fill="#26302c")
        draw.polygon([(x + 60, 552), (x + 60, 420), (x + 116, 552)], fill="#fbfaf4")
    return payload(name, picture.filter(ImageFilter.GaussianBlur(1)), "JPEG", "image/jpeg")


def report() -> FilePayload:
    page = Image.new("RGB", (595, 842), "#ffffff")
    return payload("third quarter, all regions.pdf", page, "PDF", "application/pdf")


def table() -> FilePayload:
    rows = "region,revenue\nNorth,412000\nSouth,367500\nWest,298200\n"
    return FilePayload(name="regions.csv", mimeType="text/csv", buffer=rows.encode())


def payload(name: str, picture: Image.Image, kind: str, mime_type: str) -> FilePayload:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return FilePayload(name=name, mimeType=mime_type, buffer=buffer.getvalue())


def shrink(path: Path) -> None:
    """A flat page needs no true colour: a third of the bytes."""
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def service() -> Iterator[str]:
    """`app dev` on a free port, with a data directory that is thrown away."""
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "dev", "--port", "0", "--data-dir", directory],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("Ready: "):
                    yield line.removeprefix("Ready: ").strip()
                    break
            else:
                sys.exit("The service did not start; the lines above say why.")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


if __name__ == "__main__":
    main()
