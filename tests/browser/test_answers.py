"""How answers look: Markdown, code and formulas, in the page itself."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from chatkit.types import (
    ErrorEvent,
    NoticeEvent,
    ThoughtTask,
    ThreadItemAddedEvent,
    ThreadItemDoneEvent,
    ThreadItemUpdatedEvent,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
    Workflow,
    WorkflowItem,
    WorkflowTaskAdded,
)
from playwright.sync_api import Locator, expect
from pypdf import PdfReader

from tests.browser.conftest import PersonFactory, SiteFactory
from tests.browser.person import Person, barriers, until
from tests.browser.scripted import answer_in_words, answer_with, said, slow_down


def answer_to(alice: Person, monkeypatch: pytest.MonkeyPatch, markdown: str) -> Locator:
    answer_in_words(monkeypatch, markdown)
    alice.send("Go on")
    return alice.wait_for_answer()


def test_lists_keep_their_numbers_and_their_check_boxes(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = answer_to(alice, monkeypatch, "5. five\n6. six\n\nand\n\n- [x] done\n- [ ] open\n")
    expect(answer.locator("ol")).to_have_attribute("start", "5")
    boxes = answer.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    expect(boxes.first).to_be_checked()
    expect(boxes.first).to_be_disabled()
    expect(boxes.last).not_to_be_checked()


def test_columns_keep_their_alignment(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    table = "| a | b | c |\n|---|:-:|--:|\n| 1 | 2 | 3 |\n"
    cells = answer_to(alice, monkeypatch, table).get_by_role("cell")
    expect(cells.nth(0)).to_have_css("text-align", "start")
    expect(cells.nth(1)).to_have_css("text-align", "center")
    expect(cells.nth(2)).to_have_css("text-align", "right")


def test_code_names_its_language_has_colours_and_is_copied(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def area(r):\n    return 3.14 * r ** 2"
    answer = answer_to(alice, monkeypatch, f"Here:\n\n```python\n{code}\n```\n\nand `inline`.")
    block = answer.get_by_role("region", name="Code in Python")
    expect(block.locator(".hljs-keyword").first).to_have_text("def")
    expect(block).to_have_attribute("tabindex", "0")
    answer.get_by_role("button", name="Copy code").click()
    assert alice.page.evaluate("navigator.clipboard.readText()").rstrip() == code
    for scheme in ("light", "dark"):
        alice.page.emulate_media(color_scheme=scheme)
        assert barriers(alice.page) == []


def test_what_colours_code_is_loaded_when_there_is_code(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = alice.requests()
    answer_to(alice, monkeypatch, "No code, and no formula: $5 and $10.")
    assert not [r.url for r in requests if "highlight" in r.url or "katex" in r.url]


def test_formulas_are_set_and_can_be_read_aloud(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    markdown = (
        "Inline \\(a^2\\) and $b_1$, but $5 and $10 are money.\n\n"
        "$$\n\\int_0^1 x\\,dx = \\frac12\n$$\n\nNot TeX: $\\frac{$\n"
    )
    answer = answer_to(alice, monkeypatch, markdown)
    expect(answer.locator(".katex")).to_have_count(3)
    expect(answer.locator(".math-block math")).to_be_attached()  # MathML, for screen readers
    expect(answer).to_contain_text("but $5 and $10 are money.")
    expect(answer).to_contain_text("Not TeX: $\\frac{$")
    until(lambda: alice.page.evaluate("document.fonts.check('16px KaTeX_Main')"))


def test_html_in_an_answer_is_text(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    markdown = (
        '<img src=x onerror="alert(1)"> [link](javascript:alert(1)) ![dot](http://127.0.0.1:9/x.png)'
        "\n\n```html\n<script>alert(1)</script>\n```\n"
    )
    answer = answer_to(alice, monkeypatch, markdown)
    expect(answer).to_contain_text("onerror")
    expect(answer.get_by_role("region", name="Code in HTML")).to_contain_text("<script>")
    expect(answer.locator("img, script, [onerror], a[href^=javascript]")).to_have_count(0)


def test_an_answer_that_a_reload_cuts_off_says_so(
    new_site: SiteFactory, new_person: PersonFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_down(monkeypatch, 1)
    alice = new_person(new_site())
    alice.send("Take your time")
    expect(alice.answers).to_contain_text("You wrote")
    alice.page.reload()
    expect(alice.page.get_by_role("alert")).to_contain_text("The answer was interrupted.")
    slow_down(monkeypatch, 0)
    alice.page.get_by_role("button", name="Try again").click()
    expect(alice.wait_for_answer()).to_contain_text("OPENAI_API_KEY")
    expect(alice.page.get_by_role("alert")).to_be_hidden()


def test_a_stream_that_ends_too_early_says_so(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        async for event in said(thread, "The first half of it"):
            if event.type != "thread.item.done":
                yield event

    answer_with(monkeypatch, answer)
    alice.send("Go on")
    expect(alice.page.get_by_role("alert")).to_contain_text("The answer was interrupted.")
    expect(alice.answers).to_contain_text("The first half of it")


def test_a_chat_whose_first_answer_fails_is_named_by_its_question(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield ErrorEvent(message="The model is busy.", allow_retry=True)

    answer_with(monkeypatch, answer)
    alice.send("How did the third quarter go?")
    expect(alice.page.get_by_role("alert")).to_contain_text("The model is busy.")
    expect(alice.chats.get_by_role("link", name="How did the third quarter go?")).to_be_visible()
    expect(alice.page.get_by_role("heading", name="How did the third quarter go?")).to_be_visible()


def test_an_opened_list_of_steps_stays_open_while_it_grows(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_open = threading.Event()

    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        workflow = Workflow(type="reasoning", tasks=[ThoughtTask(title="One", content="")])
        item = WorkflowItem(
            id="wf_1", thread_id=thread.id, created_at=datetime.now(), workflow=workflow
        )
        yield ThreadItemAddedEvent(item=item)
        await asyncio.to_thread(is_open.wait, 30)
        task = WorkflowTaskAdded(task_index=1, task=ThoughtTask(title="Two", content=""))
        yield ThreadItemUpdatedEvent(item_id=item.id, update=task)
        workflow.tasks.append(task.task)
        yield ThreadItemDoneEvent(item=item)

    answer_with(monkeypatch, answer)
    alice.send("Think")
    alice.page.get_by_text("Thoughts").click()
    expect(alice.page.get_by_text("One", exact=True)).to_be_visible()
    is_open.set()
    expect(alice.page.get_by_text("Two", exact=True)).to_be_visible()


def test_a_chat_is_printed_on_as_many_pages_as_it_takes(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = "\n\n".join(f"Paragraph {number}. " + "Word " * 60 for number in range(40))
    answer_to(alice, monkeypatch, answer)
    printed = PdfReader(io.BytesIO(alice.page.pdf()))
    words = " ".join(page.extract_text() for page in printed.pages)
    assert len(printed.pages) > 2
    assert "Paragraph 0." in words
    assert "Paragraph 39." in words
    assert "New chat" not in words


def test_a_warning_looks_different_from_a_danger(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(
        thread: ThreadMetadata, message: UserMessageItem | None
    ) -> AsyncIterator[ThreadStreamEvent]:
        yield NoticeEvent(level="warning", message="Almost full.")
        yield NoticeEvent(level="danger", message="Full.")
        async for event in said(thread, "Done."):
            yield event

    answer_with(monkeypatch, answer)
    alice.send("Go on")
    alice.wait_for_answer(3)
    colours = alice.page.locator(".notice").evaluate_all(
        "notices => notices.map(notice => getComputedStyle(notice).backgroundColor)"
    )
    assert len(colours) == 2
    assert colours[0] != colours[1]


def test_each_paragraph_runs_in_its_own_direction(
    alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = answer_to(alice, monkeypatch, "مرحبا بالعالم.\n\nHello, world.\n\n- أول\n- ثان\n")
    expect(answer.get_by_role("list").last).to_have_css("direction", "rtl")
    paragraphs = answer.get_by_role("paragraph")
    expect(paragraphs.nth(0)).to_have_css("direction", "rtl")
    expect(paragraphs.nth(1)).to_have_css("direction", "ltr")
