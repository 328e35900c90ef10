"""The rows of files that no reader here reads: what is in them never reaches the model."""

from app.file_types.file_type import Delivery, Family, FileType


def _audio(mime_type: str, *suffixes: str, aliases: tuple[str, ...] = ()) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.AUDIO,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing="the model takes no sound; attach a transcript of it",
    )


def _video(mime_type: str, *suffixes: str, aliases: tuple[str, ...] = ()) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.VIDEO,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing="the model takes no video; attach single pictures of it",
    )


def _archive(mime_type: str, *suffixes: str, aliases: tuple[str, ...] = ()) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.ARCHIVE,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing="such archives are not unpacked here; make a .zip of it",
    )


def _program(mime_type: str, *suffixes: str, aliases: tuple[str, ...] = ()) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.OTHER,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing="the model can't read a program; attach its source",
    )


def _data(mime_type: str, *suffixes: str, aliases: tuple[str, ...] = ()) -> FileType:
    return FileType(
        mime_type,
        suffixes,
        Family.OTHER,
        Delivery.NOTHING,
        aliases=aliases,
        why_nothing="no reader here knows this format; export what matters as text, CSV or PDF",
    )


UNREAD = (
    _audio("audio/mpeg", ".mp3", aliases=("audio/mp3", "audio/x-mp3", "audio/x-mpeg")),
    _audio("audio/mp4", ".m4a", aliases=("audio/m4a", "audio/x-m4a")),
    _audio("audio/wav", ".wav", aliases=("audio/x-wav", "audio/vnd.wave", "audio/wave")),
    _audio("audio/ogg", ".ogg", ".oga", ".opus", aliases=("audio/opus",)),
    _audio("audio/flac", ".flac", aliases=("audio/x-flac",)),
    _audio("audio/aac", ".aac", aliases=("audio/x-aac",)),
    _audio("audio/x-ms-wma", ".wma"),
    _audio("audio/webm", ".weba"),
    _video("video/mp4", ".mp4", ".m4v", aliases=("video/x-m4v",)),
    _video("video/quicktime", ".mov"),
    _video("video/webm", ".webm"),
    _video("video/x-matroska", ".mkv"),
    _video("video/x-msvideo", ".avi", aliases=("video/avi",)),
    _video("video/mpeg", ".mpg", ".mpeg"),
    _video("video/mp2t", ".m2ts"),
    _video("video/x-ms-wmv", ".wmv"),
    _video("video/3gpp", ".3gp"),
    _archive("application/zstd", ".zst"),
    _archive("application/x-7z-compressed", ".7z"),
    _archive(
        "application/vnd.rar",
        ".rar",
        aliases=("application/x-rar-compressed", "application/x-rar"),
    ),
    _program(
        "application/vnd.microsoft.portable-executable",
        *(".exe", ".dll"),
        aliases=(
            *("application/x-msdownload", "application/x-ms-dos-executable"),
            *("application/x-msdos-program", "application/x-dosexec"),
        ),
    ),
    _program("application/x-msi", ".msi"),
    _program("application/wasm", ".wasm"),
    _program("application/java-vm", ".class", aliases=("application/x-java",)),
    _program("application/vnd.android.package-archive", ".apk"),
    _program("application/x-apple-diskimage", ".dmg"),
    _program("application/x-iso9660-image", ".iso", aliases=("application/x-cd-image",)),
    _data("application/vnd.sqlite3", ".sqlite", ".db", aliases=("application/x-sqlite3",)),
    _data("application/vnd.visio", ".vsd"),
    _data(
        "application/vnd.ms-visio.drawing",
        ".vsdx",
        aliases=("application/vnd.ms-visio.drawing.main+xml",),
    ),
    _data("font/ttf", ".ttf", aliases=("application/x-font-ttf",)),
    _data("font/otf", ".otf", aliases=("application/x-font-otf",)),
    _data("font/woff", ".woff", aliases=("application/font-woff",)),
    _data("font/woff2", ".woff2"),
)
