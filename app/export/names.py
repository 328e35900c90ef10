"""File names in an archive that no tool can unpack to another place, and that are unique."""

_MAX_CHARACTERS = 100
# Windows allows none of these, and "/" and "\\" would make directories.
_FORBIDDEN = frozenset('<>:"/\\|?*')


def file_path(number: int, name: str) -> str:
    """Return the path of a file in the archive. The number makes it unique."""
    return f"files/{number:05}-{safe_name(name)}"


def safe_name(name: str) -> str:
    """Return the last part of a name or path, with only characters that every system allows."""
    last = name.replace("\\", "/").rpartition("/")[2]
    allowed = "".join(
        each if each.isprintable() and each not in _FORBIDDEN else "_" for each in last
    )
    stem, dot, suffix = allowed.strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    kept = stem[: _MAX_CHARACTERS - len(dot + suffix[:20])]
    return f"{kept}{dot}{suffix[:20]}".strip(" .") or "file"
