"""The page view of a run: what it shows, what it asks for, and what it says when a picture is gone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from genlab_widgets.projects.pages.format import Page as PageFile
from genlab_widgets.training.page_marks import Box, Mark, MarkedPage
from genlab_widgets.training.spec import TrainingSpec
from genlab_widgets.widgets.pages.benchmark import BenchmarkPanel
from genlab_widgets.widgets.pages.page import Page
from genlab_widgets.widgets.pages.pages_panel import PagesPanel, shown_page
from genlab_widgets.widgets.parts import PageView
from genlab_widgets.widgets.parts.pageview import Shown
from genlab_widgets.workspace import Run, Workspace
from tests.samples import finish, imported, write_export

BOX = Box(0.1, 0.1, 0.5, 0.2)
MISSED = Mark(verdict="missed", gold_label="DRUG", gold_text="aspirin", gold=[BOX])
SPURIOUS = Mark(verdict="spurious", predicted_label="DOSE", predicted_text="5 mg", predicted=[BOX])
RIGHT = Mark(
    verdict="right", gold_label="DRUG", gold_text="x", gold=[BOX], predicted_label="DRUG", predicted_text="x",
    predicted=[BOX],
)  # fmt: skip


def page(number: int, *marks: Mark, image: str = "images/one.png") -> MarkedPage:
    """Returns a page of a task."""
    return MarkedPage(task_id=number, source=PageFile(image, 0, 400, 600), marks=list(marks))


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    """A finished run over a project with one picture."""
    project = imported(home, write_export(tmp_path / "notes", 12))
    images = project.folder / "images"
    images.mkdir(exist_ok=True)
    Image.new("RGB", (2800, 4200), "white").save(images / "one.png")
    return finish(Workspace(home), TrainingSpec(project="notes"), "notes")


def filled(run: Run, pages: Sequence[MarkedPage]) -> PagesPanel:
    """Returns the panel of a run with these pages."""
    run.folder.write_pages(pages)
    panel = PagesPanel(lambda function: function)
    panel.fill(run, {"DRUG": "#00aa00", "DOSE": "javascript:alert(1)"})
    return panel


def test_the_first_page_with_an_error_comes_with_its_picture_scaled_down(run: Run) -> None:
    panel = filled(run, [page(2, MISSED, RIGHT), page(1, RIGHT)])
    view = panel.view
    assert view.total == 1
    assert view.page["name"] == "Task 2"
    assert [(item["value"], item["title"]) for item in view.filters][:2] == [
        ("errors", "1 page with an error"),
        ("missed", "1 page with \u201cmissed\u201d"),
    ]
    with Image.open(io.BytesIO(view.picture)) as picture:
        assert (picture.format, max(picture.size)) == ("JPEG", 1400)


def test_the_user_turns_pages_and_filters_them(run: Run) -> None:
    view = filled(run, [page(3, MISSED, SPURIOUS), page(2, MISSED), page(1, RIGHT)]).view
    view.emit("turn", place=1)
    assert (view.place, view.page["name"]) == (1, "Task 2")
    view.emit("turn", place=99)
    assert view.place == 1
    view.emit("filter", filter="spurious")
    assert (view.total, view.place, view.page["name"]) == (1, 0, "Task 3")
    view.emit("filter", filter="wrong_bounds")
    assert (view.total, view.page, view.picture) == (0, {}, b"")
    view.emit("filter", filter="every")
    assert view.total == 3


def test_without_any_error_all_pages_are_shown(run: Run) -> None:
    assert filled(run, [page(1, RIGHT), page(2, RIGHT)]).view.filter == "every"


@pytest.mark.parametrize("image", ["images/gone.png", "../project.json", "/etc/hostname", "images/../project.json"])
def test_a_picture_that_is_gone_or_elsewhere_leaves_the_boxes_and_says_so(run: Run, image: str) -> None:
    view = filled(run, [page(1, MISSED, image=image)]).view
    assert view.picture == b""
    assert "The boxes are shown without it." in view.page["note"]
    assert view.page["marks"]


def test_a_broken_picture_says_so(run: Run) -> None:
    (run.workspace.project("notes").folder / "images" / "broken.png").write_bytes(b"no picture")
    view = filled(run, [page(1, MISSED, image="images/broken.png")]).view
    assert "broken.png" in view.page["note"]


def test_a_page_says_everything_in_words_and_takes_safe_colours_only() -> None:
    shown = shown_page(page(1, MISSED, SPURIOUS, RIGHT), {"DRUG": "#00aa00", "DOSE": "red;background:url(x)"})
    assert shown["alt"].startswith("Task 1: 1 missed, 1 false alarm, 1 right. missed: annotated DRUG")
    missed, spurious, right = shown["marks"]
    assert (missed["number"], spurious["number"], right["number"]) == (1, 2, 0)
    assert missed["sides"][0]["colour"] == "#00aa00"
    assert spurious["sides"][0]["colour"] == "#767676"
    assert [side["role"] for side in right["sides"]] == ["predicted"]


def test_a_run_of_texts_has_no_page_view(run: Run) -> None:
    panel = BenchmarkPanel(Page(run.workspace.home, background=False))
    panel.fill(run, {})
    assert panel.pages.layout.display == "none"
    assert "Quality by label" in panel.table.value


def test_a_view_that_serves_nothing_shows_nothing() -> None:
    view = PageView()
    view.turn(3)
    assert (view.place, view.page) == (0, {})
    view.serve(2, lambda place: Shown({"name": str(place)}, b"x"))
    view.turn(1)
    assert (view.page, view.picture) == ({"name": "1"}, b"x")
