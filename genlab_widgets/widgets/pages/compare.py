"""Two runs beside each other: what was asked differently, and whether it made a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets

from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.benchmark import interval, swatch
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Curve, Markup, h

if TYPE_CHECKING:
    from genlab_widgets.training.scores import Benchmark, LabelScore
    from genlab_widgets.workspace import Run, RunComparison


class ComparePanel(ipywidgets.Box):
    """Differences of the settings, curves over each other, F1 by label, and the verdict."""

    def __init__(self, page: Page, colours: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self.add_class("genlab-panel")
        self.add_class("genlab-stack")
        self._colours = colours
        self.head, self.differences, self.labels = text(), text(), text()
        self.curve = Curve()
        self.children = (
            row(self.head, page.button("Close comparison", self.close_panel), style="genlab-between"),
            self.differences,
            self.curve,
            self.labels,
        )
        show(self, False)

    def present(self, found: RunComparison) -> None:
        """Shows a comparison."""
        a, b = found.a, found.b
        self.head.value = h(
            "div", h("h2", f"{a.model or a.id} and {b.model or b.id}"), h("p", found.sentence), role="status"
        )
        self.differences.value = _differences(found)
        self.curve.show([(a.id, a.epochs()), (b.id, b.epochs())])
        self.labels.value = _labels(a, b, self._colours())
        show(self, True)

    def close_panel(self) -> None:
        """Closes the panel."""
        show(self, False)


def _differences(found: RunComparison) -> Markup:
    from genlab_widgets.training.spec import TrainingSpec

    if not found.differences:
        return h("p", "Both were trained with the same settings.")
    rows = [
        h(
            "tr",
            h("th", TrainingSpec.model_fields[name].title or name, scope="row"),
            h("td", _told(before)),
            h("td", _told(after)),
        )
        for name, (before, after) in found.differences.items()
    ]
    head = h("tr", [h("th", title, scope="col") for title in ("Setting", found.a.id, found.b.id)])
    table = h(
        "table",
        h("caption", "Settings that differ"),
        h("thead", head),
        h("tbody", rows),
        class_="genlab-table genlab-narrow",
    )
    return h("div", table, class_="genlab-scroll")


def _told(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _labels(a: Run, b: Run, colours: Mapping[str, str]) -> Markup:
    first, second = a.benchmark, b.benchmark
    if first is None or second is None:
        return h("p", "F1 by label can be compared once both have been measured.", class_="genlab-hint")
    others = {score.label: score for score in second.by_label}
    names = [*(score.label for score in first.by_label), *(name for name in others if name not in first.labels)]
    mine = {score.label: score for score in first.by_label}

    def f1(measured: Benchmark, scores: Mapping[str, LabelScore], name: str) -> float | None:
        return measured.counted(scores[name]).f1 if name in scores and scores[name].support else None

    rows = []
    for name in names:
        left, right = f1(first, mine, name), f1(second, others, name)
        change = "\u2013" if left is None or right is None else f"{right - left:+.2f}".replace("-", "\u2212")
        sides = ((first, mine), (second, others))
        support = max((found.counted(scores[name]).support for found, scores in sides if name in scores), default=0)
        rows.append(_row(swatch(name, colours), wording.score(left), wording.score(right), change, f"{support:,}"))
    difference = second.f1 - first.f1
    rows.append(
        _row(
            "All",
            _all(first),
            _all(second),
            f"{difference:+.2f}".replace("-", "\u2212"),
            f"{first.resampled.support:,}",
        )
    )
    head = h(
        "tr",
        [
            h("th", title, scope="col", class_="genlab-right" if place else None)
            for place, title in enumerate(("Label", a.id, b.id, "Change", "Words" if first.words else "Examples"))
        ],
    )
    table = h(
        "table",
        h("caption", "F1 of words by label" if first.words else "F1 by label, exact bounds"),
        h("thead", head),
        h("tbody", rows),
        class_="genlab-table genlab-narrow",
    )
    return h("div", table, class_="genlab-scroll")


def _row(name: object, *cells: object) -> Markup:
    return h("tr", h("th", name, scope="row"), [h("td", cell, class_="genlab-right") for cell in cells])


def _all(benchmark: Benchmark) -> Markup:
    return h("span", wording.score(benchmark.f1), h("small", f" ({interval(benchmark)})"))
