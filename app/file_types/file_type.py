"""A row of the table of file types."""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What a person would call the file."""

    IMAGE = "image"
    TEXT = "text"
    DOCUMENT = "document"
    SPREADSHEET = "spreadsheet"
    PRESENTATION = "presentation"
    MAIL = "mail"
    ARCHIVE = "archive"
    AUDIO = "audio"
    VIDEO = "video"
    OTHER = "other"


class Signature(StrEnum):
    """A format that the first bytes of a file show, by its MIME type.

    A row may also name a type that `detect` returns and that is not here.
    """

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"
    BMP = "image/bmp"
    TIFF = "image/tiff"
    HEIC = "image/heic"
    AVIF = "image/avif"
    ICO = "image/x-icon"
    JXL = "image/jxl"
    JP2 = "image/jp2"
    PSD = "image/vnd.adobe.photoshop"
    PDF = "application/pdf"
    RTF = "application/rtf"
    ZIP = "application/zip"
    COMPOUND = "application/x-ole-storage"  # [MS-CFB]: Office before 2007, or with a password
    TEXT = "text/plain"


class Delivery(StrEnum):
    """How a file reaches the model."""

    IMAGE = "image"  # as it is, or scaled down
    TRANSCODED_IMAGE = "transcoded image"
    FILE = "file"  # as it is by the Responses API, as extracted text by Chat Completions
    FILE_ONLY = "file only"  # as it is by the Responses API, nothing by Chat Completions
    EXTRACTED_TEXT = "extracted text"
    TEXT = "text"
    MAIL = "mail"
    ARCHIVE = "archive"  # a list of what is in it, and small texts
    TABLE = "table"  # its profile
    TRANSCRIPT = "transcript"  # what is said in it
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class FileType:
    """What this service knows about one type of files.

    Names of types and suffixes are in lower case, and suffixes have their dot.
    """

    mime_type: str
    """The registered type, or the one in common use where none is registered."""
    suffixes: tuple[str, ...]
    """The first one is the canonical suffix. A name without a dot is a whole file name."""
    family: Family
    delivery: Delivery
    signatures: tuple[str, ...] = ()
    """What such a file may begin with, the usual one first; empty where no signature is known."""
    aliases: tuple[str, ...] = ()
    """Other names of this very type."""
    mistaken_for: tuple[str, ...] = ()
    """Types of other files that browsers and systems declare for these suffixes."""
    is_inline: bool = False
    """Whether browsers can show it safely. All other files are only downloaded."""
    decoder: str = ""
    """Pillow's name of the format, for images that are decoded."""
    required_entry: str = ""
    """The entry that a zip archive must have to be a file of this type."""
    why_nothing: str = ""
    """For `Delivery.NOTHING`: the reason, and what to do instead. A clause without a full stop."""

    @property
    def suffix(self) -> str:
        """The canonical suffix; empty for a type that the table does not have."""
        return self.suffixes[0] if self.suffixes else ""

    @property
    def is_known(self) -> bool:
        """Whether the table has it."""
        return bool(self.suffixes)

    @property
    def is_text(self) -> bool:
        """Whether its bytes are text, in any encoding."""
        return self.signatures == (Signature.TEXT,)

    @property
    def is_image_for_model(self) -> bool:
        """Whether the model gets it as an image."""
        return self.delivery in (Delivery.IMAGE, Delivery.TRANSCODED_IMAGE)

    @property
    def has_thumbnail(self) -> bool:
        """Whether a preview can be made of it."""
        return bool(self.decoder)

    @property
    def reaches_model(self) -> bool:
        """Whether the model gets anything of it."""
        return self.delivery is not Delivery.NOTHING
