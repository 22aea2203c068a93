"""Can this project train with this spec? Findings, counts and an estimate, before anything of Spark starts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from genlab_widgets import memory
from genlab_widgets.errors import (
    BadInput,
    BrokenTask,
    GenlabError,
    GraphNotAvailable,
    NoLicense,
    NotEnoughResources,
    PoorQuality,
    TooFewCompletions,
    WrongParameters,
)
from genlab_widgets.training import automatic, duplicates, graph, preparation, split
from genlab_widgets.training.dataset import AlignmentReport, Example, Problem, Sentence, count_labels
from genlab_widgets.training.estimate import DIMENSIONS, MB, Answers, Estimate, estimate
from genlab_widgets.training.findings import (
    AMBER_BELOW,
    RED_BELOW,
    TASKS_SHOWN,
    Finding,
    LabelCount,
    Level,
    by_level,
    plural,
)
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.trainers import Demanded, Trainer, trainer_for

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.store import Project
    from genlab_widgets.training.preparation import Prepared
    from genlab_widgets.training.spec import TrainingSpec

_NO_ESTIMATE = Estimate(0.0, 0.0, 0.0)


class Machine(NamedTuple):
    """What the machine can give: memory at most, and free disk, in MB."""

    memory_mb: float
    disk_mb: float


@dataclass
class Readiness:
    """The answer of :func:`check`."""

    findings: list[Finding]
    selection: Counter[str]
    labels: list[LabelCount] = field(default_factory=list)
    estimate: Estimate = _NO_ESTIMATE
    alignment: AlignmentReport = field(default_factory=AlignmentReport)
    train: int = 0
    test: int = 0
    graph: graph.Graph | None = None

    @property
    def ready(self) -> bool:
        """Whether the training may start."""
        return all(finding.level != "fail" for finding in self.findings)

    def raise_if_not_ready(self) -> None:
        """Raises the error that belongs to the first blocking finding; further ones are in ``details``.

        Raises:
            TooFewCompletions: No usable completion, an empty part, or a label without examples.
            GraphNotAvailable: No NerDL graph fits.
            PoorQuality: Too few spans can be laid over tokens.
            NotEnoughResources: Memory or disk do not suffice.
            NoLicense: A licensed library was chosen, and its licence or package is missing.
            WrongParameters: The spec does not fit the project.
            BadInput: A task has both the Test and the Train tag, or the stored tasks are damaged.
        """
        failed = [finding for finding in self.findings if finding.level == "fail"]
        if failed:
            kind = _ERRORS.get(failed[0].code, TooFewCompletions)
            others = " ".join(finding.message for finding in failed[1:])
            raise kind(failed[0].message, others, failed[0].next_step, findings=[item._asdict() for item in failed])


_ERRORS: dict[str, type[GenlabError]] = {
    "graph": GraphNotAvailable,
    "alignment": PoorQuality,
    "region_text": PoorQuality,
    "memory": NotEnoughResources,
    "disk": NotEnoughResources,
    "kind": WrongParameters,
    "license": NoLicense,
    "left_out": WrongParameters,
    "tags": BadInput,
    "tasks": BadInput,
}


def check(
    project: Project, spec: TrainingSpec, dimension: int | None = None, machine: Machine | None = None
) -> Readiness:
    """Checks selection, labels, split, alignment, duplicates, graph and resources of a training.

    Args:
        project: The project; its tasks are streamed once.
        spec: The training asked for.
        dimension: Embeddings dimension; None takes the one that the name in the spec tells (``word2vec`` 100,
            ``minilm`` 384) and says so when it tells none.
        machine: Limits to hold the estimate against; None reads this machine's.

    Returns:
        Findings with blocking ones first, counts by selection reason, labels, and the estimate.
    """
    return check_and_prepare(project, spec, dimension, machine)[0]


def check_and_prepare(
    project: Project, spec: TrainingSpec, dimension: int | None = None, machine: Machine | None = None
) -> tuple[Readiness, Prepared | None]:
    """Checks as :func:`check` does, and returns the rows too; None where it did not come to rows."""
    config = project.labeling_config
    try:
        kind = kind_of(spec.kind)
        spec = kind.complete(spec, config)
        labels = kind.labels(spec, config)
        trainer_for(automatic.resolve(spec, project.language, 0).spec)
    except (WrongParameters, NoLicense) as error:
        code = "license" if isinstance(error, NoLicense) else "kind"
        return Readiness([_failed(code, error)], Counter()), None
    selection: Counter[str] = Counter()
    try:
        usable = preparation.usable_tasks(project, spec, selection)
    except BadInput as error:
        return Readiness([_failed("tasks" if isinstance(error, BrokenTask) else "tags", error)], selection), None
    drawn = kind.draw(usable, spec, config)
    findings = [*_selection_findings(selection, len(usable)), *_config_findings(config, spec, labels), *drawn.findings]
    try:
        parts = split.assign(usable, drawn.examples, spec)
    except TooFewCompletions as error:
        if usable:  # with none, the selection's finding has said it already
            findings.append(_failed("split", error))
        return Readiness(by_level(findings), selection), None
    prepared = preparation.prepare_parts(kind, parts, spec, config, selection)
    readiness = _check_rows(prepared, spec, project.language, dimension, machine or machine_limits(project.folder))
    readiness.selection = selection
    readiness.findings = by_level([*findings, *readiness.findings])
    return readiness, prepared


def _failed(code: str, error: GenlabError) -> Finding:
    return Finding("fail", code, f"{error.what} {error.why}", error.next_step)


def _check_rows(
    prepared: Prepared, spec: TrainingSpec, language: str, dimension: int | None, machine: Machine
) -> Readiness:
    parts, train, test, labels = prepared.parts, prepared.train, prepared.test, prepared.labels
    counts = _label_counts(parts, labels)
    known = dimension or DIMENSIONS.get(spec.embeddings)
    spec, why = automatic.resolve(spec, language, _token_count(train), len(labels))
    trainer = trainer_for(spec)
    chosen, graph_findings = _graph_findings(trainer, train, labels, known, spec.embeddings)
    width = chosen.dimension if chosen else known or 768
    answers = Answers(len(labels), len(parts.train), prepared.multiple)
    cost = estimate(spec, _token_count(train), _token_count(test), known or 768, width, answers)
    findings = [
        *([Finding("ok", "architecture", why)] if why else []),
        *_label_findings(counts, parts),
        *_alignment_findings(prepared.alignment),
        *_duplicate_findings(parts),
        *graph_findings,
        *_resource_findings(cost, machine),
    ]
    sizes = len(parts.train), len(parts.test)
    return Readiness(findings, Counter(), counts, cost, prepared.alignment, *sizes, chosen.graph if chosen else None)


def machine_limits(folder: Path) -> Machine:
    """Reads memory (a control group's limit where there is one) and free disk where the project lies."""
    import shutil

    return Machine(memory.limit() / MB, shutil.disk_usage(folder).free / MB)


def _token_count(sentences: Sequence[Sentence]) -> int:
    return sum(len(sentence.tokens) for sentence in sentences)


def _selection_findings(selection: Counter[str], usable: int) -> list[Finding]:
    tasks = sum(selection.values())
    if not tasks:
        return [Finding("fail", "completions", "The project has no tasks.", "Import an export that holds tasks.")]
    if usable:
        return [Finding("ok", "completions", f"{usable:,} of {plural(tasks, 'task')} can be used.")]
    reasons = "; ".join(
        f"{count:,}: {str(getattr(reason, 'sentence', reason)).rstrip('.')}"
        for reason, count in selection.most_common(3)
    )
    return [
        Finding(
            "fail",
            "completions",
            f"None of the {plural(tasks, 'task')} can be used ({reasons}).",
            "Submit or accept completions, or widen the filters.",
        )
    ]


def _config_findings(config: LabelingConfig, spec: TrainingSpec, labels: Sequence[str]) -> list[Finding]:
    configured = {label.value for label in config.labels} | {value for item in config.choices for value in item.values}
    findings = []
    unknown = [label for label in spec.leave_out_labels if label not in configured]
    if unknown:
        message = f"Left-out labels that the labeling config does not have: {', '.join(unknown)}."
        findings.append(Finding("fail", "left_out", message, "Name labels of the labeling config."))
    if not labels:
        message = "No label is left to train: the labeling config has none for this kind, or all are left out."
        findings.append(Finding("fail", "labels", message, "Add labels to the config, or leave out fewer labels."))
    return findings


def _label_counts(parts: split.Parts, labels: Sequence[str]) -> list[LabelCount]:
    train, test = count_labels(parts.train), count_labels(parts.test)
    return [LabelCount(label, train[label], test[label], _level(train[label], test[label])) for label in labels]


def _level(train: int, test: int) -> Level:
    if train == 0:
        return "fail"
    return "warn" if train + test < AMBER_BELOW or test == 0 else "ok"


def _label_findings(counts: Sequence[LabelCount], parts: split.Parts) -> list[Finding]:
    findings = []
    tasks = _tasks_by_label([*parts.train, *parts.test])
    for count in counts:
        label, leave_out = count.label, f"Mark more {count.label}, or leave {count.label} out."
        concerned = tuple(tasks[label][:TASKS_SHOWN])
        examples = plural(count.total, "example")
        if count.total == 0:
            findings.append(Finding("fail", "label_missing", f"{label} has no example.", leave_out, label))
        elif count.train == 0:
            message = f"{label} occurs only in test tasks ({examples}), so nothing teaches it."
            step = f"Move some of these tasks to the training part, or leave {label} out."
            findings.append(Finding("fail", "label_only_in_test", message, step, label, concerned))
        elif count.total < RED_BELOW:
            message = f"{label} has {examples}; below {RED_BELOW} a model rarely learns it."
            findings.append(Finding("warn", "label_few", message, leave_out, label, concerned))
        elif count.total < AMBER_BELOW:
            message = f"{label} has {examples}; {AMBER_BELOW - count.total} more would help."
            findings.append(Finding("warn", "label_few", message, f"Mark more {label}.", label, concerned))
        if count.train and not count.test:
            message = f"{label} has no example in the test part, so its quality cannot be measured."
            step = "Tag a task with it as Test, or choose a larger test part or another seed."
            findings.append(Finding("warn", "label_not_in_test", message, step, label, concerned))
    if counts and all(count.level == "ok" for count in counts):
        least = min(counts, key=lambda count: count.total)
        enough = f"All {len(counts)} labels have enough examples (fewest: {least.label}, {least.total:,})."
        findings.append(Finding("ok", "labels", enough))
    return findings


def _tasks_by_label(examples: Sequence[Example]) -> dict[str, list[int]]:
    tasks: dict[str, list[int]] = defaultdict(list)
    for item in examples:
        for label in {span.label for span in item.spans}:
            tasks[label].append(item.task_id)
    return tasks


def _alignment_findings(report: AlignmentReport) -> list[Finding]:
    if not report.spans:
        return []
    if not report.problems:
        return [Finding("ok", "alignment", f"All {plural(report.spans, 'span')} fit whole tokens.")]
    if all(item.problem.dropped for item in report.problems) and len(report.problems) == report.spans:
        message = f"None of the {plural(report.spans, 'span')} can be laid over tokens."
        step = "Check that the offsets of the export belong to these texts, then import again."
        return [Finding("fail", "alignment", message, step)]
    findings = [*_misfit_findings(report)]
    for problem, count in Counter(item.problem for item in report.problems).most_common():
        concerned = [item for item in report.problems if item.problem is problem]
        first = concerned[0]
        message = (
            f"{count:,} of {plural(report.spans, 'span')} {problem.sentence.replace('; ', ': ', 1)}"
            f" (first: {first.span.label} in task {first.task_id})."
        )
        ids = tuple(dict.fromkeys(item.task_id for item in concerned))[:TASKS_SHOWN]
        findings.append(Finding("warn", "alignment", message, "Open these tasks and correct the regions.", None, ids))
    return findings


def _misfit_findings(report: AlignmentReport) -> list[Finding]:
    """Says where most marks cannot be learned as a person marked them; some projects mark parts of words on purpose."""
    dropped = sum(item.problem.dropped for item in report.problems)
    widened = sum(item.problem is Problem.INSIDE_TOKEN for item in report.problems)
    if 2 * (dropped + widened) <= report.spans:
        return []
    message = (
        f"{dropped + widened:,} of {plural(report.spans, 'span')} cannot be learned as they are marked: "
        f"{widened:,} would be widened to whole tokens, {dropped:,} left out."
    )
    step = (
        "Check that the offsets of the export belong to these texts, and mark whole words. Where spans lie inside of "
        "others, leave out the label of the outer or of the inner ones."
    )
    return [Finding("warn", "alignment", message, step)]


def _duplicate_findings(parts: split.Parts) -> list[Finding]:
    found = duplicates.across(parts.train, parts.test)
    rules: tuple[tuple[str, Sequence[duplicates.Pair], str], ...] = (
        ("duplicates", found.exact, "has the text of a training task"),
        ("near_duplicates", found.near, "differs from a training task only in case, digits or punctuation"),
    )
    return [
        Finding(
            "warn",
            code,
            f"{len(pairs):,} of {plural(len(parts.test), 'test task')} {what}: the scores will look too good.",
            "Remove the duplicates, or give both tasks the same Test or Train tag.",
            None,
            tuple(pair.test_id for pair in pairs)[:TASKS_SHOWN],
        )
        for code, pairs, what in rules
        if pairs
    ]


def _graph_findings(
    trainer: Trainer, train: Sequence[Sentence], labels: Sequence[str], dimension: int | None, embeddings: str
) -> tuple[Demanded | None, list[Finding]]:
    if dimension is None:
        message = f"The graph is checked when {embeddings} is loaded: its dimension is not known yet."
        return None, [Finding("warn", "graph", message)] if trainer.needs_graph else []
    try:
        chosen = trainer.graph(train, labels, dimension)
    except GraphNotAvailable as error:
        return None, [_failed("graph", error)]
    if chosen is None:
        return None, []
    places = chosen.graph.characters - 1
    message = f"A graph fits: {chosen.dimension} dimensions, {chosen.tags} of {chosen.graph.tags} tags, "
    shared = chosen.alphabet
    if shared is None:
        return chosen, [Finding("ok", "graph", f"{message}{chosen.characters} of {places} characters.")]
    rare = f"{shared.rare} rare characters ({shared.share:.1%} of the text) share one of its {places} places."
    return chosen, [Finding("ok", "graph", f"{message}{rare}")]


def _resource_findings(cost: Estimate, machine: Machine) -> list[Finding]:
    def gigabytes(megabytes: float) -> str:
        return f"{megabytes / 1024:.1f} GB"

    rules: tuple[tuple[str, float, float, Callable[[], str], str], ...] = (
        (
            "memory",
            cost.memory_mb,
            machine.memory_mb,
            lambda: (
                f"Training needs about {gigabytes(cost.memory_mb)}, the machine has {gigabytes(machine.memory_mb)}."
            ),
            "Train on fewer tasks, choose embeddings of fewer dimensions, or use a larger machine.",
        ),
        (
            "disk",
            cost.disk_mb,
            machine.disk_mb,
            lambda: f"Training needs about {gigabytes(cost.disk_mb)} of disk, {gigabytes(machine.disk_mb)} are free.",
            "Free some space, or move the workspace to a larger disk.",
        ),
    )
    return [Finding("fail", code, sentence(), step) for code, needed, given, sentence, step in rules if needed > given]


def as_dict(readiness: Readiness) -> dict[str, Any]:
    """Returns the JSON shape that the CLI prints and the notebook shows."""
    return {
        "ready": readiness.ready,
        "findings": [finding._asdict() for finding in readiness.findings],
        "selection": {str(reason): count for reason, count in readiness.selection.items()},
        "labels": [{**count._asdict(), "total": count.total, "grade": count.grade} for count in readiness.labels],
        "estimate": readiness.estimate._asdict(),
        "alignment": {"spans": readiness.alignment.spans, **readiness.alignment.counts},
        "train": readiness.train,
        "test": readiness.test,
        "graph": readiness.graph.name if readiness.graph else None,
    }
