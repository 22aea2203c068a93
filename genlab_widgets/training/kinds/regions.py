"""What is to know about the regions of chosen completions: which of them do not train, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genlab_widgets.training.findings import TASKS_SHOWN, Finding, plural
from genlab_widgets.training.kinds.base import tasks_finding

if TYPE_CHECKING:
    from genlab_widgets.projects.labeling_config import LabelingConfig
    from genlab_widgets.projects.selection import Selected


def about_regions(usable: Sequence[Selected], config: LabelingConfig) -> list[Finding]:
    """Returns what is to know about regions on texts."""
    return [*unknown_labels(usable, config), *_elsewhere(usable, config), *_misplaced(usable), *_textless(usable)]


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


def _elsewhere(usable: Sequence[Selected], config: LabelingConfig) -> list[Finding]:
    """Returns a warning where regions stand on another text than the one that is read."""
    found = [(entry.task.id, entry.completion.elsewhere) for entry in usable if entry.completion is not None]
    concerned = [task_id for task_id, names in found if names]
    names = ", ".join(dict.fromkeys(name for _, names in found for name in names))
    what = f"regions on {names}; they do not train, since entities are learned from one text, ${config.text_key}"
    return tasks_finding(
        "other_text", concerned, f"have {what}", "Make a project of its own for the other text.", f"has {what}"
    )


def _misplaced(usable: Sequence[Selected]) -> list[Finding]:
    """Returns a finding where regions say another text than stands at their place; it blocks from more than half on."""
    regions = [
        (entry.task, region) for entry in usable if entry.completion is not None for region in entry.completion.regions
    ]
    wrong = [(task, region) for task, region in regions if not region.fits(task.text)]
    if not wrong:
        return []
    task, region = wrong[0]
    there = task.text[max(region.start, 0) : max(region.end, 0)]
    message = (
        f"{len(wrong):,} of {plural(len(regions), 'region')} say another text than stands at their place"
        f" (first: {region.text[:40]!r} in task {task.id}, where {there[:40]!r} stands)."
    )
    step = "Check that the offsets of the export belong to these texts, then import again."
    ids = tuple(dict.fromkeys(task.id for task, _ in wrong))[:TASKS_SHOWN]
    return [Finding("fail" if 2 * len(wrong) > len(regions) else "warn", "region_text", message, step, None, ids)]


def _textless(usable: Sequence[Selected]) -> list[Finding]:
    """Returns a warning where a task has no text to learn entities from; selection keeps it for its other texts."""
    empty = [entry.task.id for entry in usable if not entry.task.text.strip()]
    return tasks_finding("no_text", empty, "have no text, so they do not train", "", "has no text: it cannot train")
