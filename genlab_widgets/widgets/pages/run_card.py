"""One run: while it waits and trains, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets

from genlab_widgets.errors import FailureReason
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.benchmark import BenchmarkPanel, interval
from genlab_widgets.widgets.pages.deploy import DeployPanel
from genlab_widgets.widgets.pages.notebook_view import NotebookView
from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.parts import Curve, Download, Log, Markup, Progress, h
from genlab_widgets.workspace import logs_of

if TYPE_CHECKING:
    from genlab_widgets.runs.store import RunRow
    from genlab_widgets.training.epochs import Epoch
    from genlab_widgets.training.runfolder import Failure, Result
    from genlab_widgets.training.runfolder import Progress as Standing
    from genlab_widgets.workspace import Run


class Actions(NamedTuple):
    """What the card asks its page to do.

    Attributes:
        show: Shows another run in place of this one.
        leave_out: Opens the form without these labels.
        change_settings: Opens the form with this run's settings.
        changed: Something outside the card changed (a deployment).
    """

    show: Callable[[Run], None]
    leave_out: Callable[[Run, list[str]], None]
    change_settings: Callable[[Run], None]
    changed: Callable[[], None]


class Snapshot(NamedTuple):
    """All that the card shows of a run, read at one moment; ``log`` stands from byte ``begun`` to ``offset``."""

    row: RunRow
    standing: Standing | None
    epochs: list[Epoch]
    log: str
    begun: int
    offset: int
    duration: float | None
    result: Result | None
    failure: Failure | None


class RunCard(ipywidgets.Box):
    """Shows a run; :meth:`read` looks at it without touching a widget, :meth:`draw` shows what was read.

    Args:
        page: The page it belongs to.
        actions: What it asks the page to do.
        colours: Returns the colour of each label.
    """

    def __init__(self, page: Page, actions: Actions, colours: Callable[[], Mapping[str, str]]) -> None:
        super().__init__()
        self.add_class("genlab-card")
        self.add_class("genlab-run")
        self.run: Run | None = None
        self._page, self._actions, self._colours = page, actions, colours
        self._offset = 0
        self._ended = False
        self._remedies: list[str] = []
        self.title = text()
        self.progress = Progress()
        self.curve = Curve()
        self.lines = Log()
        self.summary = text()
        self.again = page.button("Train again", self._train_again, "Starting \u2026")
        self.logs = page.button("Show logs", self._toggle_log)
        self.stop = page.button("Stop", self._stop, "Stopping \u2026", "danger")
        self.deploy = page.button("Deploy", self._deploy, style="primary")
        self.undo = page.button("Undo deployment", lambda: self._deploy(undo=True))
        self.measure = page.button("Benchmark", self._toggle_benchmark, "Drawing \u2026")
        self.notebook = page.button("Open notebook", self._open_notebook, "Opening \u2026")
        self.leave_out = page.button("Leave labels out", self._leave_out)
        self.settings = page.button("Change settings", lambda: actions.change_settings(self._known()))
        self.download = Download(text="Download logs")
        self.download.serve(self._pack)
        self.deployment = DeployPanel(page, self._deployed)
        self.benchmark = BenchmarkPanel(page)
        self.document = NotebookView(page)
        controls = (
            self.deploy,
            self.undo,
            self.measure,
            self.leave_out,
            self.settings,
            self.notebook,
            self.download,
            self.again,
        )
        self.children = (
            row(self.title, row(self.logs, self.stop), style="genlab-between"),
            self.progress,
            self.summary,
            row(*controls, style="genlab-actions"),
            self.deployment,
            self.lines,
            self.curve,
            self.benchmark,
            self.document,
        )

    def present(self, run: Run) -> None:
        """Turns to a run and shows it."""
        self.run, self._ended = run, False
        self.lines.clear()
        said, self._offset = run.log_tail()
        self.lines.append(said)
        self.deployment.close_panel()
        self.document.close_panel()
        for part in (self.lines, self.benchmark):
            show(part, False)
        self.logs.description, self.measure.description = "Show logs", "Benchmark"
        self.draw(self.read())

    def read(self) -> Snapshot:
        """Looks at the run: one row, its small files, and what its log has gained."""
        run = self._known()
        current = run.refresh().row
        ended = current.status.ended
        begun = self._offset
        log, offset = run.log(begun)
        while ended and (more := run.log(offset))[0]:  # nobody looks again at a run that ended
            log, offset = log + more[0], more[1]
        return Snapshot(
            current,
            run.progress(),
            run.epochs(),
            log,
            begun,
            offset,
            run.duration,
            run.result if str(current.status) == "COMPLETED" else None,
            run.folder.read_failure() if ended else None,
        )

    def draw(self, seen: Snapshot) -> None:
        """Shows a snapshot; one of a run that the card has left is passed over."""
        if self.run is None or seen.row.id != self.run.id:
            return
        status = str(seen.row.status)
        ended = seen.row.status.ended
        self.title.value = _title(seen.row, status)
        if seen.begun == self._offset:  # what another look has brought already is not shown twice
            self._offset = seen.offset
            self.lines.append(seen.log, end=ended)
        show_progress(self.progress, seen.row, seen.standing)
        baseline = seen.result.baseline if seen.result else None
        self.curve.waiting = "No epoch ended." if ended else "The curve starts when the first epoch ends."
        self.curve.show([(seen.row.id, seen.epochs)], baseline.curve_f1 if baseline else None, self.run.baseline_title)
        show(self.curve, bool(seen.epochs) or not ended)
        show(self.progress, not ended)
        show(self.stop, not ended)
        self.stop.disabled = status == "CANCELLING"
        if ended and not self._ended:
            self._draw_end(seen, status)
        elif not ended:
            self._draw_open()
        self._ended = ended

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of the run."""
        return self._ended

    def _draw_open(self) -> None:
        self.summary.value = ""
        for part in (
            self.deploy,
            self.undo,
            self.measure,
            self.leave_out,
            self.settings,
            self.notebook,
            self.download,
            self.again,
        ):
            show(part, False)

    def _draw_end(self, seen: Snapshot, status: str) -> None:
        completed = status == "COMPLETED"
        self.summary.value = summary_markup(seen, status)
        self._remedies = [] if completed else labels_to_leave_out(seen.failure)
        named = ", ".join(self._remedies)
        self.leave_out.description = f"Leave {named} out"[:60]
        show(self.leave_out, bool(self._remedies))
        show(self.settings, not completed and status != "CRASHED")
        show(self.measure, completed and seen.result is not None and seen.result.benchmark is not None)
        show(self.notebook, self._known().notebook.is_file())
        show(self.download, True)
        show(self.again, True)
        self._draw_deployment()

    def _draw_deployment(self) -> None:
        run = self._known()
        model = run.workspace.model(run.model) if run.ended and run.model else None
        deployed = model is not None and model.deployed
        show(self.deploy, model is not None and not deployed)
        show(self.undo, deployed)

    def _known(self) -> Run:
        if self.run is None:
            raise LookupError("the card shows no run")
        return self.run

    def _toggle_log(self) -> None:
        visible = self.lines.layout.display == "none"
        show(self.lines, visible)
        self.logs.description = "Hide logs" if visible else "Show logs"

    def _toggle_benchmark(self) -> None:
        visible = self.benchmark.layout.display == "none"
        if visible:
            self.benchmark.fill(self._known(), self._colours())
        show(self.benchmark, visible)
        self.measure.description = "Hide benchmark" if visible else "Benchmark"

    def _stop(self) -> None:
        self._known().stop()
        self.draw(self.read())

    def _train_again(self) -> None:
        # One key a run and click: a double click or a second tab gets the run that the first one started.
        run = self._known()
        count = sum(run.workspace.counts(run.project).values())
        self._actions.show(run.train_again(key=f"again:{run.id}:{count}"))

    def _deploy(self, undo: bool = False) -> None:
        run = self._known()
        if run.model:
            self.deployment.ask(run.workspace.model(run.model), undo=undo)

    def _deployed(self) -> None:
        self._draw_deployment()
        self._actions.changed()

    def _open_notebook(self) -> None:
        self.document.present(self._known().notebook, self._known().id)

    def _leave_out(self) -> None:
        self._actions.leave_out(self._known(), self._remedies)

    def _pack(self) -> tuple[str, bytes]:
        run = self._known()
        together = run.group
        if len(together) > 1:  # one file for all that was trained together
            packed: Any = self._page.attempt(lambda: logs_of(together))
            return f"{run.project}-{run.row.group}-logs.zip", packed or b""
        packed = self._page.attempt(run.logs_zip)
        return f"{run.id}-logs.zip", packed or b""


