"""The tools for files, by both APIs: pages, members, words, and SQL."""

import base64
import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from reportlab.pdfgen import canvas

from tests.corpus import PHRASE, excel, image, saved, word, zipped
from tests.model_api import Call, ModelApi, Received
from tests.unit.fakes.conversation import both_apis, conversation, images_in


def long_pdf(pages: int = 120) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for number in range(1, pages + 1):
        page.drawString(72, 720, f"This is sheet {number:04}.")
        if number % 20 == 1:
            page.bookmarkPage(f"p{number}")
            page.addOutlineEntry(f"Chapter {number}", f"p{number}", 0)
        page.showPage()
    page.save()
    return out.getvalue()


def files_in(received: Received) -> list[pypdf.PdfReader]:
    """Return the PDFs of a request."""
    sent = [part["file_data"] for part in received.parts() if part["type"] == "input_file"]
    bodies = [base64.b64decode(url.partition(",")[2]) for url in sent]
    return [pypdf.PdfReader(io.BytesIO(body)) for body in bodies]


async def asked(
    api: ModelApi, name: str, mime_type: str, body: bytes, tool: str, **arguments: Any
) -> tuple[Received, Received]:
    """Return the requests before and after the model calls a tool with the id of a file."""
    model_api = arguments.pop("model_api", "responses")
    async with conversation(api, model_api=model_api) as chat:
        file = chat.attachments.add(name, mime_type, body)
        api.script.append(Call(tool, {"id": file.id, **arguments}))
        await chat.say("Look.", file)
    api.expect_no_rejection()
    first, second = api.received
    return first, second


async def test_a_large_pdf_is_sent_as_outline_and_first_pages(api: ModelApi) -> None:
    first, second = await asked(
        api, "a.pdf", "application/pdf", long_pdf(), "fetch_attachment", pages="110-112"
    )
    [sent] = files_in(first)
    assert len(sent.pages) == 10 and "sheet 0001" in sent.pages[0].extract_text()
    assert "pages 1-10 of 120" in first.texts() and "Chapter 101 … page 101" in first.texts()
    _, fetched = files_in(second)
    assert ["110" in page.extract_text() for page in fetched.pages] == [True, False, False]
    assert "pages 110-112 of 120" in second.texts()


async def test_a_model_without_files_gets_the_text_of_pages(api: ModelApi) -> None:
    _, second = await asked(
        api,
        "a.pdf",
        "application/pdf",
        long_pdf(),
        "fetch_attachment",
        pages="111",
        model_api="chat_completions",
    )
    assert "--- page 111 ---\nThis is sheet 0111." in second.texts()


@both_apis
async def test_words_are_found_with_their_pages(api: ModelApi, model_api: str) -> None:
    _, second = await asked(
        api,
        "a.pdf",
        "application/pdf",
        long_pdf(),
        "search_attachment",
        words="SHEET 0117",
        model_api=model_api,
    )
    assert "- page 117: This is sheet 0117." in second.texts()


@both_apis
async def test_words_of_a_text_are_found_with_their_offset(api: ModelApi, model_api: str) -> None:
    text = "x\n" * 90_000 + "needle in the hay"
    _, second = await asked(
        api,
        "a.txt",
        "text/plain",
        text.encode(),
        "search_attachment",
        words="needle",
        model_api=model_api,
    )
    assert "- offset 180000:" in second.texts()


