"""Terms of names and queries: what finds what, and whose."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.search_terms import least_shared, query_terms, search_terms


def finds(query: str, name: str, *, owner: str = "alice") -> bool:
    wanted = query_terms("alice", query)
    shared = len(set(wanted) & set(search_terms(owner, name)))
    return bool(wanted) and shared >= least_shared(len(wanted))


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("r", "report.pdf"),
        ("rep", "Annual REPORT 2024.pdf"),
        ("report", "quarterlyreport.pdf"),
        ("pdf report", "report.pdf"),
        ("reprot", "report.pdf"),
        ("raport", "report.pdf"),
        ("invocie", "Invoice 4711.docx"),
        ("phoot", "photo.png"),
        ("zerba", "zebra.png"),
        ("fiel", "file.txt"),
        ("cafe", "Cafe\u0301 menu.txt"),
        ("café", "CAFE menu.txt"),
        ("strasse", "Straße.png"),
        ("写真", "夏の写真.png"),
        ("🐈", "my 🐈.txt"),
        ("report ", "report.pdf"),
        ("2024-03", "minutes 2024-03-07.md"),
    ],
)
def test_a_query_finds_a_name(query: str, name: str) -> None:
    assert finds(query, name)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("r", "notes.txt"),
        ("rep", "rabbit.png"),
        ("report ", "portrait.png"),
        ("budget", "bridge.png"),
        ("...", "report.pdf"),
        ("", "report.pdf"),
        ("x" * 500, "report.pdf"),
    ],
)
def test_a_query_does_not_find_a_name(query: str, name: str) -> None:
    assert not finds(query, name)


def test_no_term_of_one_owner_is_a_term_of_another() -> None:
    assert not finds("report", "report", owner="bob")
    assert not set(search_terms("bob", "report")) & set(search_terms("alice", "report"))


@given(st.text(), st.text(max_size=2000))
def test_terms_can_be_stored_and_stay_few(owner: str, name: str) -> None:
    terms = search_terms(owner, name)
    assert terms == sorted(set(terms))
    assert len(terms) < 900
    for term in terms:
        assert "\0" not in term
        term.encode("utf-8")


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=40), st.data())
def test_the_beginning_of_a_name_always_finds_it(name: str, data: st.DataObject) -> None:
    folded = unicodedata.normalize("NFKD", name.casefold())
    beginning = folded[: data.draw(st.integers(1, len(folded)))]
    wanted = query_terms("alice", beginning)
    assert set(wanted) <= set(search_terms("alice", name))
