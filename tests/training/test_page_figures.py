"""The page view of a run's notebook: pictures that stand alone, errors first."""

from __future__ import annotations

import base64
import re

from PIL import Image

from genlab_widgets.projects.pages.format import Page
from genlab_widgets.training.page_figures import MOST_PAGES, gallery, marked_page
from genlab_widgets.training.page_marks import Box, Mark, MarkedPage

BOX = Box(0.1, 0.1, 0.5, 0.2)
MISSED = Mark(verdict="missed", gold_label="<TOTAL>", gold_text="9.50 <b>", gold=[BOX])
WRONG = Mark(
    verdict="wrong_label", gold_label="DATE", gold_text="1 May", gold=[BOX],
    predicted_label="TOTAL", predicted_text="1 May", predicted=[BOX],
)  # fmt: skip
RIGHT = Mark(verdict="right", gold_label="DATE", gold_text="x", gold=[BOX], predicted_label="DATE", predicted=[BOX])


def page(number: int, *marks: Mark) -> MarkedPage:
    """Returns a page of A4's proportions."""
    return MarkedPage(task_id=number, source=Page("images/a.png", 0, 210, 297), marks=list(marks))


def pictures(markup: str) -> list[bytes]:
    """Returns the embedded pictures."""
    return [base64.b64decode(found) for found in re.findall(r"data:image/jpeg;base64,([^\"]+)", markup)]


def test_pages_with_errors_are_shown_as_pictures_that_need_no_file() -> None:
    pages = [page(1, MISSED), page(2, WRONG, RIGHT), page(3, RIGHT)]
    view = gallery(pages, lambda _: Image.new("RGB", (420, 594), "#ddd"), ["<TOTAL>", "DATE"], {"DATE": "red"})
    markup, told = view._repr_html_(), repr(view)
    assert len(pictures(markup)) == 2
    assert "<TOTAL>" not in markup
    assert "9.50 <b>" not in markup
    assert "2 of 3 test pages have an error." in told
    assert "Task 1: 1 missed" in told
    assert 'alt="Task 2: 1 wrong label, 1 right."' in markup


def test_many_pages_are_cut_and_small() -> None:
    photo = Image.effect_noise((1400, 1980), 40).convert("RGB")
    view = gallery([page(number, MISSED) for number in range(40)], lambda _: photo, ["<TOTAL>"])
    found = pictures(view._repr_html_())
    assert len(found) == MOST_PAGES
    assert max(map(len, found)) < 700_000
    assert "40 of 40 test pages have an error; the 6 with most errors." in repr(view)


def test_without_an_error_one_page_shows_what_is_right() -> None:
    view = gallery([page(1, RIGHT), page(2, RIGHT)], lambda _: None, ["DATE"])
    assert len(pictures(view._repr_html_())) == 1
    assert "No test page has an error." in repr(view)


def test_no_page_says_so() -> None:
    assert "no page to show" in repr(gallery([], lambda _: None, []))


def test_a_very_long_page_keeps_its_proportions() -> None:
    drawn = marked_page(page(1, MISSED), Image.new("RGB", (300, 6000), "white"), {})
    width, height = drawn.figure.get_size_inches()
    assert height <= 11
    assert abs(height / width - 20) < 0.01
