"""The benchmark of a model: per label, confusion matrix, errors worth reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.page import Page, text
from genlab_widgets.widgets.pages.pages_panel import PagesPanel
from genlab_widgets.widgets.parts import Markup, h
from genlab_widgets.widgets.parts.markup import image, safe_colour

if TYPE_CHECKING:
    from genlab_widgets.training.epochs import Average
    from genlab_widgets.training.runfolder import Result
    from genlab_widgets.training.scores import Benchmark, ErrorExample, Score
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.workspace import Run

_ERRORS = {
    "missed": "missed",
    "spurious": "marked, but nothing is there",
    "wrong_label": "wrong label",
    "wrong_bounds": "right place, wrong bounds",
}
_ERRORS_SHOWN = 12


class BenchmarkPanel(ipywidgets.Box):
    """Everything measured on the held-out tasks of one run.

    Args:
        page: The page it belongs to.
    """

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.add_class("genlab-panel")
        self.add_class("genlab-stack")
        self.table, self.matrix, self.errors, self.facts = text(), text(), text(), text()
        self.pages = PagesPanel(page.guarded)
        self.children = (self.table, self.pages, self.matrix, self.errors, self.facts)

    def fill(self, run: Run, colours: Mapping[str, str]) -> None:
        """Shows the result of a run that has one.

        Args:
            run: The run.
            colours: Colour by label.
        """
        from genlab_widgets.training import figures

        result = run.result
        benchmark = result.benchmark if result else None
        self.pages.fill(run, colours)
        if result is None or benchmark is None:
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
    on_pages, by_bounds = benchmark.words is not None, benchmark.token is not None
    beside = ["F1, whole regions"] if on_pages else ["F1, bounds may differ"] if by_bounds else []
    counts = ["Words", "Regions"] if on_pages else ["Examples"]
    heads = ["Label", "Precision", "Recall", "F1", *(["F1 of the baseline"] if baseline else []), *beside, *counts]
    other = {score.label: baseline.counted(score) for score in baseline.by_label} if baseline else {}
    rows = []
    for score in benchmark.by_label:
        values = _scores(benchmark.counted(score), score.exact, score.partial, benchmark)
        if baseline:
            values.insert(3, other[score.label].f1 if score.label in other else None)
        if not score.support:
            values = [None] * len(values)
        supports = _supports(benchmark.counted(score), score.exact, benchmark)
        rows.append(_row(swatch(score.label, colours), values, supports))
    values = _scores(benchmark.headline, benchmark.exact.micro, benchmark.partial.micro, benchmark)
    if baseline:
        values.insert(3, baseline.f1)
    name = "All" if benchmark.average == "micro" else "Mean of the labels"
    rows.append(_row(name, values, _supports(benchmark.resampled, benchmark.exact.micro, benchmark), "genlab-total"))
    head = h(
        "tr",
        [h("th", title, scope="col", class_="genlab-right" if place else None) for place, title in enumerate(heads)],
    )
    bounds = ", words with the right label" if on_pages else ", entities with exact bounds" if by_bounds else ""
    accuracy = "" if by_bounds or benchmark.accuracy is None else f"; accuracy {benchmark.accuracy:.2f}"
    caption = f"Scores on {wording.plural(len(benchmark.documents), 'test task')}{bounds}{accuracy}"
    table = h("table", h("caption", caption), h("thead", head), h("tbody", rows), class_="genlab-table")
    return h("section", h("h3", "Quality by label"), h("div", table, class_="genlab-scroll"))


def _scores(headline: Average | Score, exact: Score, partial: Score, benchmark: Benchmark) -> list[float | None]:
    """Returns precision, recall and F1 of what the headline counts, and the F1 that stands beside it."""
    values: list[float | None] = [headline.precision, headline.recall, headline.f1]
    if benchmark.words is not None:
        return [*values, exact.f1]
    return [*values, partial.f1] if benchmark.token is not None else values


def _supports(counted: Score, exact: Score, benchmark: Benchmark) -> list[int]:
    return [counted.support, exact.support] if benchmark.words is not None else [exact.support]


def _row(name: object, values: Sequence[float | None], supports: Sequence[int], style: str | None = None) -> Markup:
    return h("tr", h("th", name, scope="row"), [_figure(value) for value in (*values, *supports)], class_=style)


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
    spec = result.used
    split = (
        "Test/Train tags" if spec.test_train_tags else f"random, {spec.validation_split:.0%} for test, seed {spec.seed}"
    )
    rows: list[tuple[str, object]] = [
        ("Data", f"{sum(result.selection.values()):,} tasks" if result.selection else "\u2013"),
        ("Split", split),
        ("Network", f"{network(result)}. {result.why}" if result.why else network(result)),
        ("Embeddings", str(result.embeddings.get("name") or spec.embeddings)),
        *(
            (
                item.title,
                f"F1 {wording.score(item.f1)} on a part of the training tasks ({item.note})"
                + (", taken" * item.chosen),
            )
            for item in result.race
        ),
        ("Parameters", _parameters(spec)),
        *([("Graph", result.graph)] if result.graph else []),
        ("Versions", ", ".join(f"{name} {version}" for name, version in result.versions.items()) or "\u2013"),
    ]
    if result.script:
        rows.insert(3, ("Training script", script_told(result.script)))
    return h("section", h("h3", "How it was trained"), facts(rows))


def network(result: Result) -> str:
    """Returns what was trained."""
    from genlab_widgets.training.offers import ARCHITECTURES

    if result.script:
        return "what the training script makes"
    title = ARCHITECTURES[result.used.architecture]
    if result.kind == "classification" and result.used.architecture == "annotator":
        title = next((item.title for item in result.race if item.chosen), title)
    return title


def _parameters(spec: TrainingSpec) -> str:
    """Returns the parameters that the network has."""
    from genlab_widgets.training.offers import unused

    told = {
        "epochs": f"at most {wording.plural(spec.epochs, 'epoch')}",
        "learning_rate": f"learning rate {spec.learning_rate:g}",
        "decay": f"decay {spec.decay:g}",
        "dropout": f"dropout {spec.dropout:g}",
        "batch_size": f"batch {spec.batch_size}",
    }
    without = unused(spec.kind, spec.architecture, spec.head)
    return ", ".join(text for name, text in told.items() if name not in without) or "none"


def script_told(script: Mapping[str, str]) -> str:
    """Returns which script of one's own trained: its name, its hash, and who uploaded it when."""
    day = script.get("uploaded_at", "")[:10]
    return f"{script.get('name')}, by {script.get('author')}, {day}, SHA-256 {script.get('hash')}"


def facts(rows: Sequence[tuple[str, object]]) -> Markup:
    """Returns terms with their descriptions."""
    return h("dl", [[h("dt", term), h("dd", told)] for term, told in rows], class_="genlab-facts")
