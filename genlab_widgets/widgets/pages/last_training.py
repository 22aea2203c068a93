"""What came of the last training: when, who, how good, and where it failed the figure that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import FailureReason, GenlabError
from genlab_widgets.widgets.pages import wording
from genlab_widgets.widgets.pages.benchmark import facts, interval
from genlab_widgets.widgets.parts import Markup, h

if TYPE_CHECKING:
    from genlab_widgets.runs.store import RunRow
    from genlab_widgets.training.runfolder import Result
    from genlab_widgets.workspace import Run

REASONS = {
    FailureReason.TOO_FEW_COMPLETIONS: "Too few completions",
    FailureReason.POOR_QUALITY: "Poor quality of completions",
    FailureReason.NOT_ENOUGH_RESOURCES: "Not enough CPU or memory",
    FailureReason.WRONG_PARAMETERS: "Wrong training parameters",
    FailureReason.NO_LICENSE: "No licence",
    FailureReason.GRAPH_NOT_AVAILABLE: "No network fits",
    FailureReason.BAD_INPUT: "Tasks or files cannot be read",
    FailureReason.CUSTOM_SCRIPT_FAILED: "The training script failed",
    FailureReason.INTERNAL: "Something of ours broke",
}
_FINDINGS_SHOWN = 5


def details(runs: Iterable[Run]) -> Markup:
    """Returns what is known of the last training, or of each member of the last group."""
    return h("div", [_one(run) for run in runs], class_="genlab-stack")


def refusal(error: GenlabError) -> Markup:
    """Says why a training would not start: the kind of reason, then the sentences with their figures."""
    return _failed(REASONS[error.reason], (error.what, error.why), error.next_step, error.details)


def _one(run: Run) -> Markup:
    row = run.row
    status = str(row.status)
    chip = h("span", wording.STATUS[status], class_=f"genlab-chip genlab-{wording.tone(status)}")
    result = run.result if status == "COMPLETED" else None
    rows: list[tuple[str, object]] = [
        ("Training", f"{row.id} \u00b7 {wording.KINDS.get(row.kind, row.kind)}"),
        ("Started", f"{wording.moment(row.started_at or row.created_at)}, by {row.user}"),
        ("Data", _data(row)),
    ]
    if row.status.ended:
        rows += [("Duration", wording.duration(run.duration)), ("F1", _score(row, result))]
    head = h("div", h("h3", row.model or row.id), chip, class_="genlab-title")
    return h("div", head, facts(rows), _ending(run, row, status, result))


def _data(row: RunRow) -> str:
    spec = row.spec
    if spec.get("test_train_tags"):
        return "Test/Train tags"
    tags = ", ".join(spec.get("tags") or ()) or "all tasks"
    return f"{tags}, {spec.get('validation_split', 0.2):.0%} for test"


def _score(row: RunRow, result: Result | None) -> object:
    if row.f1 is None:
        return "\u2013"
    spread = f" ({interval(result.benchmark)})" if result is not None and result.benchmark is not None else ""
    return [h("b", wording.score(row.f1)), h("small", spread)]


def _ending(run: Run, row: RunRow, status: str, result: Result | None) -> Markup | None:
    if status == "COMPLETED":
        return _quality(result)
    if not row.status.ended:
        return None
    failure = run.folder.read_failure()
    if failure is not None:
        return _failed(REASONS[failure.reason], (failure.what, failure.why), failure.next_step, failure.details)
    what = {"CRASHED": "Crashed", "CANCELLED": "Stopped"}.get(status, "Failed")
    return _failed(what, (row.message or "Nothing more is known.",), row.next_step, {})


def _quality(result: Result | None) -> Markup | None:
    """Names a quality below the baseline's as what it is, with both figures."""
    if result is None:
        return None
    if result.beats_baseline is False and result.benchmark is not None and result.baseline is not None:
        told = f"F1 {result.benchmark.f1:.2f} < {result.baseline.f1:.2f}, what the baseline reaches on the same tasks."
        step = "More completions of the weak labels help most; the benchmark on the Models page names them."
        return _failed(REASONS[FailureReason.POOR_QUALITY], (told,), step, {}, tone="wait")
    return h("p", result.verdict, class_="genlab-hint")


def _failed(reason: str, sentences: Iterable[str], step: str, more: Mapping[str, Any], tone: str = "fail") -> Markup:
    said = " ".join(part for part in sentences if part)
    return h(
        "div",
        h("p", h("strong", f"{reason}: "), said),
        [h("p", line) for line in _lines(more) if line not in said],
        h("p", step, class_="genlab-next") if step else None,
        class_=f"genlab-ending genlab-{tone}",
        role="status",
    )


def _lines(more: Mapping[str, Any]) -> list[str]:
    """Returns the fields or findings that a failure names, one line each."""
    fields = more.get("fields")
    if isinstance(fields, Mapping):
        return [f"{name}: {told}" for name, told in fields.items()]
    found = more.get("findings")
    listed = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    return [str(item.get("message", "")) for item in listed[:_FINDINGS_SHOWN]]
