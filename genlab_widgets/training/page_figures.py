"""The page view of a run's notebook: pages with their boxes as plain pictures, so that the record holds all it shows.

What the model found is drawn solid, what people marked dashed, both in the colour of the label. Errors have numbers,
which the table below the picture explains.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from genlab_widgets.training import report
from genlab_widgets.training.figures import Drawing, blank_figure, label_colours
from genlab_widgets.training.page_marks import VERDICTS, Box, MarkedPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from PIL.Image import Image

    from genlab_widgets.training.report import View

MOST_PAGES = 6
"""In a notebook: it stays some MB small, and the page view of the app has all of them."""
_INCHES = (7.2, 11.0)
"""Greatest width and height of a picture."""
_DPI = 110
_QUALITY = 80
_PAPER = "#ffffff"
_KEY = "Solid: found by the model. Dashed: marked by people. Numbers: errors, explained below the picture."


class Photo(Drawing):
    """A drawing over a photograph: embedded as JPEG, which is a tenth of a PNG."""

    def jpeg(self) -> bytes:
        """Renders the drawing."""
        stream = io.BytesIO()
        options = {"quality": _QUALITY, "optimize": True}
        self.figure.savefig(stream, format="jpeg", dpi=_DPI, facecolor=_PAPER, pil_kwargs=options)
        return stream.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.jpeg()).decode()
        alt = html.escape(self.alt, quote=True)
        return f'<img alt="{alt}" style="max-width:100%" src="data:image/jpeg;base64,{data}">'


def gallery(
    pages: Sequence[MarkedPage],
    picture: Callable[[MarkedPage], Image | None],
    labels: Sequence[str],
    colours: Mapping[str, str] | None = None,
) -> View:
    """Returns the pages with most errors, each as a picture with a table of its marks.

    Args:
        pages: In the order to show; those without an error are shown only where no page has any.
        picture: Returns a page's picture; None where there is none: then only the boxes are drawn.
        labels: All labels, whose places give the colours of those that have none of their own.
        colours: Colours of labels from the labeling config.
    """
    if not pages:
        return report.sentences(["There is no page to show: no test task has words on a page."])
    wrong = [page for page in pages if page.errors]
    shown = wrong[:MOST_PAGES] or list(pages[:1])
    told = f"{len(wrong):,} of {len(pages):,} test pages have an error" if wrong else "No test page has an error"
    more = f"; the {len(shown)} with most errors" if len(wrong) > len(shown) else ""
    view = report.sentences([f"{told}{more}. {_KEY}"])
    chosen = dict(zip(labels, label_colours(labels, colours), strict=True))
    for page in shown:
        title = report.heading(f"{page.name}: {page.finding}")
        drawn = marked_page(page, picture(page), chosen)._repr_html_()
        view += report.View(title._repr_html_() + drawn, repr(title)) + _marks(page)
    return view


def marked_page(page: MarkedPage, picture: Image | None, colours: Mapping[str, str]) -> Photo:
    """Draws a page with its boxes.

    Args:
        page: The page.
        picture: Its picture; None draws the boxes on white paper.
        colours: Colour by label.
    """
    size = picture.size if picture is not None else page.size
    scale = min(most / pixels for most, pixels in zip(_INCHES, size, strict=True))
    figure = blank_figure(size[0] * scale, size[1] * scale)
    axes: Axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    if picture is not None:
        axes.imshow(picture, extent=(0, 1, 1, 0), aspect="auto", interpolation="antialiased")
    for number, mark in reversed(list(enumerate(page.marks, 1))):
        error = mark.verdict != "right"
        for label, boxes, dashed in (
            (mark.predicted_label, mark.predicted, False),
            (mark.gold_label, mark.gold if error else [], True),
        ):
            for box in boxes:
                _outline(axes, box, colours.get(label or "", "#767676"), dashed, error)
        if error:
            label = mark.gold_label or mark.predicted_label or ""
            _number(axes, number, (mark.gold or mark.predicted)[0], colours.get(label, "#767676"))
    return Photo(figure, f"{page.name}: {page.finding}.")


def _outline(axes: Axes, box: Box, colour: str, dashed: bool, error: bool) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (box.left, box.top),
            box.right - box.left,
            box.bottom - box.top,
            edgecolor=colour,
            facecolor="none" if dashed else (colour, 0.14),
            linewidth=1.8 if error else 1.0,
            linestyle=(0, (4, 2)) if dashed else "-",
        )
    )


def _number(axes: Axes, number: int, box: Box, colour: str) -> None:
    badge = {"boxstyle": "round,pad=0.2", "facecolor": "#ffffff", "edgecolor": colour, "linewidth": 1.4}
    axes.text(
        box.left, box.top, str(number), fontsize=8, color="#1f1f1f", weight="bold", ha="right", va="center", bbox=badge
    )


def _marks(page: MarkedPage) -> View:
    rows = [
        (
            str(number) if mark.verdict != "right" else "",
            VERDICTS[mark.verdict],
            _side(mark.gold_label, mark.gold_text),
            _side(mark.predicted_label, mark.predicted_text),
        )
        for number, mark in enumerate(page.marks, 1)
    ]
    return report.table(("", "what", "annotated", "found"), rows)


def _side(label: str | None, text: str | None) -> str:
    return f"{label} \u201c{text}\u201d" if label else ""
