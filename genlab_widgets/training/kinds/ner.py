"""Named entities: the spans that people marked, without assertion labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.findings import Finding, plural
from genlab_widgets.training.kinds.base import Drawn, clean_text, spans_of

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.selection import Selected
    from genlab_widgets.training.spec import Architecture, TrainingSpec


class Ner:
    """See :class:`genlab_widgets.training.kinds.base.Kind`."""

    name = "ner"
    title = "NER"
    average: Literal["micro", "macro"] = "micro"
    spans_matter = True
    counts: Literal["spans", "words"] = "spans"
    baseline_title = "CRF"
    baseline_architecture: Architecture | None = "crf"

    def complete(self, spec: TrainingSpec, config: LabelingConfig) -> TrainingSpec:
        """The labeling config decides nothing more."""
        return spec

    def labels(self, spec: TrainingSpec, config: LabelingConfig) -> tuple[str, ...]:
        """Returns the entity labels of the config."""
        labels = (label.value for label in config.entity_labels)
        return tuple(dict.fromkeys(label for label in labels if label not in spec.leave_out_labels))

    def draw(self, usable: Sequence[Selected], spec: TrainingSpec, config: LabelingConfig) -> Drawn:
        """Takes every task: one without spans teaches what is no entity."""
        labels = self.labels(spec, config)
        examples = {
            entry.task.id: Example(entry.task.id, clean_text(entry.task.text), spans_of(entry, labels))
            for entry in usable
        }
        return Drawn(examples, unknown_labels(usable, config))

    def baseline(self, train: Sequence[Example], test: Sequence[Example], seed: int) -> list[Example]:
        """Trains a CRF on the same rows."""
        from genlab_widgets.training.baseline import crf

        return crf(train, test, seed)


def unknown_labels(usable: Sequence[Selected], config: LabelingConfig) -> list[Finding]:
    """Returns a warning for each label that regions carry and the labeling config does not have."""
    configured = {label.value for label in config.labels}
    strangers: Counter[str] = Counter()
    for entry in usable:
        if entry.completion is not None:
            strangers.update(
                label for region in entry.completion.regions for label in region.labels if label not in configured
            )
    return [
        Finding(
            "warn",
            "label_unknown",
            f"{plural(count, 'region')} with label {label} do not train: the labeling config has no such label.",
            f"Add {label} to the labeling config.",
            label,
        )
        for label, count in strangers.most_common()
    ]


NER = Ner()
