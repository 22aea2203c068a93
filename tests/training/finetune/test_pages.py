"""Pages as rows: channels, whole words, windows that overlap, and one tag a word."""

from __future__ import annotations

import numpy as np
import pytest

from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.finetune import pages
from genlab_widgets.training.finetune.pages import CHANNELS, STEPS, Page, Reader
from tests.training.finetune import page_samples, samples


def test_a_task_is_cut_into_pages_and_tagged() -> None:
    made = page_samples.example(7, [["a", "b"], ["c"], ["d"], ["e"]], {(0, 1): "X", (3, 0): "Y"}, pages=2)
    first, second = pages.pages_of(made)
    assert [word.text for word in first.words] == ["a", "b", "c"]
    assert first.tags == ("O", "B-X", "O")
    assert second.tags == ("O", "B-Y")
    assert (second.task_id, second.first) == (7, 3)
    assert pages.pages_of(Example(1, "", (), Layout.of([]))) == []
    assert pages.pages_of(Example(1, "only text", ())) == []


def test_a_span_over_two_pages_begins_anew() -> None:
    made = page_samples.layout([["a"], ["b"]], pages=2)
    found = pages.pages_of(Example(1, made.text, (Span(0, len(made.text), "X"),), made))
    assert [page.tags for page in found] == [("B-X",), ("B-X",)]


def _channels(page: Page) -> dict[str, list[int]]:
    return dict(zip(CHANNELS, pages.channels(page).T.tolist(), strict=True))


def test_channels_tell_place_line_and_look() -> None:
    made = page_samples.layout([["Shop"], ["1.00", "12/05/2020"], ["RM2.50", "1.00"]])
    found = _channels(Page(made.words, made.lines))
    assert found["from_top"] == [0, 1, 1, 2, 2]
    assert found["from_bottom"] == [2, 1, 1, 0, 0]
    assert found["left"][0] == 0
    assert found["right"][2] == STEPS - 1
    assert found["repeats"] == [1, 2, 1, 1, 2]
    assert found["rank"] == [0, 2, 0, 1, 2]
    assert len(set(found["look"])) == 3


def test_channels_do_not_change_with_the_white_around_a_page() -> None:
    made = page_samples.layout([["a", "b"], ["c"]])
    smaller = tuple(
        word._replace(
            left=word.left / 4 + 0.3, right=word.right / 4 + 0.3, top=word.top / 2 + 0.1, bottom=word.bottom / 2 + 0.1
        )
        for word in made.words
    )
    assert np.abs(pages.channels(Page(made.words, made.lines)) - pages.channels(Page(smaller, made.lines))).max() <= 1


@pytest.mark.parametrize("box", [(0.0, 0.0, 0.0, 0.0), (0.5, 0.5, 0.4, 0.4), (-2.0, -2.0, 9.0, 9.0)])
def test_odd_boxes_stay_within_the_steps(box: tuple[float, float, float, float]) -> None:
    page = Page((Word("a", *box), Word("9" * 400, *box)), (0, 500))
    found = pages.channels(page)
    assert found.min() >= 0
    assert found.max() < STEPS


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("$8.20", 8.2),
        ("RM43.40", 43.4),
        ("12", None),
        ("1.2.20", 12.2),
        ("23/06/18", None),
        ("a", None),
        ("", None),
    ],
)
def test_amounts(text: str, amount: float | None) -> None:
    assert pages._amount(text) == amount


def test_windows_cover_each_word_once_where_it_has_context() -> None:
    numbers = np.random.default_rng(0)
    for count in (1, 2, 50, 400):
        lengths = numbers.integers(1, 9, size=count).tolist()
        found = pages.windows(lengths, 60)
        assert [place for item in found for place in range(item.own_start, item.own_end)] == list(range(count))
        for item in found:
            assert item.start <= item.own_start <= item.own_end <= item.end
            assert sum(lengths[item.start : item.end]) <= 60
        for item in found[1:]:
            assert sum(lengths[item.start : item.own_start]) >= 10


def _reader(longest: int = 64, case: bool = False) -> Reader:
    vocabulary = samples.checkpoint(case=case).vocabulary
    return Reader(vocabulary, ("O", "B-ORG", "I-ORG", "B-TOTAL", "I-TOTAL"), longest)


def test_a_word_gives_all_its_pieces_and_its_first_one_the_tag() -> None:
    page = pages.pages_of(page_samples.example(1, [["bank", "0.00"], ["\u0007"]], {(0, 1): "TOTAL"}))[0]
    (row,) = _reader().rows(page)
    vocabulary = _reader().vocabulary
    assert [vocabulary.pieces[place] for place in row.ids] == ["[CLS]", "bank", "0", ".", "[UNK]", "[UNK]", "[SEP]"]
    assert row.words.tolist() == [-1, 0, 1, 1, 1, 2, -1]
    assert row.target.tolist() == [-1, 0, 3, -1, -1, 0, -1]
    assert row.places is not None
    assert (row.places[2] == row.places[4]).all()


def test_a_region_cut_by_a_window_has_no_target_behind_the_cut() -> None:
    words = tuple(Word("bank", 0.01 * place, 0, 0.01 * place + 0.005, 0.1) for place in range(40))
    page = Page(words, (0,) * 40, ("B-ORG", *["I-ORG"] * 39))
    rows = _reader(longest=22).rows(page)
    assert len(rows) > 2
    targets = [target for row in rows for target in row.target.tolist() if target >= 0]
    assert targets[0] == 1
    assert all(1 not in row.target for row in rows[1:])


def test_scores_of_words_come_from_the_window_that_owns_them() -> None:
    reader = _reader(longest=22)
    words = tuple(Word("bank", 0.01 * place, 0, 0.01 * place + 0.005, 0.1) for place in range(50))
    page = Page(words, tuple(place // 5 for place in range(50)))
    (found,) = reader.scores([page], lambda batch: np.repeat(batch["words"][..., None], 5, axis=2).astype("float32"))
    assert found[:, 0].tolist() == list(range(50))
