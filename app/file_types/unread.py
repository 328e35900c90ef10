"""The rows of files that no reader here reads: what is in them never reaches the model."""

from functools import partial

from app.file_types.file_type import Delivery, Family, FileType


def _unread(
    family: Family,
    why_nothing: str,
    mime_type: str,
    *suffixes: str,
    aliases: tuple[str, ...] = (),
) -> FileType:
    return FileType(
        mime_type, suffixes, family, Delivery.NOTHING, aliases=aliases, why_nothing=why_nothing
    )


_audio = partial(
    _unread,
    Family.AUDIO,
    "sound in this format can't be transcribed here; save it as .mp3, .m4a or .wav",
)
_video = partial(
    _unread,
    Family.VIDEO,
    "video in this format can't be used here; save it as .mp4, of which the model gets what is"
    " said, or attach single pictures of it",
)
_archive = partial(
    _unread, Family.ARCHIVE, "such archives are not unpacked here; make a .zip of it"
)
_program = partial(_unread, Family.OTHER, "the model can't read a program; attach its source")
_data = partial(
    _unread,
    Family.OTHER,
    "no reader here knows this format; export what matters as text, CSV or PDF",
)

UNREAD = (
    _audio("audio/aac", ".aac", aliases=("audio/x-aac",)),
    _audio("audio/x-ms-wma", ".wma"),
    _audio("audio/amr", ".amr"),
    _audio("audio/x-aiff", ".aiff", ".aif", aliases=("audio/aiff",)),
    _audio("audio/midi", ".mid", ".midi", aliases=("audio/x-midi", "audio/mid")),
    _video("video/quicktime", ".mov"),
    _video("video/x-matroska", ".mkv"),
    _video("video/x-msvideo", ".avi", aliases=("video/avi",)),
    _video("video/mp2t", ".m2ts"),
    _video("video/x-ms-wmv", ".wmv"),
    _video("video/3gpp", ".3gp"),
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
