"""Reading order: skew, columns, tables, pages."""

from __future__ import annotations

import random

import pytest

from genlab_widgets.projects.pages.layout import Layout, Word, in_order
from genlab_widgets.projects.pages.order import slope
from tests.projects.pages.samples import line, skewed

RECEIPT = [
    "CORNER SHOP LTD",
    "12 High Street Oldtown",
    "Milk 1.20",
    "Wholemeal bread 2.35",
    "Butter unsalted 3.10",
    "Coffee beans 7.99",
    "TOTAL 14.64",
    "Thank you",
]


def receipt() -> list[Word]:
    words = line(RECEIPT[0], 300, 40) + line(RECEIPT[1], 260, 70)
    for place, text in enumerate(RECEIPT[2:7]):
        item, _, price = text.rpartition(" ")
        words += line(item, 80, 130 + 26 * place) + line(price, 660, 130 + 26 * place)
    return words + line(RECEIPT[7], 340, 300)


def columns() -> tuple[list[Word], str]:
    left = [f"left column number {n} goes on here" for n in range(12)]
    right = [f"right column number {n} says more" for n in range(12)]
    words = line("A title that stands over both of the columns on this page", 60, 40)
    for place, (one, other) in enumerate(zip(left, right, strict=True)):
        words += line(one, 40, 90 + 28 * place) + line(other, 440, 97 + 28 * place)
    words += line("and a last line under both of the columns of this page", 60, 470)
    title, last = "A title that stands over both of the columns on this page", "and a last line under both"
    return words, "\n".join([title, *left, *right, f"{last} of the columns of this page"])


@pytest.mark.parametrize("degrees", [-5, -3, -1, 0, 1, 3, 5])
def test_rows_of_a_receipt_stay_lines_whatever_the_skew(degrees: float) -> None:
    assert in_order(skewed(receipt(), degrees)).text == "\n".join(RECEIPT)


@pytest.mark.parametrize("degrees", [-3, 0, 3])
def test_columns_are_read_one_after_the_other_whatever_the_skew(degrees: float) -> None:
    words, text = columns()
    assert in_order(skewed(words, degrees)).text == text


def test_three_columns() -> None:
    words, lines = [], []
    for column in range(3):
        texts = [f"column {column} has row number {n}"[:26] for n in range(8)]
        for place, text in enumerate(texts):
            words += line(text, 10 + 270 * column, 50 + 30 * place)
        lines += texts
    assert in_order(words).text == "\n".join(lines)


def test_the_order_of_the_given_words_does_not_matter() -> None:
    words, text = columns()
    random.Random(3).shuffle(words)
    assert in_order(words).text == text


def test_labels_and_values_of_a_form_stay_on_their_line() -> None:
    rows = [("Invoice No", "4711"), ("Date", "1 May 2024"), ("Customer", "Ann Example"), ("Due", "15 May 2024")]
    words = [w for n, (a, b) in enumerate(rows) for w in line(a, 40, 40 + 30 * n) + line(b, 400, 40 + 30 * n)]
    assert in_order(words).text == "\n".join(f"{a} {b}" for a, b in rows)


def test_the_slope_is_that_of_most_lines_not_of_an_outlier() -> None:
    words = [*skewed(receipt(), 2), Word("stamp", 0.1, 0.8, 0.2, 0.82), Word("askew", 0.22, 0.86, 0.3, 0.88)]
    expected = 0.0349 * 800 / 1100
    assert slope(words) == pytest.approx(expected, rel=0.2)


def test_pages_follow_each_other_and_lines_count_on() -> None:
    second = [word._replace(page=1) for word in line("page two", 40, 40)]
    layout = in_order([*second, *line("page one", 40, 900), *line("last line", 40, 940)])
    assert layout.text == "page one\nlast line\npage two"
    assert layout.lines == (0, 0, 1, 1, 2, 2)
    assert [
        layout.text[start : start + len(word.text)] for word, start in zip(layout.words, layout.starts, strict=True)
    ] == [word.text for word in layout.words]


def test_a_big_word_beside_two_small_lines_takes_neither_in() -> None:
    logo = Word("LOGO", 0.05, 0.02, 0.3, 0.075)
    words = [logo, *line("first small line", 400, 24), *line("second small line", 400, 60)]
    text = in_order(words).text
    assert "first small line\nsecond" in text or "first small line\nLOGO\nsecond" in text


@pytest.mark.parametrize("words", [[], [Word("alone", 0.1, 0.1, 0.2, 0.12)], [Word("flat", 0.1, 0.1, 0.1, 0.1)] * 3])
def test_few_or_flat_words_are_all_kept(words: list[Word]) -> None:
    assert sorted(in_order(words).words) == sorted(words)


def test_empty_lines_have_no_number() -> None:
    word = Word("a", 0, 0, 1, 1)
    assert Layout.of([[], [word], [], [word]]).lines == (0, 1)
