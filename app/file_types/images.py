"""The rows of images."""

from app.file_types.file_type import Delivery, Family, FileType, Signature

_HEIF = (Signature.HEIC, Signature.AVIF)  # one container, whose brands are often mixed


def _shown(mime_type: str, *suffixes: str, decoder: str, aliases: tuple[str, ...] = ()) -> FileType:
    """Return the row of an image that browsers show safely and the model's API accepts as it is."""
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
    signatures: tuple[Signature, ...] = (),
    aliases: tuple[str, ...] = (),
) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.IMAGE,
        Delivery.TRANSCODED_IMAGE,
        signatures,
        aliases,
        decoder=decoder,
    )


def _undecoded(
    mime_type: str, *suffixes: str, what: str, aliases: tuple[str, ...] = ()
) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.IMAGE,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing=f"{what} can't be decoded here; export it as PNG, JPEG or PDF",
    )


IMAGES = (
    _shown("image/png", ".png", ".apng", decoder="PNG", aliases=("image/x-png", "image/apng")),
    _shown(
        "image/jpeg",
        *(".jpg", ".jpeg", ".jfif", ".jpe", ".mpo"),
        decoder="JPEG",
        aliases=("image/jpg", "image/pjpeg", "image/mpo"),
    ),
    _shown("image/webp", ".webp", decoder="WEBP"),
    _shown("image/gif", ".gif", decoder="GIF"),
    _transcoded(
        "image/heic",
        ".heic",
        decoder="HEIF",
        signatures=_HEIF,
        aliases=("image/heic-sequence",),
    ),
    _transcoded(
        "image/heif",
        *(".heif", ".hif"),
        decoder="HEIF",
        signatures=_HEIF,
        aliases=("image/heif-sequence",),
    ),
    _transcoded(
        "image/avif",
        ".avif",
        decoder="AVIF",
        signatures=_HEIF,
        aliases=("image/avif-sequence",),
    ),
    _transcoded("image/tiff", ".tiff", ".tif", decoder="TIFF", signatures=(Signature.TIFF,)),
    _transcoded(
        "image/bmp",
        *(".bmp", ".dib"),
        decoder="BMP",
        signatures=(Signature.BMP,),
        aliases=("image/x-bmp", "image/x-ms-bmp"),
    ),
    _transcoded(
        "image/vnd.microsoft.icon",
        ".ico",
        decoder="ICO",
        signatures=(Signature.ICO,),
        aliases=("image/x-icon", "image/ico", "image/icon", "image/x-ico"),
    ),
    _transcoded("image/jxl", ".jxl", decoder="JXL", signatures=(Signature.JXL,)),
    _transcoded(
        "image/jp2",
        *(".jp2", ".j2k", ".j2c", ".jpf", ".jpx"),
        decoder="JPEG2000",
        signatures=(Signature.JP2,),
        aliases=("image/jpeg2000", "image/jpx", "image/x-jp2-codestream", "image/j2c"),
    ),
    _transcoded(
        "image/vnd.adobe.photoshop",
        ".psd",
        decoder="PSD",
        signatures=(Signature.PSD,),
        aliases=("image/x-photoshop", "image/x-psd", "image/psd", "application/x-photoshop"),
    ),
    _transcoded(
        "image/x-portable-anymap",
        *(".ppm", ".pgm", ".pbm", ".pnm"),
        decoder="PPM",
        aliases=(
            *("image/x-portable-pixmap", "image/x-portable-graymap"),
            "image/x-portable-bitmap",
        ),
    ),
    _transcoded(
        "image/x-tga", ".tga", decoder="TGA", aliases=("image/x-targa", "image/targa", "image/tga")
    ),
    FileType(
        "image/svg+xml",
        (".svg",),
        Family.IMAGE,
        Delivery.TEXT,
        (Signature.TEXT,),
        aliases=("image/svg",),
    ),
    _undecoded(
        "image/vnd.djvu",
        *(".djvu", ".djv"),
        what="DjVu files",
        aliases=("image/x-djvu", "image/vnd.djvu+multipage"),
    ),
    _undecoded(
        "application/postscript",
        *(".ps", ".eps", ".ai"),
        what="PostScript files",
        aliases=("image/x-eps", "application/illustrator", "application/vnd.adobe.illustrator"),
    ),
    _undecoded("image/x-icns", ".icns", what="icons of macOS", aliases=("image/icns",)),
    _undecoded("image/x-xcf", ".xcf", what="files of GIMP"),
    _undecoded(
        "image/x-dcraw",
        *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
        what="raw photos",
        aliases=(
            *("image/x-adobe-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-nikon-nef"),
            *("image/x-sony-arw", "image/x-olympus-orf", "image/x-panasonic-rw2"),
            "image/x-fuji-raf",
        ),
    ),
    _undecoded("application/dicom", ".dcm", what="DICOM images"),
    _undecoded("image/vnd.ms-dds", ".dds", what="DDS textures", aliases=("image/x-dds",)),
    _undecoded("image/vnd.ms-photo", ".jxr", ".wdp", what="JPEG XR images", aliases=("image/jxr",)),
    _undecoded("image/wmf", ".wmf", what="Windows metafiles", aliases=("image/x-wmf",)),
    _undecoded("image/emf", ".emf", what="enhanced metafiles", aliases=("image/x-emf",)),
    _undecoded("image/x-exr", ".exr", what="OpenEXR images", aliases=("image/aces",)),
)
