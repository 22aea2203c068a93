"""What a kind of model is: which labels it learns, and what a completion teaches it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.findings import TASKS_SHOWN, Finding, plural

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.pages.layout import Layout
    from genlab_widgets.projects.selection import Selected
    from genlab_widgets.training.spec import Architecture, TrainingSpec

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass
class Drawn:
    """What the chosen completions teach.

    Attributes:
        examples: One example a task that teaches, by task id.
        findings: What could not be taken, and why.
    """

    examples: dict[int, Example] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class Kind(Protocol):
    """One kind of model. Whatever it learns stands as spans over the text of a task.

    Attributes:
        name: As in the spec.
        title: What the pages call it.
        average: The average whose F1 is the headline.
        spans_matter: Whether bounds of spans can be wrong (else they are given or cover the text).
        counts: What the headline counts: whole spans, or words.
        baseline_title: What stands beside the model.
        baseline_architecture: The architecture that trains it as a model of its own; None where there is none.
    """

    name: str
    title: str
    average: Literal["micro", "macro"]
    spans_matter: bool
    counts: Literal["spans", "words"]
    baseline_title: str
    baseline_architecture: Architecture | None

    def complete(self, spec: TrainingSpec, config: LabelingConfig) -> TrainingSpec:
        """Fills in what the labeling config decides.

        Raises:
            WrongParameters: The spec names something that the config does not have, or the config is not clear.
        """
        ...

    def labels(self, spec: TrainingSpec, config: LabelingConfig) -> tuple[str, ...]:
        """Returns what is learned, in the order of the config, without the labels left out."""
        ...

    def draw(self, usable: Sequence[Selected], spec: TrainingSpec, config: LabelingConfig) -> Drawn:
        """Turns tasks with their chosen completions into examples."""
        ...

    def baseline(self, train: Sequence[Example], test: Sequence[Example], seed: int) -> list[Example]:
        """Trains the cheap model that stands beside every result, and predicts the test examples."""
        ...


def clean_text(text: str) -> str:
    """Returns a task's text as Java, parquet and UTF-8 can hold it: lone surrogates become U+FFFD, one for one."""
    return _LONE_SURROGATES.sub("\ufffd", text)


def clean_layout(layout: Layout) -> Layout:
    """Returns a layout whose words and text are clean as by :func:`clean_text`."""
    words = tuple(word._replace(text=clean_text(word.text)) for word in layout.words)
    return replace(layout, words=words, text=clean_text(layout.text))


def spans_of(selected: Selected, labels: Iterable[str]) -> tuple[Span, ...]:
    """Returns the regions of the chosen completion that carry one of these labels."""
    wanted = frozenset(labels)
    regions = selected.completion.regions if selected.completion is not None else ()
    spans = (Span(region.start, region.end, label) for region in regions for label in region.labels if label in wanted)
    return tuple(dict.fromkeys(spans))


def tasks_finding(code: str, task_ids: Sequence[int], what: str, next_step: str, one: str = "") -> list[Finding]:
    """Returns a warning about some tasks, or nothing where there are none.

    Args:
        code: Stable name of the rule.
        task_ids: The tasks.
        what: What is the matter with several; the sentence goes on after "12 tasks".
        next_step: What to do.
        one: The same for a single task, where it differs.
    """
    if not task_ids:
        return []
    told = one if one and len(task_ids) == 1 else what
    message = f"{plural(len(task_ids), 'task')} {told}."
    return [Finding("warn", code, message, next_step, None, tuple(task_ids)[:TASKS_SHOWN])]
