"""The pages of a run's test tasks: what people marked and what the model found, errors first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets

from genlab_widgets.errors import GenlabError
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.page import show, text
from genlab_widgets.widgets.parts import PageView, h
from genlab_widgets.widgets.parts.markup import safe_colour
from genlab_widgets.widgets.parts.pageview import Shown

if TYPE_CHECKING:
    from genlab_widgets.training.page_marks import Mark, MarkedPage
    from genlab_widgets.workspace import Run

ERRORS, EVERY = "errors", "every"


class PagesPanel(ipywidgets.Box):
    """The page view over the pages of one run.

    Args:
        guarded: Makes a callback that shows its errors in the page.
    """

    def __init__(self, guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self._run: Run | None = None
        self._all: Sequence[MarkedPage] = ()
        self._chosen: list[MarkedPage] = []
        self._colours: Mapping[str, str] = {}
        self.view = PageView(empty="No page has this.")
        self.view.on("turn", guarded(lambda place: self.view.turn(place)))
        self.view.on("filter", guarded(lambda filter: self._filter(str(filter))))
        self.children = (text(h("h3", "Pages, errors first")), self.view)
        show(self, False)

    def fill(self, run: Run, colours: Mapping[str, str]) -> None:
        """Shows the pages of a run; takes no place where it has none."""
        self._run, self._colours = run, colours
        self._all = run.pages()
        show(self, bool(self._all))
        if self._all:
            self.view.filters = self._filters()
            self._filter(ERRORS if any(page.errors for page in self._all) else EVERY)

    def _filters(self) -> list[dict[str, str]]:
        from genlab_widgets.training.page_marks import VERDICTS

        kinds = {ERRORS: "with an error"}
        kinds |= {str(kind): f"with \u201c{words}\u201d" for kind, words in VERDICTS.items() if kind != "right"}
        found = {kind: sum(_passes(page, kind) for page in self._all) for kind in kinds}
        told = [{"value": kind, "title": f"{wording.plural(found[kind], 'page')} {kinds[kind]}"} for kind in kinds]
        return [*told, {"value": EVERY, "title": f"all {wording.plural(len(self._all), 'page')}"}]

    def _filter(self, kind: str) -> None:
        self.view.filter = kind
        self._chosen = [page for page in self._all if _passes(page, kind)]
        self.view.serve(len(self._chosen), self._fetch)

    def _fetch(self, place: int) -> Shown:
        page = self._chosen[place]
        picture, note = b"", ""
        try:
            picture = self._run.page_picture(page) if self._run else b""
        except GenlabError as error:
            note = f"{error.what} {error.why} The boxes are shown without it."
        return Shown(shown_page(page, self._colours, note), picture)


def _passes(page: MarkedPage, kind: str) -> bool:
    return kind == EVERY or bool(page.errors if kind == ERRORS else page.counts[kind])


def shown_page(page: MarkedPage, colours: Mapping[str, str], note: str = "") -> dict[str, Any]:
    """Returns a page as the view draws it.

    Args:
        page: The page.
        colours: Colour by label.
        note: Why there is no picture.
    """
    width, height = page.size
    wrong = "; ".join(mark.sentence for mark in page.marks if mark.verdict != "right")
    return {
        "name": page.name,
        "finding": page.finding,
        "alt": f"{page.name}: {page.finding}.{f' {wrong}.' if wrong else ''}",
        "width": width,
        "height": height,
        "note": note,
        "marks": [_mark(mark, number, colours) for number, mark in enumerate(page.marks, 1)],
    }


def _mark(mark: Mark, number: int, colours: Mapping[str, str]) -> dict[str, Any]:
    from genlab_widgets.training.page_marks import VERDICTS

    right = mark.verdict == "right"
    sides = [
        ("annotated", mark.gold_label, mark.gold_text, mark.gold),
        ("predicted", mark.predicted_label, mark.predicted_text, mark.predicted),
    ]
    return {
        "number": 0 if right else number,
        "verdict": mark.verdict,
        "words": VERDICTS[mark.verdict],
        "sides": [
            {
                "role": role,
                "label": label,
                "text": quoted or "",
                "words": f"{role} {label}",
                "colour": safe_colour(colours.get(label), "#767676"),
                "boxes": boxes,
            }
            for role, label, quoted, boxes in sides[right:]  # both sides of what is right are the same
            if label
        ],
    }
