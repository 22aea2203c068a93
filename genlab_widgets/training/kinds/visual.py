"""Regions on pages: the words that people marked on images and PDFs, as spans over the text of their pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.findings import TASKS_SHOWN, Finding, plural
from genlab_widgets.training.kinds.base import Drawn, clean_layout, spans_of
from genlab_widgets.training.kinds.ner import Ner
from genlab_widgets.training.kinds.regions import unknown_labels

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.selection import Selected
    from genlab_widgets.training.spec import Architecture, TrainingSpec


class VisualNer(Ner):
    """NER whose text is the words of pages; see :class:`genlab_widgets.training.kinds.base.Kind`.

    The CRF beside it learns the places of the words too.
    """

    name = "visual_ner"
    title = "Visual NER"
    counts: Literal["spans", "words"] = "words"
    baseline_architecture: Architecture | None = None  # a CRF on places is a part of the fine-tuned model only

    def draw(self, usable: Sequence[Selected], spec: TrainingSpec, config: LabelingConfig) -> Drawn:
        """Takes every task with words on its pages: one without regions teaches what is none."""
        labels = self.labels(spec, config)
        examples = {}
        for entry in usable:
            if entry.task.layout is not None:
                layout = clean_layout(entry.task.layout)
                examples[entry.task.id] = Example(entry.task.id, layout.text, spans_of(entry, labels), layout)
        return Drawn(examples, [*unknown_labels(usable, config), *_unread(usable, labels)])


def _unread(usable: Sequence[Selected], labels: Sequence[str]) -> list[Finding]:
    """Returns a warning for each label whose regions hold no word."""
    counted: Counter[str] = Counter()
    tasks: dict[str, dict[int, None]] = {}
    regions: Counter[str] = Counter()
    for entry in usable:
        if entry.completion is None:
            continue
        regions.update(
            label for label, _ in {(label, item.id) for item in entry.completion.regions for label in item.labels}
        )
        for mark in entry.completion.unread:
            for label in mark.labels:
                counted[label] += 1
                tasks.setdefault(label, {})[entry.task.id] = None
    return [
        Finding(
            "warn",
            "region_without_words",
            f"{plural(count + regions[label], 'region')} {label}, and {count:,} of them without any word of the page: "
            "what holds no word does not train.",
            "Open these tasks and draw the box around the words.",
            label,
            tuple(tasks[label])[:TASKS_SHOWN],
        )
        for label, count in counted.most_common()
        if label in labels
    ]


VISUAL_NER = VisualNer()