def show_progress(bar: Progress, row: RunRow, standing: Standing | None) -> None:
    """Shows on a progress bar where a run stands that has not ended."""
    status = str(row.status)
    if status == "QUEUED" or standing is None:
        fraction, told, detail = -1.0, row.message or wording.STATUS[status], ""
    else:
        epochs = standing.epochs or row.training_spec.epochs
        in_epochs = bool(standing.epoch) and standing.step == "train"
        told = f"Epoch {standing.epoch} of {epochs}" if in_epochs else standing.message
        fraction, detail = standing.fraction, wording.left(standing.seconds_left)
    if status == "CANCELLING":
        told, detail = "Stopping \u2026", ""
    with bar.hold_sync():
        bar.label = f"Training {row.id}"
        bar.fraction, bar.status, bar.detail = fraction, told, detail


def _title(seen: RunRow, status: str) -> Markup:
    name = seen.model or seen.id
    chip = h("span", wording.STATUS[status], class_=f"genlab-chip genlab-{wording.tone(status)}")
    parts = [wording.KINDS.get(seen.kind, seen.kind), wording.SOURCES.get(seen.source, seen.source), seen.user]
    if seen.spec.get("custom_script"):
        parts.append(f"trained by {seen.spec['custom_script']}")
    kind = " \u00b7 ".join(parts)
    about = f"{seen.id} \u00b7 {kind}" if seen.model else kind
    return h("div", h("h2", name), chip, h("span", about, class_="genlab-hint"), class_="genlab-title")