def mail_with(body: bytes, mime_type: str, name: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Look"
    message.set_content("See the file.")
    main, _, sub = mime_type.partition("/")
    message.add_attachment(body, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


@both_apis
async def test_a_file_in_a_mail_is_fetched_by_its_name(api: ModelApi, model_api: str) -> None:
    first, second = await asked(
        api,
        "a.eml",
        "message/rfc822",
        mail_with(image("PNG"), "image/png", "inner.png"),
        "fetch_attachment",
        member="inner.png",
        model_api=model_api,
    )
    assert "- inner.png (image/png," in first.texts()
    assert images_in(first) == 0 and images_in(second) == 1


async def test_a_file_in_a_file_in_a_file_is_fetched(api: ModelApi) -> None:
    archive = zipped({"folder/report.docx": word()})
    _, second = await asked(
        api,
        "a.eml",
        "message/rfc822",
        mail_with(archive, "application/zip", "inner.zip"),
        "fetch_attachment",
        member="inner.zip!/folder/report.docx",
    )
    [part] = [part for part in second.parts() if part["type"] == "input_file"]
    assert part["filename"] == "report.docx"
    assert base64.b64decode(part["file_data"].partition(",")[2]) == word_in(archive)


def word_in(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read("folder/report.docx")


@pytest.mark.parametrize(
    ("name", "make", "member", "words"),
    [
        ("a.zip", lambda: zipped({"a": b"b"}), "other", "there is no 'other' in it"),
        ("a.png", lambda: image("PNG"), "other", "could not be read"),
        ("a.zip", lambda: zipped({"a.exe": b"MZ"}), "a.exe", "can't be shown to the model"),
        ("a.zip", lambda: zipped({"a.txt": b""}), "a.txt", "the file is empty"),
    ],
)
async def test_a_member_that_can_not_be_had_is_explained(
    api: ModelApi, name: str, make: Callable[[], bytes], member: str, words: str
) -> None:
    _, second = await asked(api, name, "", make(), "fetch_attachment", member=member)
    assert words in second.texts()


async def test_pictures_in_a_document_are_named_and_fetched(api: ModelApi) -> None:
    document = docx.Document()
    document.add_picture(io.BytesIO(image("PNG")))
    first, second = await asked(
        api,
        "a.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        saved(document),
        "fetch_attachment",
        member="word/media/image1.png",
    )
    assert "without 1 picture" in first.texts() and "word/media/image1.png" in first.texts()
    assert images_in(second) == 1


@both_apis
async def test_a_long_table_is_a_profile_and_answers_queries(api: ModelApi, model_api: str) -> None:
    rows = "".join(f"{n},{n % 10}\n" for n in range(100_000))
    first, second = await asked(
        api,
        "a.csv",
        "text/csv",
        f"n,digit\n{rows}".encode(),
        "query_attachment",
        sql="SELECT digit, sum(n) FROM data GROUP BY digit ORDER BY digit",
        model_api=model_api,
    )
    assert "100,000 rows, 2 columns" in first.texts() and "query_attachment" in first.texts()
    assert f"\n7,{sum(range(7, 100_000, 10))}\n" in second.texts()


async def test_a_sheet_that_the_provider_would_cut_is_a_profile(api: ModelApi) -> None:
    book = openpyxl.Workbook()
    for n in range(1500):
        book.active.append([f"name {n}", n])
    first, second = await asked(
        api,
        "a.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        saved(book),
        "query_attachment",
        sql='SELECT count(*), sum(B) FROM "Sheet"',
    )
    assert files_in(first) == [] and 'Table "Sheet": 1,500 rows' in first.texts()
    assert "\n1500,1124250\n" in second.texts()


@pytest.mark.slow
async def test_a_workbook_too_long_for_text_is_a_profile(api: ModelApi) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Long")
    for n in range(10_500):
        sheet.append([f"name {n}", n])
    first, second = await asked(
        api,
        "a.xlsx",
        "",
        saved(book),
        "query_attachment",
        sql="SELECT max(B) FROM Long",
        model_api="chat_completions",
    )
    assert 'Table "Long": 10,500 rows' in first.texts()
    assert "\n10499\n" in second.texts()


async def test_a_small_workbook_answers_queries_too(api: ModelApi) -> None:
    first, second = await asked(
        api, "a.xlsx", "", excel(), "query_attachment", sql="SELECT A FROM Sheet"
    )
    assert [part["type"] for part in first.parts()].count("input_file") == 1
    assert f"\n{PHRASE}\n" in second.texts()


async def test_what_is_no_table_is_not_queried(api: ModelApi) -> None:
    _, second = await asked(api, "a.txt", "", b"hello", "query_attachment", sql="SELECT 1")
    assert "it is no table" in second.texts()


@pytest.mark.parametrize("pages", ["0", "all", "121"])
async def test_pages_that_do_not_exist_are_explained(api: ModelApi, pages: str) -> None:
    _, second = await asked(
        api, "a.pdf", "application/pdf", long_pdf(), "fetch_attachment", pages=pages
    )
    assert "pages" in second.texts() and len(files_in(second)) == 1


async def test_the_source_of_a_page_is_fetched(api: ModelApi) -> None:
    body = b"<html><body><p class='x'>the text</p></body></html>"
    first, second = await asked(
        api, "a.html", "text/html", body, "fetch_attachment", member="source"
    )
    assert "class='x'" not in first.texts() and "class='x'" in second.texts()
