"""Trying a model: a text of one's own, what the model finds in it as annotators would see it, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets

from genlab_widgets.errors import GenlabError
from genlab_widgets.projects.tasks import read_task
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.colours import label_colours
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Field, Progress, h
from genlab_widgets.widgets.parts.markup import Markup
from genlab_widgets.widgets.parts.preview import Preview, Sample

if TYPE_CHECKING:
    from genlab_widgets.workspace import Model

_LONGEST = 20_000
"""Characters that are read: more than a page is no try."""
_MOST_SCORES = 200
_RIGHT = "genlab-right"


class TryPanel(ipywidgets.Box):
    """A text box and the model's answer.

    The model is loaded into a process of its own with the first text, which takes some seconds; it stays there until
    the panel is closed or the page ends.

    Args:
        page: The page.
        model: The model.
    """

    def __init__(self, page: Page, model: Model) -> None:
        self._reader = model.reader()  # first: ipywidgets closes what is half made, too
        super().__init__()
        self.add_class("genlab-stack")
        self._page, self._model = page, model
        self.text = Field(label="A text to read", kind="area", value="")
        self.read = page.button("Read", self._ask, style="primary")
        self.read.tooltip = f"Let {model.name} read this text"
        self.progress = Progress(label="Reading")
        self.answer = text()
        self.children = (self.text, row(self.read), self.progress, self.answer)
        show(self.progress, False)

    def close(self) -> None:
        """Closes the panel, and ends the process that holds the model."""
        self._reader.close()
        super().close()

    def _ask(self) -> None:
        given = str(self.text.value or "")[:_LONGEST]
        self.text.error = "" if given.strip() else "Write or paste a text."
        if not given.strip():
            return
        self.progress.fraction = -1.0
        self.progress.status = "Reads \u2026" if self._reader.started else "Loads the model, some 20 seconds \u2026"
        show(self.progress, True)
        self._page.background.submit(f"try {self._model.name}", lambda: self._found(given), self._show)

    def _found(self, given: str) -> tuple[str, list[dict[str, Any]]] | None:
        """Returns the text and what was found in it; None where the panel was closed meanwhile."""
        try:
            return given, self._reader.read(given)
        except GenlabError:
            if self._reader.closed:
                return None
            raise
        finally:
            show(self.progress, False)

    def _show(self, found: tuple[str, list[dict[str, Any]]] | None) -> None:
        if found is None:
            return
        given, items = found
        config = self._model.labeling_config
        key = config.text_key
        completion = {"id": 1, "submitted_at": "now", "result": items}
        task = read_task({"id": 1, "data": {key: given}, "completions": [completion]}, config.task_format)
        sample = Sample(task, task.completions[0], key)
        assertions = frozenset(label.value for label in config.labels if label.assertion)
        group = f"try-{self._model.name}"
        drawn = Preview(label_colours(config), sample, assertions, group).draw(config.tree())
        count = len(items)
        told = f"{count} found." if count else "Nothing found in this text."
        self.answer.value = h("div", h("p", told, class_="genlab-hint", role="status"), drawn, _scores(items))


def _scores(items: Sequence[dict[str, Any]]) -> Markup | None:
    """Returns a table of what was found with its scores; None where the model gives none."""
    if not any("score" in item for item in items):
        return None
    heads = [h("th", "Found", scope="col"), h("th", "Text", scope="col"), h("th", "Score", scope="col", class_=_RIGHT)]
    rows = []
    for item in items[:_MOST_SCORES]:
        value = item["value"]
        found = ", ".join(value.get(item["type"]) or ())
        score = h("td", wording.score(item.get("score")), class_=_RIGHT)
        rows.append(h("tr", h("th", found, scope="row"), h("td", value.get("text", "")), score))
    more = len(items) - len(rows)
    caption = "How sure the model is, 0 to 1" + (f"; {more:,} more are not shown" if more else "")
    table = h("table", h("caption", caption), h("thead", h("tr", heads)), h("tbody", rows), class_="genlab-table")
    return h("div", table, class_="genlab-scroll")
