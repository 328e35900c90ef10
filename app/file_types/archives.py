"""The rows of archives whose content is listed, and whose members the model can fetch."""

from app.file_types.file_type import Delivery, Family, FileType, Signature


def _archive(
    mime_type: str,
    *suffixes: str,
    signatures: tuple[Signature, ...] = (),
    aliases: tuple[str, ...] = (),
) -> FileType:
    return FileType(mime_type, suffixes, Family.ARCHIVE, Delivery.ARCHIVE, signatures, aliases)


ARCHIVES = (
    _archive(
        "application/zip",
        ".zip",
        signatures=(Signature.ZIP,),
        aliases=("application/x-zip-compressed", "application/x-zip"),
    ),
    _archive("application/gzip", ".gz", ".tgz", aliases=("application/x-gzip",)),
    _archive("application/x-tar", ".tar"),
    _archive("application/x-bzip2", ".bz2", aliases=("application/x-bzip", "application/bzip2")),
    _archive("application/x-xz", ".xz"),
    _archive("application/zstd", ".zst", ".tzst", aliases=("application/x-zstd",)),
    _archive("application/x-7z-compressed", ".7z"),
    _archive(
        "application/java-archive",
        ".jar",
        signatures=(Signature.ZIP,),
        aliases=("application/x-java-archive",),
    ),
)
