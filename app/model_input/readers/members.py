"""Members: the files inside a mail, an archive or an office document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.file_types.table import of_name

# A member is unpacked in memory, and a small archive can hold gigabytes.
MAX_MEMBER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside another one. Its type comes from its name if the container has none."""

    name: str
    mime_type: str
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body)


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What a listing says of a member."""

    name: str
    mime_type: str
    size: int


def type_of(name: str) -> str:
    """Return the MIME type for the name of a member."""
    known = of_name(name)
    return known.mime_type if known else "application/octet-stream"


def listing(members: Iterable[MemberFacts]) -> str:
    """Return one line for each member: its name, its type, its size."""
    return "\n".join(f"- {each.name} ({each.mime_type}, {each.size:,} bytes)" for each in members)


def unique_names(names: Sequence[str]) -> list[str]:
    """Number repeated names, `a.png` and `a (2).png`, so that each one can be asked for."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        unique.append(name if seen[name] == 1 else f"{stem} ({seen[name]}){dot}{suffix}")
    return unique
