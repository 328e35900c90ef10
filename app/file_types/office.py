"""The rows of documents, spreadsheets, presentations and e-mail."""

from app.file_types.file_type import Delivery, Family, FileType, Signature

# Microsoft Office saves its zip formats as compound files if they have a password
# ([MS-OFFCRYPTO]).
_OPEN_XML = (Signature.ZIP, Signature.COMPOUND)
# Newer programs save their own formats under the older suffix, and every reader accepts those.
_BEFORE_2007 = (Signature.COMPOUND, Signature.ZIP, Signature.RTF)
_ZIP = (Signature.ZIP,)

_OPEN_XML_ENTRY = "[Content_Types].xml"
_OPEN_DOCUMENT_ENTRY = "content.xml"

_MICROSOFT = "application/vnd.openxmlformats-officedocument"
_OASIS = "application/vnd.oasis.opendocument"


def _unread(
    mime_type: str,
    *suffixes: str,
    family: Family,
    save_as: str,
    signatures: tuple[Signature, ...] = _ZIP,
    aliases: tuple[str, ...] = (),
) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        family,
        Delivery.NOTHING,
        signatures,
        aliases,
        why_nothing=f"no reader here knows this format; save it as {save_as}",
    )


def _open_xml(mime_type: str, suffix: str, family: Family) -> FileType:
    """Return the row of an Office format that the provider accepts as text, but not as a file."""
    return FileType(
        mime_type,
        (suffix,),
        family,
        Delivery.EXTRACTED_TEXT,
        _OPEN_XML,
        required_entry=_OPEN_XML_ENTRY,
    )


DOCUMENTS = (
    FileType(
        "application/pdf",
        (".pdf",),
        Family.DOCUMENT,
        Delivery.FILE,
        (Signature.PDF,),
        aliases=("application/x-pdf", "application/acrobat"),
    ),
    FileType(
        f"{_MICROSOFT}.wordprocessingml.document",
        (".docx",),
        Family.DOCUMENT,
        Delivery.FILE,
        _OPEN_XML,
        required_entry=_OPEN_XML_ENTRY,
    ),
    FileType(
        "application/msword",
        (".doc",),
        Family.DOCUMENT,
        Delivery.FILE,
        _BEFORE_2007,
        aliases=("application/vnd.ms-word", "application/x-msword"),
    ),
    FileType(
        f"{_OASIS}.text",
        (".odt",),
        Family.DOCUMENT,
        Delivery.FILE,
        _ZIP,
        required_entry=_OPEN_DOCUMENT_ENTRY,
    ),
    FileType(
        "application/rtf",
        (".rtf",),
        Family.DOCUMENT,
        Delivery.FILE,
        (Signature.TEXT,),
        aliases=("text/rtf", "text/richtext", "application/x-rtf"),
        mistaken_for=("application/msword",),
    ),
    FileType(
        "application/vnd.apple.pages",
        (".pages",),
        Family.DOCUMENT,
        Delivery.FILE_ONLY,
        _ZIP,
        aliases=("application/x-iwork-pages-sffpages",),
    ),
    FileType("application/epub+zip", (".epub",), Family.DOCUMENT, Delivery.EXTRACTED_TEXT, _ZIP),
    FileType(
        "application/x-fictionbook+xml",
        (".fb2",),
        Family.DOCUMENT,
        Delivery.EXTRACTED_TEXT,
        (Signature.TEXT,),
        aliases=("application/x-fictionbook", "text/fb2+xml"),
        mistaken_for=("application/xml", "text/xml"),
    ),
    _open_xml(f"{_MICROSOFT}.wordprocessingml.template", ".dotx", Family.DOCUMENT),
    _open_xml("application/vnd.ms-word.document.macroenabled.12", ".docm", Family.DOCUMENT),
    _open_xml("application/vnd.ms-word.template.macroenabled.12", ".dotm", Family.DOCUMENT),
)

SPREADSHEETS = (
    FileType(
        f"{_MICROSOFT}.spreadsheetml.sheet",
        (".xlsx",),
        Family.SPREADSHEET,
        Delivery.FILE,
        _OPEN_XML,
        required_entry=_OPEN_XML_ENTRY,
    ),
    FileType(
        "application/vnd.ms-excel",
        (".xls",),
        Family.SPREADSHEET,
        Delivery.FILE,
        _BEFORE_2007,
        aliases=("application/msexcel", "application/x-msexcel"),
    ),
    FileType(
        f"{_OASIS}.spreadsheet",
        (".ods",),
        Family.SPREADSHEET,
        Delivery.EXTRACTED_TEXT,
        _ZIP,
        required_entry=_OPEN_DOCUMENT_ENTRY,
    ),
    _open_xml(f"{_MICROSOFT}.spreadsheetml.template", ".xltx", Family.SPREADSHEET),
    _open_xml("application/vnd.ms-excel.sheet.macroenabled.12", ".xlsm", Family.SPREADSHEET),
    _open_xml("application/vnd.ms-excel.template.macroenabled.12", ".xltm", Family.SPREADSHEET),
    _open_xml("application/vnd.ms-excel.sheet.binary.macroenabled.12", ".xlsb", Family.SPREADSHEET),
    FileType(
        "application/vnd.apache.parquet",
        (".parquet",),
        Family.SPREADSHEET,
        Delivery.TABLE,
        aliases=("application/x-parquet",),
    ),
    _unread(
        "application/vnd.apple.numbers",
        ".numbers",
        family=Family.SPREADSHEET,
        save_as=".xlsx",
        aliases=("application/x-iwork-numbers-sffnumbers",),
    ),
)

PRESENTATIONS = (
    FileType(
        f"{_MICROSOFT}.presentationml.presentation",
        (".pptx",),
        Family.PRESENTATION,
        Delivery.FILE,
        _OPEN_XML,
        required_entry=_OPEN_XML_ENTRY,
    ),
    FileType(
        "application/vnd.ms-powerpoint",
        (".ppt",),
        Family.PRESENTATION,
        Delivery.FILE,
        _BEFORE_2007,
        aliases=("application/mspowerpoint", "application/powerpoint"),
    ),
    FileType(
        "application/vnd.apple.keynote",
        (".key",),
        Family.PRESENTATION,
        Delivery.FILE_ONLY,
        _ZIP,
        aliases=("application/x-iwork-keynote-sffkey",),
    ),
    FileType(
        f"{_OASIS}.presentation",
        (".odp",),
        Family.PRESENTATION,
        Delivery.EXTRACTED_TEXT,
        _ZIP,
        required_entry=_OPEN_DOCUMENT_ENTRY,
    ),
    _open_xml(f"{_MICROSOFT}.presentationml.slideshow", ".ppsx", Family.PRESENTATION),
    _open_xml(f"{_MICROSOFT}.presentationml.template", ".potx", Family.PRESENTATION),
    _open_xml(
        "application/vnd.ms-powerpoint.presentation.macroenabled.12", ".pptm", Family.PRESENTATION
    ),
    _open_xml(
        "application/vnd.ms-powerpoint.slideshow.macroenabled.12", ".ppsm", Family.PRESENTATION
    ),
)

MAIL = (
    FileType("message/rfc822", (".eml",), Family.MAIL, Delivery.MAIL, (Signature.TEXT,)),
    FileType(
        "application/vnd.ms-outlook", (".msg",), Family.MAIL, Delivery.MAIL, (Signature.COMPOUND,)
    ),
)
