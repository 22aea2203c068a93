"""The benchmark of a model: per label, confusion matrix, errors worth reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.page import text
from genlab_widgets.widgets.parts import Markup, h
from genlab_widgets.widgets.parts.markup import image, safe_colour

if TYPE_CHECKING:
    from genlab_widgets.training.runfolder import Result
    from genlab_widgets.training.scores import Benchmark, ErrorExample, LabelScore

_ERRORS = {
    "missed": "missed",
    "spurious": "marked, but nothing is there",
    "wrong_label": "wrong label",
    "wrong_bounds": "right place, wrong bounds",
}
_ERRORS_SHOWN = 12


class BenchmarkPanel(ipywidgets.Box):
    """Everything measured on the held-out tasks of one run."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("genlab-panel")
        self.add_class("genlab-stack")
        self.table, self.matrix, self.errors, self.facts = text(), text(), text(), text()
        self.children = (self.table, self.matrix, self.errors, self.facts)

    def fill(self, result: Result, colours: Mapping[str, str]) -> None:
        """Shows a result.

        Args:
            result: The run's result.
            colours: Colour by label.
        """
        from genlab_widgets.training import figures

        benchmark = result.benchmark
        if benchmark is None:
            self.table.value = h("p", "Nothing was measured in this training.")
            self.matrix.value = self.errors.value = self.facts.value = ""
            return
        self.table.value = _table(benchmark, result.baseline, colours)
        drawing = figures.confusion_matrix(benchmark.confusion)
        width = round(drawing.figure.get_figwidth() * 96)
        self.matrix.value = h("section", h("h3", "What is taken for what"), image(drawing.png(192), drawing.alt, width))
        self.errors.value = _errors(benchmark.errors, colours)
        self.facts.value = _facts(result)


def interval(benchmark: Benchmark) -> str:
    """Returns the interval of F1: "0.85 to 0.91"."""
    return f"{benchmark.f1_interval.low:.2f} to {benchmark.f1_interval.high:.2f}"


def _table(benchmark: Benchmark, baseline: Benchmark | None, colours: Mapping[str, str]) -> Markup:
    by_bounds = benchmark.token is not None
    heads = ["Label", "Precision", "Recall", "F1", *(["F1, bounds may differ"] if by_bounds else []), "Examples"]
    other = {score.label: score for score in baseline.by_label} if baseline else {}
    if baseline:
        heads.insert(4, "F1 of the baseline")
    exact, headline = benchmark.exact.micro, benchmark.headline
    total = [headline.precision, headline.recall, headline.f1]
    if baseline:
        total.append(baseline.f1)
    if by_bounds:
        total.append(benchmark.partial.micro.f1)
    rows = [
        _label_row(score, other.get(score.label), baseline is not None, by_bounds, colours)
        for score in benchmark.by_label
    ]
    rows.append(
        h(
            "tr",
            h("th", "All" if benchmark.average == "micro" else "Mean of the labels", scope="row"),
            [_figure(value) for value in total],
            _figure(exact.support),
            class_="genlab-total",
        )
    )
    head = h(
        "tr",
        [h("th", title, scope="col", class_="genlab-right" if place else None) for place, title in enumerate(heads)],
    )
    bounds = ", entities with exact bounds" if by_bounds else ""
    accuracy = "" if by_bounds or benchmark.accuracy is None else f"; accuracy {benchmark.accuracy:.2f}"
    caption = f"Scores on {wording.plural(len(benchmark.documents), 'test task')}{bounds}{accuracy}"
    table = h("table", h("caption", caption), h("thead", head), h("tbody", rows), class_="genlab-table")
    return h("section", h("h3", "Quality by label"), h("div", table, class_="genlab-scroll"))


def _label_row(
    score: LabelScore, other: LabelScore | None, compared: bool, by_bounds: bool, colours: Mapping[str, str]
) -> Markup:
    exact = score.exact
    values: list[float | None] = [exact.precision, exact.recall, exact.f1]
    if compared:
        values.append(other.exact.f1 if other else None)
    if by_bounds:
        values.append(score.partial.f1)
    if not score.support:
        values = [None] * len(values)
    return h(
        "tr",
        h("th", swatch(score.label, colours), scope="row"),
        [_figure(value) for value in values],
        _figure(score.support),
    )


def _figure(value: float | int | None) -> Markup:
    shown = f"{value:,}" if isinstance(value, int) else wording.score(value)
    return h("td", shown, class_="genlab-right")


def swatch(label: str, colours: Mapping[str, str]) -> Markup:
    """Returns a label with its colour in front."""
    colour = safe_colour(colours.get(label), "#767676")
    return h(
        "span",
        h("i", style=f"background:{colour}", class_="genlab-swatch", aria_hidden="true"),
        label,
        class_="genlab-labelname",
    )


def _errors(errors: Sequence[ErrorExample], colours: Mapping[str, str]) -> Markup:
    if not errors:
        return h("section", h("h3", "Errors worth reading"), h("p", "The model made no error on the test tasks."))
    shown = [_error(error, colours) for error in errors[:_ERRORS_SHOWN]]
    note = "Frequent kinds of error first; the run\u2019s notebook has more of them."
    return h(
        "section",
        h("h3", "Errors worth reading"),
        h("p", note, class_="genlab-hint"),
        h("ul", shown, class_="genlab-errors"),
    )


def _error(error: ErrorExample, colours: Mapping[str, str]) -> Markup:
    colour = safe_colour(colours.get(error.gold_label or error.predicted_label or ""), "#767676")
    quoted = h("q", error.before, h("mark", error.text, style=f"border-color:{colour}"), error.after)
    sides = []
    if error.gold_label:
        sides.append(f"annotated {error.gold_label} \u201c{error.gold_text}\u201d")
    if error.predicted_label:
        sides.append(f"predicted {error.predicted_label} \u201c{error.predicted_text}\u201d")
    times = f", {error.times:,} times" if error.times > 1 else ""
    return h(
        "li",
        h("span", _ERRORS[error.kind].capitalize() + times, class_="genlab-errorkind"),
        h("span", f"task {error.task_id}: {'; '.join(sides)}", class_="genlab-hint"),
        quoted,
    )


def _facts(result: Result) -> Markup:
    """Data, embeddings and versions: what a reader needs to judge or repeat the figures."""
    spec = result.spec
    split = (
        "Test/Train tags" if spec.test_train_tags else f"random, {spec.validation_split:.0%} for test, seed {spec.seed}"
    )
    rows = [
        ("Data", f"{sum(result.selection.values()):,} tasks" if result.selection else "\u2013"),
        ("Split", split),
        ("Embeddings", str(result.embeddings.get("name") or spec.embeddings)),
        *(
            (
                item.title,
                f"F1 {wording.score(item.f1)} on a part of the training tasks ({item.note})"
                + (", taken" * item.chosen),
            )
            for item in result.race
        ),
        (
            "Parameters",
            f"{spec.epochs} epochs, learning rate {spec.learning_rate}, decay {spec.decay}, dropout {spec.dropout}, "
            f"batch {spec.batch_size}",
        ),
        ("Graph", result.graph or "\u2013"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in result.versions.items()) or "\u2013"),
    ]
    return h("section", h("h3", "How it was trained"), facts(rows))


def facts(rows: Sequence[tuple[str, object]]) -> Markup:
    """Returns terms with their descriptions."""
    return h("dl", [[h("dt", term), h("dd", told)] for term, told in rows], class_="genlab-facts")