def summary_markup(seen: Snapshot, status: str) -> Markup:
    """Says how a run ended: with its quality in plain sentences, or with the reason and the next step."""
    took = f" in {wording.duration(seen.duration)}" if seen.duration is not None else ""
    if status != "COMPLETED":
        what = {"FAILED": "Failed", "CRASHED": "Crashed", "CANCELLED": "Stopped"}[status]
        after = f" after {wording.duration(seen.duration)}" if seen.duration is not None else ""
        step = h("p", seen.row.next_step, class_="genlab-next") if seen.row.next_step else None
        return h(
            "div",
            h("p", h("strong", f"{what}{after}: "), seen.row.message or "nothing more is known."),
            step,
            class_=f"genlab-ending genlab-{wording.tone(status)}",
            role="status",
        )
    sentences: list[object] = [h("p", h("strong", f"Completed{took}. "), _headline(seen))]
    if seen.result is not None and seen.result.benchmark is not None:
        from genlab_widgets.training.verdict import summary

        sentences.append(h("p", " ".join(summary(seen.result.benchmark))))
    if seen.row.message and (seen.result is None or seen.row.message != seen.result.verdict):
        sentences.append(h("p", seen.row.message))
    return h("div", sentences, class_="genlab-ending genlab-ok", role="status")


def _headline(seen: Snapshot) -> list[object]:
    result = seen.result
    if result is None or result.benchmark is None:
        return [f"F1 {wording.score(seen.row.f1)}."]
    spread = h("small", f" ({interval(result.benchmark)})")
    regions = f", whole regions {wording.score(result.scores.regions.f1)}" if result.scores.regions else ""
    return ["F1 ", h("b", wording.score(result.scores.f1)), spread, regions, ". ", result.verdict]


def labels_to_leave_out(failure: Failure | None) -> list[str]:
    """Returns the labels that a failure for want of examples names."""
    if failure is None or failure.reason is not FailureReason.TOO_FEW_COMPLETIONS:
        return []
    findings = failure.details.get("findings")
    named = [str(item["label"]) for item in findings or () if isinstance(item, dict) and item.get("label")]
    return list(dict.fromkeys(named))
