"""Words are found with the place where they stand."""

from app.model_input.readers.occurrences import find


def test_a_phrase_is_found_across_lines_and_in_any_case() -> None:
    found = find(["nothing", "the Quick\n  brown fox"], "quick BROWN")
    [only] = found.occurrences
    assert (only.place, only.offset_chars, found.of) == (1, 4, "the phrase")
    assert only.snippet == "the Quick brown fox"


def test_words_that_are_no_phrase_are_found_near_each_other() -> None:
    found = find(["fox", "the fox is brown", "brown"], "brown fox")
    assert found.of == "all words" and [each.place for each in found.occurrences] == [1]


def test_some_of_the_words_are_better_than_nothing() -> None:
    found = find(["a fox"], "purple fox")
    assert found.of == "1 of the 2 words" and found.total == 1


def test_all_are_counted_and_the_first_ones_returned() -> None:
    found = find(["fox " * 500], "fox")
    assert found.total == 500 and len(found.occurrences) == 20
    assert find(["cat"], "fox").total == find(["cat"], " ").total == 0
