"""Reads the sheets of workbooks (Excel, OpenDocument) into DuckDB."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from app.model_input.readers.duck import memory_file, quoted
from app.model_input.readers.unreadable import Unreadable

if TYPE_CHECKING:
    import duckdb
    import python_calamine

WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".ods", ".xlsb", ".xlsm", ".xltx", ".xltm")
_MOST_SHEETS = 50
_ROWS_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class Sheets:
    """Those of the first 50 sheets that have cells. `remark` says if there are more sheets."""

    sheets: "list[python_calamine.CalamineSheet]"
    remark: str


def sheets(body: bytes) -> Sheets | Unreadable:
    """Return the sheets of a workbook."""
    import python_calamine

    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
            names = book.sheet_names
            found = [book.get_sheet_by_name(name) for name in names[:_MOST_SHEETS]]
    except (python_calamine.CalamineError, OSError, ValueError) as problem:
        return Unreadable(f"its sheets can't be read ({str(problem)[:200]})")
    remark = ""
    if len(names) > _MOST_SHEETS:
        remark = f"The workbook has {len(names):,} sheets. Only the first {_MOST_SHEETS} are read."
    return Sheets([sheet for sheet in found if sheet.height], remark)


def load_sheet(
    connection: "duckdb.DuckDBPyConnection", name: str, rows: Iterator[Sequence[Any]]
) -> tuple[int, str]:
    """Load a sheet as a table. Return its number of rows and a remark.

    DuckDB reads the rows as CSV. The types of its columns are those of the cells.
    """
    first = list(next(rows))
    is_header = len({str(c) for c in first}) == len(first) and all(
        isinstance(c, str) and c.strip() for c in first
    )
    header = [str(c) for c in first] if is_header else [_letters(i) for i in range(len(first))]
    kinds: list[set[type]] = [set() for _ in first]
    rows_read = 0
    text = io.StringIO()
    writer = csv.writer(text)
    left = rows if is_header else chain([first], rows)
    while some := list(islice(left, _ROWS_AT_A_TIME)):
        rows_read += len(some)
        writer.writerows(some)
        for kind, column in zip(kinds, zip(*some, strict=True), strict=True):
            kind |= _types_of(column)
    columns = {name: _sql_type(kind) for name, kind in zip(_distinct(header), kinds, strict=True)}
    with memory_file(text.getvalue().encode("utf-8", "replace")) as path:
        connection.execute(
            f"CREATE TABLE {quoted(name)} AS FROM read_csv(?, columns=?, header=false,"
            " delim=',', quote='\"', escape='\"', auto_detect=false, null_padding=true)",
            [path, columns],
        )
    _make_integers(connection, name, [each for each, kind in columns.items() if kind == "DOUBLE"])
    remark = "" if is_header else "the first row is no header, so columns have the sheet's letters"
    return rows_read, remark


def _types_of(cells: Sequence[Any]) -> set[type]:
    """Return the types of the cells; an empty cell is an empty string and has none."""
    types = set(map(type, cells))
    if str in types and not any(cell for cell in cells if type(cell) is str):
        types.remove(str)
    return types


def _make_integers(
    connection: "duckdb.DuckDBPyConnection", table: str, columns: Sequence[str]
) -> None:
    """Convert columns of whole numbers to integers: Excel itself has no integers."""
    for column in columns:
        whole = quoted(column)
        is_whole = f"bool_and({whole} = trunc({whole}) AND abs({whole}) < 1e15)"
        found = connection.execute(f"SELECT {is_whole} FROM {quoted(table)}").fetchone()  # noqa: S608
        if found and found[0]:
            connection.execute(f"ALTER TABLE {quoted(table)} ALTER {whole} TYPE BIGINT")


def _sql_type(kinds: set[type]) -> str:
    match sorted(kind.__name__ for kind in kinds):
        case ["bool"]:
            return "BOOLEAN"
        case ["int"]:
            return "BIGINT"
        case ["float"] | ["float", "int"]:
            return "DOUBLE"
        case ["date"]:
            return "DATE"
        case ["datetime"] | ["date", "datetime"]:
            return "TIMESTAMP"
        case ["time"]:
            return "TIME"
        case _:
            return "VARCHAR"


def _letters(index: int) -> str:
    """Return the name of a column as spreadsheets show it: A, B, …, Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _distinct(names: Sequence[str]) -> list[str]:
    """Number names that differ only in case, which SQL does not tell apart."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        key = name.casefold()
        seen[key] = seen.get(key, 0) + 1
        distinct.append(name if seen[key] == 1 else f"{name}_{seen[key]}")
    return distinct
