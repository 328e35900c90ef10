"""The rows of images."""

from app.file_types.file_type import Delivery, Family, FileType, Signature


def _shown(mime_type: str, *suffixes: str, decoder: str, aliases: tuple[str, ...] = ()) -> FileType:
    """An image that browsers show safely, and that the model's API takes as it is."""
    return FileType(
        mime_type,
        suffixes,
        Family.IMAGE,
        Delivery.IMAGE,
        (Signature(mime_type),),
        aliases,
        is_inline=True,
        decoder=decoder,
    )


def _transcoded(
    mime_type: str,
    *suffixes: str,
    decoder: str,
    signature: Signature | None = None,
    aliases: tuple[str, ...] = (),
) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.IMAGE,
        Delivery.TRANSCODED_IMAGE,
        (signature,) if signature else (),
        aliases,
        decoder=decoder,
    )


def _undecoded(mime_type: str, *suffixes: str, aliases: tuple[str, ...] = ()) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.IMAGE,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing="such images can't be decoded here; export it as PNG or JPEG",
    )


IMAGES = (
    _shown("image/png", ".png", decoder="PNG", aliases=("image/x-png", "image/apng")),
    _shown(
        "image/jpeg",
        *(".jpg", ".jpeg", ".jfif", ".jpe"),
        decoder="JPEG",
        aliases=("image/jpg", "image/pjpeg"),
    ),
    _shown("image/webp", ".webp", decoder="WEBP"),
    _shown("image/gif", ".gif", decoder="GIF"),
    _transcoded(
        "image/heic",
        ".heic",
        decoder="HEIF",
        signature=Signature.HEIF,
        aliases=("image/heic-sequence",),
    ),
    _transcoded(
        "image/heif",
        *(".heif", ".hif"),
        decoder="HEIF",
        signature=Signature.HEIF,
        aliases=("image/heif-sequence",),
    ),
    _transcoded(
        "image/avif",
        ".avif",
        decoder="AVIF",
        signature=Signature.HEIF,
        aliases=("image/avif-sequence",),
    ),
    _transcoded("image/tiff", ".tiff", ".tif", decoder="TIFF", signature=Signature.TIFF),
    _transcoded(
        "image/bmp",
        *(".bmp", ".dib"),
        decoder="BMP",
        signature=Signature.BMP,
        aliases=("image/x-bmp", "image/x-ms-bmp"),
    ),
    _transcoded(
        "image/vnd.microsoft.icon",
        ".ico",
        decoder="ICO",
        aliases=("image/x-icon", "image/ico", "image/icon", "image/x-ico"),
    ),
    FileType(
        "image/svg+xml",
        (".svg",),
        Family.IMAGE,
        Delivery.TEXT,
        (Signature.TEXT,),
    ),
    _undecoded("image/jxl", ".jxl"),
    _undecoded("image/jp2", ".jp2", aliases=("image/jpeg2000",)),
    _undecoded("image/vnd.djvu", ".djvu", ".djv", aliases=("image/x-djvu",)),
    _undecoded(
        "image/vnd.adobe.photoshop",
        ".psd",
        aliases=("image/x-photoshop", "image/x-psd", "application/x-photoshop"),
    ),
)
