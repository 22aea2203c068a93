"""Assertion status: what the text says of an entity (present, absent, family ...).

An assertion is a second region on the very span of an entity, with a label that the labeling config marks
``assertion="true"``. An example's spans are those entities, labelled with their status; bounds are compared without the
blanks at their edges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from genlab_widgets.training.dataset import Example, Span, cleaned
from genlab_widgets.training.kinds.base import Drawn, clean_text, spans_of, tasks_finding
from genlab_widgets.training.kinds.regions import about_regions

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.selection import Selected
    from genlab_widgets.training.spec import Architecture, TrainingSpec


class Assertion:
    """See :class:`genlab_widgets.training.kinds.base.Kind`."""

    name = "assertion"
    title = "Assertion"
    average: Literal["micro", "macro"] = "macro"
    spans_matter = False
    counts: Literal["spans", "words"] = "spans"
    baseline_title = "most frequent status"
    baseline_architecture: Architecture | None = None

    def complete(self, spec: TrainingSpec, config: LabelingConfig) -> TrainingSpec:
        """The labeling config decides nothing more."""
        return spec

    def labels(self, spec: TrainingSpec, config: LabelingConfig) -> tuple[str, ...]:
        """Returns the assertion labels of the config."""
        labels = (label.value for label in config.assertion_labels)
        return tuple(dict.fromkeys(label for label in labels if label not in spec.leave_out_labels))

    def draw(self, usable: Sequence[Selected], spec: TrainingSpec, config: LabelingConfig) -> Drawn:
        """Takes tasks that have an entity with one status."""
        labels = self.labels(spec, config)
        entities = [label.value for label in config.entity_labels]
        drawn = Drawn()
        outside, alone, unclear = [], [], []
        for entry in usable:
            text = clean_text(entry.task.text)
            given = Example(entry.task.id, text, spans_of(entry, [*entities, *labels]))
            regions = cleaned(given).spans
            if not all(cleaned(given.with_spans([span])).spans for span in given.spans):
                outside.append(entry.task.id)
            marked = {(span.start, span.end) for span in regions if span.label in entities}
            statuses: dict[tuple[int, int], list[str]] = defaultdict(list)
            for span in regions:
                if span.label in labels:
                    statuses[span.start, span.end].append(span.label)
            if any(place not in marked for place in statuses):
                alone.append(entry.task.id)
            if any(len(found) > 1 for found in statuses.values()):
                unclear.append(entry.task.id)
            spans = tuple(
                Span(start, end, found[0])
                for (start, end), found in sorted(statuses.items())
                if (start, end) in marked and len(found) == 1
            )
            if spans:
                drawn.examples[entry.task.id] = Example(entry.task.id, text, spans)
        drawn.findings = [
            *about_regions(usable, config),
            *tasks_finding(
                "region_outside_text",
                outside,
                "have a region outside the text or on blanks only; it does not train",
                "Open these tasks and correct the regions.",
                "has a region outside the text or on blanks only; it does not train",
            ),
            *tasks_finding(
                "assertion_alone",
                alone,
                "have a status on a span that is no entity; it does not train",
                "Mark the same span with an entity label, too.",
                "has a status on a span that is no entity; it does not train",
            ),
            *tasks_finding(
                "assertion_unclear",
                unclear,
                "give one entity several statuses; these do not train",
                "Keep one status for each entity.",
                "gives one entity several statuses; these do not train",
            ),
        ]
        return drawn

    def baseline(self, train: Sequence[Example], test: Sequence[Example], seed: int) -> list[Example]:
        """Gives every entity the status that most have."""
        counted = Counter(span.label for item in train for span in item.spans)
        most = min(counted, key=lambda label: (-counted[label], label)) if counted else ""
        return [
            Example(item.task_id, item.text, tuple(span._replace(label=most) for span in item.spans) if most else ())
            for item in test
        ]


ASSERTION = Assertion()
