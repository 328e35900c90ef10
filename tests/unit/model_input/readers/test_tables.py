"""Tables: types, profiles and SQL, which can read nothing but the table."""

import io
from collections.abc import Sequence
from datetime import date

import openpyxl
import pytest

from app.model_input.readers import tables
from app.model_input.readers.tables import Tables
from app.model_input.readers.unreadable import Unreadable


def prepared(body: bytes, suffix: str = ".csv") -> Tables:
    found = tables.prepare(body, suffix, -1)
    assert isinstance(found, Tables)
    return found


def workbook(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_profile_has_rows_columns_types_ranges_head_and_tail() -> None:
    rows = "".join(f"{n},{n / 2},name {n % 7}\n" for n in range(5000))
    profile = prepared(f"id,half,name\n{rows}".encode()).profile
    assert 'Table "data": 5,000 rows, 3 columns.' in profile
    assert "id,BIGINT,0,4999," in profile and "half,DOUBLE,0.0,2499.5," in profile
    assert "0,0.0,name 0" in profile and "4999,2499.5,name 1" in profile


def test_a_million_rows_are_added_up() -> None:
    body = b"n\n" + b"".join(b"%d\n" % n for n in range(1_000_000))
    assert tables.query(prepared(body), "SELECT sum(n) FROM data") == "sum(n)\n499999500000"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_separator_is_found(separator: str) -> None:
    body = separator.join(["a", "b"]) + "\n" + f"1{separator}x\n" * 9
    assert tables.query(prepared(body.encode()), "SELECT sum(a) s FROM data") == "s\n9"


def test_numbers_with_leading_zeros_stay_as_they_are() -> None:
    assert "01067" in prepared(b"code,n\n01067,1\n99999,2\n").profile


def test_rows_of_unequal_length_are_kept_and_it_is_said() -> None:
    found = prepared(b"a,b\n" + b"1,x\n" * 40 + b'"2,y\n3\n')
    assert "irregular" in found.profile
    assert tables.query(found, "SELECT count(b) FROM data") == "count(b)\n41"


def test_every_sheet_is_a_table_of_its_name() -> None:
    body = workbook(
        People=[["name", "born"], ["Ada", date(1915, 12, 10)]],
        Codes=[["code", "n"], ["007", 1], ["008", 2.5]],
    )
    found = prepared(body, ".xlsx")
    assert tables.query(found, 'SELECT born FROM "People"') == "born\n1915-12-10"
    assert (
        tables.query(found, "SELECT code, n FROM Codes ORDER BY n DESC")
        == "code,n\n008,2.5\n007,1.0"
    )


@pytest.mark.slow
def test_a_profile_says_how_many_sheets_were_not_read() -> None:
    rows: Sequence[Sequence[object]] = [["n"], [1]]
    sheets = {f"Sheet{n}": rows for n in range(1, 52)}
    profile = prepared(workbook(**sheets), ".xlsx").profile
    assert "The workbook has 51 sheets. Only the first 50 are read." in profile
    assert 'Table "Sheet50"' in profile and "Sheet51" not in profile
    del sheets["Sheet51"]
    fewer = prepared(workbook(**sheets), ".xlsx").profile
    assert fewer.startswith('Table "Sheet1"')


def test_a_sheet_without_header_has_the_letters_of_its_columns() -> None:
    found = prepared(workbook(Sheet=[[1, 2], [3, 4]]), ".xlsx")
    assert tables.query(found, "SELECT sum(A) a, sum(B) b FROM Sheet") == "a,b\n4,6"


def test_a_short_workbook_needs_no_profile() -> None:
    assert (
        tables.prepare(workbook(Sheet=[["a"], *[[n] for n in range(999)]]), ".xlsx", 1000) is None
    )
    long = tables.prepare(workbook(Sheet=[["a"], *[[n] for n in range(1001)]]), ".xlsx", 1000)
    assert isinstance(long, Tables) and long.tables[0].rows == 1001


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('http://127.0.0.1/')",
        "COPY data TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/stolen.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM glob('/*')",
        "EXPORT DATABASE '/tmp/stolen'",
    ],
)
def test_a_query_reaches_no_file_and_no_network(sql: str) -> None:
    answer = tables.query(prepared(b"a\n1\n"), sql)
    assert isinstance(answer, Unreadable) and "the query failed" in answer.reason


def test_a_query_that_needs_too_much_memory_fails() -> None:
    answer = tables.query(prepared(b"a\n1\n"), "SELECT list(range) FROM range(900000000)")
    assert isinstance(answer, Unreadable) and "Out of Memory" in answer.reason


def test_an_invalid_query_names_the_tables() -> None:
    answer = tables.query(prepared(b"a\n1\n"), "SELECT b FROM sheet1")
    assert isinstance(answer, Unreadable) and 'The tables are: "data"' in answer.reason


def test_a_long_result_is_cut_and_it_is_said() -> None:
    answer = tables.query(prepared(b"a\n" + b"1\n" * 900), "FROM data")
    assert isinstance(answer, str) and "more than 500 rows" in answer
