"""Files of many formats, made by real libraries when a test runs: no binary is kept in git.

Each sample says what the model has to get of it by either API:
`same` the very bytes as an image or file · `png`, `jpeg`, `webp`, `pdf` other bytes in that form ·
`text: …` inlined text that contains this · `note: …` a note that contains this.
`pages: 3` three pictures of pages ·
`page: …` a picture of a page, after a text with a remark that contains this.
"""

import base64
import gzip
import io
import json
import struct
import tarfile
import tempfile
import wave
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import msoffcrypto
import openpyxl
import pillow_heif
import pptx
import py7zr
import xlwt
from odf.draw import Frame, Page, TextBox
from odf.opendocument import (
    OpenDocument,
    OpenDocumentPresentation,
    OpenDocumentSpreadsheet,
    OpenDocumentText,
)
from odf.style import MasterPage, PageLayout
from odf.table import Table, TableCell, TableRow
from odf.text import P
from PIL import Image, ImageCms
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas

pillow_heif.register_heif_opener()

OOXML = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"
DOCX = f"{OOXML}.wordprocessingml.document"
PHRASE = "the quick brown fox"


@dataclass(frozen=True)
class Sample:
    """`chat_completions` is what is expected there where it differs from `responses`."""

    name: str
    mime_type: str
    make: Callable[[], bytes]
    responses: str
    chat_completions: str = ""

    def expected(self, model_api: str) -> str:
        return (
            (self.chat_completions or self.responses)
            if model_api != "responses"
            else (self.responses)
        )


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    gradient = Image.linear_gradient("L").resize(size)
    merged = Image.merge(
        "RGB", (gradient, gradient.rotate(180), gradient.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    )
    return merged.convert(mode)


def image(
    format: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: Any
) -> bytes:
    out = io.BytesIO()
    picture(mode, size).save(out, format, **options)
    return out.getvalue()


def animated(format: str) -> bytes:
    out = io.BytesIO()
    frames = [picture().rotate(90 * turn) for turn in range(3)]
    frames[0].save(out, format, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def turned(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # 90° clockwise
    return image(format, exif=exif)


def with_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return image("JPEG", icc_profile=profile)


def huge_png() -> bytes:
    """30,000 × 30,000 pixels in a few hundred kilobytes."""
    side = 30_000
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def psd(picture: Image.Image) -> bytes:
    """Return a file of Photoshop without layers (Adobe Photoshop File Formats Specification)."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, picture.height, picture.width, 8, 3)
    planes = b"".join(band.tobytes() for band in picture.convert("RGB").split())
    return header + bytes(12) + struct.pack(">H", 0) + planes


def pages(*modes: str, size: tuple[int, int], **options: Any) -> bytes:
    """Return a TIFF with a page for each mode."""
    out = io.BytesIO()
    first, *others = (picture(mode, size) for mode in modes)
    first.save(out, "TIFF", save_all=True, append_images=others, **options)
    return out.getvalue()


def placed(format: str, **options: Any) -> bytes:
    """Return a photo that says where it was taken, and by what."""
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    return image(format, exif=exif, **options)


def pdf(*pages: str) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for text in pages:
        page.drawString(72, 720, text)
        page.showPage()
    page.save()
    return out.getvalue()


def encrypted_pdf(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(PHRASE))))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scanned_pdf() -> bytes:
    out = io.BytesIO()
    picture().save(out, "PDF")
    return out.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Report")
    document.add_paragraph(PHRASE)
    document.add_table(1, 2).cell(0, 0).text = "cell"
    return saved(document)


def encrypted_word() -> bytes:
    out = io.BytesIO()
    office = msoffcrypto.OfficeFile(io.BytesIO(word()))
    office.encrypt("secret", out)
    return out.getvalue()


def excel() -> bytes:
    book = openpyxl.Workbook()
    book.active.append([PHRASE, 42])
    return saved(book)


def old_excel() -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("Sheet").write(0, 0, PHRASE)
    return saved(book)


def powerpoint() -> bytes:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = PHRASE
    return saved(deck)


def open_text() -> bytes:
    document = OpenDocumentText()
    document.text.addElement(P(text=PHRASE))
    return open_saved(document)


def open_sheet() -> bytes:
    document = OpenDocumentSpreadsheet()
    table, row, cell = Table(name="Sheet"), TableRow(), TableCell(valuetype="string")
    cell.addElement(P(text=PHRASE))
    row.addElement(cell)
    table.addElement(row)
    document.spreadsheet.addElement(table)
    return open_saved(document)


def open_slides() -> bytes:
    document = OpenDocumentPresentation()
    layout = PageLayout(name="Layout")
    master = MasterPage(name="Master", pagelayoutname=layout)
    document.automaticstyles.addElement(layout)
    document.masterstyles.addElement(master)
    slide, frame, box = Page(masterpagename=master), Frame(), TextBox()
    box.addElement(P(text=PHRASE))
    frame.addElement(box)
    slide.addElement(frame)
    document.presentation.addElement(slide)
    return open_saved(document)


def fiction_book() -> bytes:
    return (
        '<?xml version="1.0"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0">'
        f"<body><section><p>{PHRASE}</p></section></body></FictionBook>"
    ).encode()


def notebook() -> bytes:
    picture = base64.b64encode(image("PNG")).decode()
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": [f"print('{PHRASE}')"],
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": [PHRASE]},
            {"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}},
        ],
    }
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def parquet() -> bytes:
    import duckdb  # worker processes import this module, and it fails in one without __main__

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        file = Path(folder) / "a.parquet"
        database.execute(f"COPY (FROM (VALUES (1), (2)) AS t(number)) TO '{file}'")
        return file.read_bytes()


def open_saved(document: OpenDocument) -> bytes:
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def saved(document: Any) -> bytes:  # docx, openpyxl, pptx and xlwt all save to a stream
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def seven_zipped(files: dict[str, bytes], password: str | None = None) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password=password, header_encryption=False) as archive:
        for name, body in files.items():
            archive.writestr(body, name)
    return out.getvalue()


def zip_bomb() -> bytes:
    """A .docx by its entries, and 600 MB of zeros when unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as entry:
            for _ in range(600):
                entry.write(bytes(1024 * 1024))
    return out.getvalue()


def epub() -> bytes:
    container = (
        '<?xml version="1.0"?><container version="1.0"'
        ' xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile'
        ' full-path="c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title></metadata>'
        '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>'
    )
    page = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{PHRASE}</p></body></html>'
    return zipped(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": container.encode(),
            "c.opf": package.encode(),
            "a.xhtml": page.encode(),
        }
    )


def mail(**options: Any) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Grüße"
    message.set_content(f"{PHRASE}, süß", **options)
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="inner.pdf")
    return message.as_bytes()


def html_mail() -> bytes:
    message = EmailMessage()
    message["From"] = "a@example.org"
    message.set_content(f"<p>{PHRASE}</p>", subtype="html", cte="base64")
    return message.as_bytes()


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as recording:
        recording.setparams((1, 2, 8000, 0, "NONE", ""))
        recording.writeframes(bytes(1600))
    return out.getvalue()


def tarball() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return out.getvalue()


GERMAN = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. " * 3
POLISH = "Zażółć gęślą jaźń. Pchnąć w tę łódź jeża lub ośm skrzyń fig. " * 8


def text(content: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: content.encode(encoding)


FRENCH = "Où est passée l'élève ? À la forêt, près du château, là où naît la rivière. " * 8
RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 8
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 8
CHINESE = "床前明月光。疑是地上霜。举头望明月。低头思故乡。" * 8
VCARD = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nNOTE:{PHRASE}\r\nEND:VCARD\r\n"
RTF = rb"{\rtf1\ansi the quick brown fox}"

IMAGES = [
    Sample("a.png", "image/png", lambda: image("PNG"), "same"),
    Sample("rgba.png", "image/png", lambda: image("PNG", "RGBA"), "same"),
    Sample("palette.png", "image/png", lambda: image("PNG", "P"), "same"),
    Sample("bw.png", "image/png", lambda: image("PNG", "1"), "same"),
    Sample("deep.png", "image/png", lambda: image("PNG", "I;16"), "same"),
    Sample("tiny.png", "image/png", lambda: image("PNG", size=(1, 1)), "same"),
    Sample("wide.png", "image/png", lambda: image("PNG", size=(3000, 20)), "png"),
    Sample("wide16.png", "image/png", lambda: image("PNG", "I;16", (3000, 20)), "png"),
    Sample("animated.png", "image/png", lambda: animated("PNG"), "png"),
    Sample("a.jpg", "image/jpeg", lambda: image("JPEG"), "same"),
    Sample("grey.jpg", "image/jpeg", lambda: image("JPEG", "L"), "same"),
    Sample("cmyk.jpg", "image/jpeg", lambda: image("JPEG", "CMYK"), "same"),
    Sample("progressive.jpg", "image/jpeg", lambda: image("JPEG", progressive=True), "same"),
    Sample("profile.jpg", "image/jpeg", with_profile, "same"),
    Sample("phone.jpg", "image/jpeg", lambda: turned("JPEG"), "jpeg"),
    Sample("large.jpg", "image/jpeg", lambda: image("JPEG", size=(4000, 3000)), "jpeg"),
    Sample("cmyk-large.jpg", "image/jpeg", lambda: image("JPEG", "CMYK", (2500, 9)), "jpeg"),
    Sample("called.png", "image/png", lambda: image("JPEG"), "same"),
    Sample("a.webp", "image/webp", lambda: image("WEBP"), "same"),
    Sample("lossless.webp", "image/webp", lambda: image("WEBP", lossless=True), "same"),
    Sample("animated.webp", "image/webp", lambda: animated("WEBP"), "jpeg"),
    Sample("a.gif", "image/gif", lambda: image("GIF", "P"), "same"),
    Sample("animated.gif", "image/gif", lambda: animated("GIF"), "png"),
    Sample("a.bmp", "image/bmp", lambda: image("BMP"), "png"),
    Sample("a.tiff", "image/tiff", lambda: image("TIFF"), "jpeg"),
    Sample("pages.tiff", "image/tiff", lambda: animated("TIFF"), "pdf", "pages: 3"),
    Sample(
        "fax.tiff",
        "image/tiff",
        lambda: pages("1", "1", compression="group4", size=(1728, 2200)),
        "pdf",
        "pages: 2",
    ),
    Sample("bw.tiff", "image/tiff", lambda: image("TIFF", "1"), "png"),
    Sample("deep.tiff", "image/tiff", lambda: image("TIFF", "I;16"), "jpeg"),
    Sample("float.tiff", "image/tiff", lambda: image("TIFF", "F"), "jpeg"),
    Sample("big.tiff", "image/tiff", lambda: image("TIFF", big_tiff=True), "jpeg"),
    Sample("a.jxl", "image/jxl", lambda: image("JXL"), "jpeg"),
    Sample("a.jp2", "image/jp2", lambda: image("JPEG2000"), "jpeg"),
    Sample("a.psd", "image/vnd.adobe.photoshop", lambda: psd(picture()), "jpeg"),
    Sample("a.ppm", "", lambda: image("PPM"), "jpeg"),
    Sample("a.tga", "", lambda: image("TGA"), "jpeg"),
    Sample("placed.jpg", "image/jpeg", lambda: placed("JPEG"), "jpeg"),
    Sample("placed.png", "image/png", lambda: placed("PNG"), "png"),
    Sample("placed.webp", "image/webp", lambda: placed("WEBP"), "webp"),
    Sample("deflate.tiff", "image/tiff", lambda: image("TIFF", compression="tiff_lzw"), "jpeg"),
    Sample("alpha.tiff", "image/tiff", lambda: image("TIFF", "RGBA"), "png"),
    Sample("a.heic", "image/heic", lambda: image("HEIF"), "jpeg"),
    Sample("a.heif", "image/heif", lambda: image("HEIF"), "jpeg"),
    Sample("a.avif", "image/avif", lambda: image("AVIF"), "jpeg"),
    Sample("a.ico", "image/x-icon", lambda: image("ICO"), "png"),
    Sample("IMG_1.HEIC", "application/octet-stream", lambda: image("HEIF"), "jpeg"),
    Sample("a.svg", "image/svg+xml", text(f"<svg><text>{PHRASE}</text></svg>"), f"text: {PHRASE}"),
]

DOCUMENTS = [
    Sample("a.pdf", "application/pdf", lambda: pdf(PHRASE), "same", f"text: {PHRASE}"),
    Sample("two.pdf", "application/pdf", lambda: pdf("one", PHRASE), "same", f"text: {PHRASE}"),
    Sample("owner.pdf", "application/pdf", lambda: encrypted_pdf(""), "same", f"text: {PHRASE}"),
    Sample("scan.pdf", "application/pdf", scanned_pdf, "same", "page: pages 1 have no text"),
    Sample("A.PDF", "", lambda: pdf(PHRASE), "same", f"text: {PHRASE}"),
    Sample("a.docx", DOCX, word, "same", f"text: {PHRASE}"),
    Sample("a.xlsx", f"{OOXML}.spreadsheetml.sheet", excel, "same", f"text: {PHRASE}"),
    Sample("a.pptx", f"{OOXML}.presentationml.presentation", powerpoint, "same", f"text: {PHRASE}"),
    Sample("a.xls", "application/vnd.ms-excel", old_excel, "same", f"text: {PHRASE}"),
    Sample("a.odt", f"{ODF}.text", open_text, "same", f"text: {PHRASE}"),
    Sample("a.ods", f"{ODF}.spreadsheet", open_sheet, f"text: {PHRASE}"),
    Sample("a.odp", f"{ODF}.presentation", open_slides, f"text: {PHRASE}"),
    Sample("a.docm", "application/vnd.ms-word.document.macroEnabled.12", word, f"text: {PHRASE}"),
    Sample("a.dotx", f"{OOXML}.wordprocessingml.template", word, f"text: {PHRASE}"),
    Sample("a.xlsm", "", excel, f"text: {PHRASE}"),
    Sample("a.pptm", "", powerpoint, f"text: {PHRASE}"),
    Sample("a.ppsx", f"{OOXML}.presentationml.slideshow", powerpoint, f"text: {PHRASE}"),
    Sample("a.fb2", "application/x-fictionbook+xml", fiction_book, f"text: {PHRASE}"),
    Sample("a.ipynb", "application/x-ipynb+json", notebook, f"text: print('{PHRASE}')"),
    Sample("a.parquet", "application/vnd.apache.parquet", parquet, "text: 2 rows, 1 columns"),
    Sample(
        "a.zip", "application/zip", lambda: zipped({"a.txt": PHRASE.encode()}), f"text: {PHRASE}"
    ),
    Sample("a.tar.gz", "application/gzip", tarball, "text: - a.txt (text/plain, 0 bytes)"),
    Sample("a.gz", "application/gzip", lambda: gzip.compress(b"a"), "text: - content"),
    Sample("a.epub", "application/epub+zip", epub, f"text: {PHRASE}"),
    Sample("a.rtf", "application/rtf", lambda: RTF, "same", f"text: {PHRASE}"),
    Sample("b.rtf", "text/rtf", lambda: RTF, "same", f"text: {PHRASE}"),
]

TEXTS = [
    Sample("a.txt", "text/plain", text(PHRASE), f"text: {PHRASE}"),
    Sample("charset.txt", "text/plain; charset=utf-8", text("größer"), "text: größer"),
    Sample("bom.txt", "text/plain", text("größer", "utf-8-sig"), "text: größer"),
    Sample("utf16.txt", "text/plain", text("größer", "utf-16"), "text: größer"),
    Sample("utf16le.txt", "text/plain", text(PHRASE, "utf-16-le"), f"text: {PHRASE}"),
    Sample("utf32.txt", "text/plain", text("größer", "utf-32"), "text: größer"),
    Sample("latin.txt", "text/plain", text(FRENCH, "cp1252"), "text: château"),
    Sample("german.txt", "text/plain", text(GERMAN, "cp1252"), "text: Boxkämpfer"),
    Sample("polish.txt", "text/plain", text(POLISH, "cp1250"), "text: Zażółć gęślą"),
    Sample("short.csv", "text/csv", text("müller;größe", "cp1252"), "text: müller;größe"),
    Sample("koi8.txt", "text/plain", text(RUSSIAN, "koi8-r"), "text: булок"),
    Sample("chinese.txt", "text/plain", text(CHINESE, "gb18030"), "text: 床前明月光"),
    Sample("euc.txt", "text/plain", text(JAPANESE, "euc_jp"), "text: 吾輩は猫である"),
    Sample("russian.txt", "text/plain", text(RUSSIAN, "cp1251"), "text: булок"),
    Sample("japanese.txt", "text/plain", text(JAPANESE, "shift_jis"), "text: 吾輩は猫である"),
    Sample("a.md", "text/markdown", text(f"# {PHRASE}"), f"text: # {PHRASE}"),
    Sample("a.csv", "text/csv", text(f"a;b\n1;{PHRASE}\n"), f"text: 1;{PHRASE}"),
    Sample("a.tsv", "text/tab-separated-values", text(f"a\t{PHRASE}"), f"text: a\t{PHRASE}"),
    Sample("a.json", "application/json", text(json.dumps({"a": PHRASE})), f"text: {PHRASE}"),
    Sample("a.geojson", "application/geo+json", text(f'{{"a": "{PHRASE}"}}'), f"text: {PHRASE}"),
    Sample("a.xml", "application/xml", text(f"<a>{PHRASE}</a>"), f"text: <a>{PHRASE}</a>"),
    Sample("a.html", "text/html", text(f"<p>{PHRASE}</p>"), f"text: \n{PHRASE}\n"),
    Sample("a.yaml", "application/yaml", text(f"a: {PHRASE}"), f"text: a: {PHRASE}"),
    Sample("a.py", "text/x-python", text("print(1)\n"), "text: print(1)"),
    Sample("a.js", "text/javascript", text("let a = 1\n"), "text: let a = 1"),
    Sample("a.rs", "application/octet-stream", text("fn main() {}"), "text: fn main() {}"),
    Sample("a.ics", "text/calendar", text("BEGIN:VCALENDAR"), "text: BEGIN:VCALENDAR"),
    Sample("a.vcf", "text/vcard", text(VCARD), f"text: NOTE:{PHRASE}"),
    Sample("a.eml", "message/rfc822", mail, f"text: {PHRASE}, süß"),
    Sample("b64.eml", "message/rfc822", lambda: mail(cte="base64"), "text: Subject: Grüße"),
    Sample("html.eml", "message/rfc822", html_mail, f"text: {PHRASE}"),
    Sample(
        "a.pages",
        "",
        lambda: zipped({"Index/Document.iwa": b"an iWork archive"}),
        "same",
        "note: no reader here knows this format",
    ),
    Sample("a.7z", "", lambda: seven_zipped({"a.txt": PHRASE.encode()}), f"text: {PHRASE}"),
    Sample("a.wav", "audio/wav", sound, "text: heard 1644 bytes"),
]

REFUSED = [
    Sample("a.rar", "application/vnd.rar", lambda: b"Rar!", "note: files of this type"),
    Sample("cut.7z", "", lambda: seven_zipped({"a.txt": b"b"})[:-9], "note: damaged"),
    Sample("cut.zip", "application/zip", lambda: zipped({"a": b"b"})[:40], "note: damaged"),
    Sample("a.bin", "application/octet-stream", lambda: bytes(99), "note: files of this type"),
    Sample("a.avi", "video/avi", lambda: b"RIFF\0\0\0\0AVI ", "note: files of this type"),
    Sample("empty.txt", "text/plain", lambda: b"", "note: the file is empty"),
    Sample("empty.png", "image/png", lambda: b"", "note: the file is empty"),
    Sample("empty.pdf", "application/pdf", lambda: b"", "note: the file is empty"),
    Sample("binary.txt", "text/plain", lambda: bytes(range(256)) * 9, "note: it is binary"),
    Sample("zeros.txt", "text/plain", lambda: bytes(5000), "note: it is binary"),
    Sample("locked.pdf", "application/pdf", lambda: encrypted_pdf("s"), "note: with a password"),
    Sample("cut.pdf", "application/pdf", lambda: pdf(PHRASE)[:300], "note: damaged PDF"),
    Sample("not.pdf", "application/pdf", lambda: b"<html>", "note: not a PDF"),
    Sample("locked.docx", DOCX, encrypted_word, "note: with a password"),
    Sample("cut.docx", DOCX, lambda: word()[:2000], "note: damaged or not a .docx"),
    Sample("other.docx", DOCX, lambda: zipped({"a": b"b"}), "note: not a .docx"),
    Sample("bomb.docx", DOCX, zip_bomb, "note: looks like a zip bomb"),
    Sample("not.xls", "application/vnd.ms-excel", lambda: b"a,b", "note: not a .xls"),
    Sample("page.xls", "application/vnd.ms-excel", lambda: b"<html>", "note: not a .xls"),
    Sample("not.rtf", "application/rtf", lambda: b"hello", "note: not a .rtf"),
    Sample("cut.jpg", "image/jpeg", lambda: image("JPEG", size=(900, 900))[:9000], "note: damaged"),
    Sample("cut.png", "image/png", lambda: image("PNG", size=(900, 900))[:900], "note: damaged"),
    Sample("cut.heic", "image/heic", lambda: image("HEIF")[:400], "note: damaged"),
    Sample("not.png", "image/png", lambda: b"hello", "note: not a readable image"),
    Sample("huge.png", "image/png", huge_png, "note: 30,000 × 30,000 pixels"),
    Sample("cut.psd", "image/vnd.adobe.photoshop", lambda: b"8BPS\0\1", "note: is a PSD image"),
    Sample("a.djvu", "image/vnd.djvu", lambda: b"AT&TFORM", "note: files of this type"),
]

SAMPLES = IMAGES + DOCUMENTS + TEXTS + REFUSED
