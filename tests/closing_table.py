"""The table at the end of a test run: what the suite proved, in numbers."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class ClosingTable:
    """The names of what tests have proved; each name counts once."""

    foreign_ids_tried: set[tuple[str, str]] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    tampered_urls_refused: set[str] = field(default_factory=set)
    crashes_survived: set[str] = field(default_factory=set)

    def portable(self) -> dict[str, list[Any]]:
        """Return the counts in a form that a worker process can send."""
        return {name: sorted(counted) for name, counted in asdict(self).items()}

    def add(self, portable: dict[str, list[Any]]) -> None:
        """Add the counts that a worker has sent."""
        for each in fields(self):
            counted: set[Any] = getattr(self, each.name)
            counted |= {tuple(one) if isinstance(one, list) else one for one in portable[each.name]}

    def lines(self) -> list[str]:
        """Return the lines to print; none if none of those tests ran."""
        rows = [
            (
                "operations and routes × foreign ids tried",
                f"{len(self.operations)} × {_each(self.foreign_ids_tried, self.operations)}"
                f" (with every parameter: {len(self.foreign_ids_tried)})",
            ),
            ("tampered URLs refused", str(len(self.tampered_urls_refused))),
            ("crash points survived", str(len(self.crashes_survived))),
        ]
        if not (self.operations or self.tampered_urls_refused or self.crashes_survived):
            return []
        width = max(len(name) for name, _ in rows)
        return [f"{name:<{width}}  {value}" for name, value in rows]


def _each(tried: set[tuple[str, str]], operations: set[str]) -> int:
    """Return with how many kinds of ids each operation was tried."""
    return len({kind for _, kind in tried}) if operations else 0


closing_table = ClosingTable()
