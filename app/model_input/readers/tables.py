"""Reads tables into DuckDB: their profile, and answers to SQL. Runs in worker processes.

DuckDB computes over a million rows in a second, within a memory limit.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.model_input.readers.duck import count, database, lock, memory_file, quoted
from app.model_input.readers.sheets import WORKBOOK_SUFFIXES, load_sheet, sheets
from app.model_input.readers.text import decode
from app.model_input.readers.unreadable import Unreadable

if TYPE_CHECKING:
    import duckdb

SUFFIXES = (".csv", ".tsv", ".parquet", *WORKBOOK_SUFFIXES)
_MOST_COLUMNS = 200
_SHOWN_ROWS = 5
_MOST_RESULT_ROWS = 500
_CELL_CHARS = 200
_DELIMITERS = (",", ";", "\t", "|")
# Digits with leading zeros are no number: an article number, postal code or telephone number.
_LEADING_ZERO = r"^[+-]?0[0-9]"


@dataclass(frozen=True, slots=True)
class Table:
    """A table as Parquet. `remark` says what was changed when it was read."""

    name: str
    rows: int
    remark: str
    parquet: bytes


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a file, and their profile: columns, types, ranges, first and last rows."""

    tables: tuple[Table, ...]
    profile: str

    @property
    def weight_bytes(self) -> int:
        """About how many bytes of memory they take."""
        return sum(len(each.parquet) + 200 for each in self.tables) + len(self.profile)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A table in the database."""

    name: str
    rows: int
    remark: str = ""


def prepare(body: bytes, suffix: str, more_rows_than: int) -> Tables | Unreadable | None:
    """Read the tables of a file; None if each has at most `more_rows_than` rows."""
    import duckdb

    found = sheets(body) if suffix in WORKBOOK_SUFFIXES else None
    if isinstance(found, Unreadable):
        return found
    # A table has one row less than its sheet, whose first row is the header.
    if found and all(each.total_height <= more_rows_than for each in found.sheets):
        return None if more_rows_than >= 0 else Unreadable("it has no cells")
    with database() as connection:
        try:
            if found:
                names_and_rows = ((each.name, each.iter_rows()) for each in found.sheets)
                loaded = [
                    _Loaded(name, *load_sheet(connection, name, rows))
                    for name, rows in names_and_rows
                ]
            elif suffix == ".parquet":
                loaded = [_load_parquet(connection, "data", body)]
            else:
                decoded = decode(body)
                if isinstance(decoded, Unreadable):
                    return decoded
                loaded = [_load_text(connection, decoded.text)]
            if all(each.rows <= more_rows_than for each in loaded):
                return None
            remarks = [found.remark] if found and found.remark else []
            profile = "\n\n".join([*remarks, *(_profile(connection, each) for each in loaded)])
            return Tables(tuple(_kept(connection, each) for each in loaded), profile)
        except duckdb.Error as problem:
            return Unreadable(f"it can't be read as a table ({str(problem)[:300]})")


def query(tables: Tables, sql: str) -> str | Unreadable:
    """Return the result of a query as CSV; an invalid query gives the database's message."""
    import duckdb

    with database() as connection:
        for each in tables.tables:
            _load_parquet(connection, each.name, each.parquet)
        lock(connection)
        try:
            result = connection.execute(sql)
            if result.description is None:
                return Unreadable("the query has no result; write a SELECT")
            rows = result.fetchmany(_MOST_RESULT_ROWS + 1)
        except duckdb.Error as problem:
            names = ", ".join(quoted(each.name) for each in tables.tables)
            return Unreadable(f"the query failed: {str(problem)[:600]} The tables are: {names}")
        header = [str(column[0]) for column in result.description]
    text = _as_csv([header, *rows[:_MOST_RESULT_ROWS]])
    if len(rows) > _MOST_RESULT_ROWS:
        text += f"\n(The result has more than {_MOST_RESULT_ROWS} rows; only these are shown.)"
    return text


def _load_parquet(connection: "duckdb.DuckDBPyConnection", name: str, body: bytes) -> _Loaded:
    with memory_file(body) as path:
        connection.execute(f"CREATE TABLE {quoted(name)} AS FROM read_parquet(?)", [path])
    return _Loaded(name, count(connection, name))


def _load_text(connection: "duckdb.DuckDBPyConnection", text: str) -> _Loaded:
    """Load comma-separated values, or those with another delimiter."""
    with memory_file(text.encode("utf-8", "replace")) as path:
        if _load_regular(connection, path, _delimiter_of(text)):
            return _Loaded("data", count(connection, "data"))
        _load_irregular(connection, path, _delimiter_of(text))
    remark = "the rows are irregular, so all columns are text and the quotes are kept"
    return _Loaded("data", count(connection, "data"), remark)


