"""From a project and a spec to the rows of a training: selection, split, tokens, and the run's dataset folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genlab_widgets.projects.selection import Filters, Selected, select
from genlab_widgets.training import dataset, split
from genlab_widgets.training.dataset import AlignmentReport, Sentence
from genlab_widgets.training.kinds import Kind, kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.store import Project
    from genlab_widgets.training.spec import TrainingSpec


@dataclass(frozen=True)
class Prepared:
    """The rows of one training.

    Attributes:
        kind: What is learned.
        parts: Training and test tasks with the spans of their chosen completions.
        train: Tagged sentences of the training tasks.
        test: Tagged sentences of the test tasks.
        labels: What is learned, in the order of the labeling config.
        selection: Tasks by selection reason.
        alignment: Spans that tokens cannot show as they were marked.
        multiple: Whether a text may have several classes.
    """

    kind: Kind
    parts: split.Parts
    train: list[Sentence]
    test: list[Sentence]
    labels: tuple[str, ...]
    selection: Counter[str]
    alignment: AlignmentReport
    multiple: bool = False

    def facts(self) -> dict[str, Any]:
        """Returns counts for ``result.json``: tasks, sentences, tokens and spans of both parts, labels, alignment."""
        parts = (("train", self.parts.train, self.train), ("test", self.parts.test, self.test))
        counts = {
            name: {
                "tasks": len(examples),
                "sentences": len(sentences),
                "tokens": sum(len(sentence.tokens) for sentence in sentences),
                "labels": dict(dataset.count_labels(examples)),
            }
            for name, examples, sentences in parts
        }
        return {**counts, "alignment": {"spans": self.alignment.spans, **self.alignment.counts}}


def prepare(project: Project, spec: TrainingSpec) -> Prepared:
    """Selects completions, divides tasks and tags tokens.

    Raises:
        BadInput: A task carries both the Test and the Train tag while the split follows them.
        TooFewCompletions: One of the parts would be empty.
    """
    kind, config, selection = kind_of(spec.kind), project.labeling_config, Counter[str]()
    usable = usable_tasks(project, spec, selection)
    parts = split.assign(usable, kind.draw(usable, spec, config).examples, spec)
    return prepare_parts(kind, parts, spec, config, selection)


def usable_tasks(project: Project, spec: TrainingSpec, selection: Counter[str]) -> list[Selected]:
    """Streams the tasks once and returns those that train.

    Args:
        project: The project.
        spec: Its filters say which tasks are wanted.
        selection: Counts all tasks by reason.

    Raises:
        BadInput: A task carries both the Test and the Train tag while the split follows them.
    """
    filters = Filters(tags=spec.tags, completion_status=spec.completion_status, test_train_tags=spec.test_train_tags)
    usable = []
    for selected in select(project.tasks(), project.members, filters):
        selection[selected.reason] += 1
        if selected.completion is not None:
            usable.append(selected)
    return usable


def prepare_parts(
    kind: Kind, parts: split.Parts, spec: TrainingSpec, config: LabelingConfig, selection: Counter[str]
) -> Prepared:
    """Tags the tokens of tasks that are divided already."""
    train, test, report = tagged(kind, parts)
    multiple = any(control.multiple for control in config.choices if control.name == spec.classifier)
    by_reason = Counter({str(reason): count for reason, count in selection.items()})
    return Prepared(kind, parts, train, test, kind.labels(spec, config), by_reason, report, multiple)


def tagged(kind: Kind, parts: split.Parts) -> tuple[list[Sentence], list[Sentence], AlignmentReport]:
    """Returns the sentences of both parts, and what happened to the spans on their way to tags.

    Where spans are given or cover the text, the sentences carry no tags: they are there to be embedded and counted.
    """
    if not kind.spans_matter:
        parts = split.Parts(*([item.with_spans(()) for item in part] for part in parts))
    (train, train_report), (test, test_report) = (dataset.build(part) for part in parts)
    report = AlignmentReport(
        train_report.spans + test_report.spans,
        train_report.aligned + test_report.aligned,
        [*train_report.problems, *test_report.problems],
    )
    return train, test, report


def write(prepared: Prepared, folder: Path) -> None:
    """Writes the dataset folder of a run.

    Raises:
        WorkspaceUnusable: The folder cannot be written.
    """
    dataset.write(folder, prepared.train, prepared.test, prepared.parts.train, prepared.parts.test)
