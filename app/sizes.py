"""Sizes in bytes as people read them."""


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
