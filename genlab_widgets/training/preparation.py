"""From a project and a spec to the rows of a training: selection, split, tokens, and the run's dataset folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genlab_widgets.projects.selection import Filters, select
from genlab_widgets.training import dataset, split
from genlab_widgets.training.dataset import AlignmentReport, Sentence

if TYPE_CHECKING:
    from pathlib import Path

    from genlab_widgets.projects.store import Project
    from genlab_widgets.training.spec import TrainingSpec


@dataclass(frozen=True)
class Prepared:
    """The rows of one training.

    Attributes:
        parts: Training and test tasks with the spans of their chosen completions.
        train: Tagged sentences of the training tasks.
        test: Tagged sentences of the test tasks.
        labels: What is learned, in the order of the labeling config.
        selection: Tasks by selection reason.
        alignment: Spans that tokens cannot show as they were marked.
    """

    parts: split.Parts
    train: list[Sentence]
    test: list[Sentence]
    labels: tuple[str, ...]
    selection: Counter[str]
    alignment: AlignmentReport

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
    filters = Filters(tags=spec.tags, completion_status=spec.completion_status, test_train_tags=spec.test_train_tags)
    chosen = list(select(project.tasks(), project.members, filters))
    labels = split.entity_labels(project, spec)
    parts = split.assign(chosen, spec, labels)
    train, train_report = dataset.build(parts.train)
    test, test_report = dataset.build(parts.test)
    report = AlignmentReport(
        train_report.spans + test_report.spans,
        train_report.aligned + test_report.aligned,
        [*train_report.problems, *test_report.problems],
    )
    return Prepared(parts, train, test, labels, Counter(str(item.reason) for item in chosen), report)


def write(prepared: Prepared, folder: Path) -> None:
    """Writes the dataset folder of a run.

    Raises:
        WorkspaceUnusable: The folder cannot be written.
    """
    dataset.write(folder, prepared.train, prepared.test, prepared.parts.train, prepared.parts.test)
