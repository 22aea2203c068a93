"""Named entities: the spans that people marked, without assertion labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.kinds.base import Drawn, clean_text, spans_of
from genlab_widgets.training.kinds.regions import about_regions

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
        """Takes every task with a text: one without spans teaches what is no entity."""
        labels = self.labels(spec, config)
        examples = {
            entry.task.id: Example(entry.task.id, clean_text(entry.task.text), spans_of(entry, labels))
            for entry in usable
            if entry.task.text.strip()
        }
        return Drawn(examples, about_regions(usable, config))

    def baseline(self, train: Sequence[Example], test: Sequence[Example], seed: int) -> list[Example]:
        """Trains a CRF on the same rows."""
        from genlab_widgets.training.baseline import crf

        return crf(train, test, seed)


NER = Ner()