def _delimiter_of(text: str) -> str:
    """Return the delimiter that the first line has most often; empty if it has none."""
    first = text.lstrip("\r\n").partition("\n")[0]
    best = max(_DELIMITERS, key=first.count)
    return best if best in first else ""


def _load_regular(connection: "duckdb.DuckDBPyConnection", path: str, delimiter: str) -> bool:
    """Load a table with types. Return whether all rows have the columns of the first one."""
    import duckdb

    try:
        kept_as_text = _columns_with_leading_zeros(connection, path)
        types = f", types={_struct(kept_as_text)}" if kept_as_text else ""
        connection.execute(f"CREATE TABLE data AS FROM read_csv(?, sample_size=-1{types})", [path])
    except duckdb.Error:
        return False
    # If no delimiter fits all lines, DuckDB reads each line as one column.
    columns = connection.execute("DESCRIBE data").fetchall()
    return len(columns) > 1 or not delimiter


def _load_irregular(connection: "duckdb.DuckDBPyConnection", path: str, delimiter: str) -> None:
    connection.execute(
        "CREATE OR REPLACE TABLE data AS FROM read_csv(?, all_varchar=true, null_padding=true,"
        " strict_mode=false, parallel=false, header=true, delim=?, quote='', escape='')",
        [path, delimiter or ","],
    )


def _columns_with_leading_zeros(connection: "duckdb.DuckDBPyConnection", path: str) -> list[str]:
    described = connection.execute("DESCRIBE FROM read_csv(?, sample_size=-1)", [path]).fetchall()
    numbers = [str(row[0]) for row in described if str(row[1]) in ("BIGINT", "DOUBLE", "HUGEINT")]
    if not numbers:
        return []
    tests = ", ".join(
        f"bool_or(regexp_matches({quoted(name)}, '{_LEADING_ZERO}'))" for name in numbers
    )
    found = connection.execute(
        f"SELECT {tests} FROM read_csv(?, all_varchar=true)",  # noqa: S608  # names are quoted
        [path],
    ).fetchone()
    return [name for name, has_zeros in zip(numbers, found or (), strict=False) if has_zeros]


def _struct(names: Sequence[str]) -> str:
    """Return the SQL struct that makes these columns text."""
    quoted = (name.replace("'", "''") for name in names)
    return "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in quoted) + "}"


def _profile(connection: "duckdb.DuckDBPyConnection", table: _Loaded) -> str:
    named = quoted(table.name)
    summary = connection.execute(f"SUMMARIZE {named}").fetchall()
    remark = f" ({table.remark})" if table.remark else ""
    lines = [f"Table {named}: {table.rows:,} rows, {len(summary):,} columns{remark}."]
    lines.append("column, type, minimum, maximum, distinct values (about), mean, share of empty")
    for row in summary[:_MOST_COLUMNS]:
        name, kind, low, high, distinct, mean = row[:6]
        lines.append(_as_csv([[name, kind, low, high, distinct, mean, f"{row[-1]} %"]]))
    if len(summary) > _MOST_COLUMNS:
        lines.append(f"… and {len(summary) - _MOST_COLUMNS:,} more columns.")
    header = [str(row[0]) for row in summary]
    first = connection.execute(f"FROM {named} LIMIT {_SHOWN_ROWS}").fetchall()
    lines += ["The first rows:", _as_csv([header, *first])]
    if table.rows > _SHOWN_ROWS:
        start = max(_SHOWN_ROWS, table.rows - _SHOWN_ROWS)
        last = connection.execute(f"FROM {named} LIMIT {_SHOWN_ROWS} OFFSET {start}").fetchall()
        lines += ["The last rows:", _as_csv(last)]
    return "\n".join(lines)


def _as_csv(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow(["" if value is None else _shortened(value) for value in row])
    return out.getvalue().rstrip("\n")


def _shortened(value: Any) -> str:
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    if isinstance(value, date | time | int | float) or len(text) <= _CELL_CHARS:
        return text
    return f"{text[:_CELL_CHARS]}…"


def _kept(connection: "duckdb.DuckDBPyConnection", table: _Loaded) -> Table:
    with memory_file(b"") as path:
        connection.execute(
            f"COPY {quoted(table.name)} TO '{path}' (FORMAT parquet, USE_TMP_FILE false)"
        )
        parquet = Path(path).read_bytes()
    return Table(table.name, table.rows, table.remark, parquet)
