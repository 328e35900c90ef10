"""Sizes in bytes: the sizes that set the way of a file, and how people read them."""

# Only larger files are uploaded in parts, so only their keys may have parts to abort.
LARGE_FILE_BYTES = 32 * 1024 * 1024

# The most that a store copies in one request, as verification does.
LARGEST_FILE_BYTES = 5 * 1024**3


def in_words(size: int) -> str:
    """Return a size with a unit: `1.5 KiB` for 1536."""
    if size < 1024:
        return "1 byte" if size == 1 else f"{size} bytes"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1024 or unit == "GiB":
            break
    return f"{value:,.1f} {unit}"
