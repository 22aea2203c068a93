"""Which chosen completions train and which test: by tags, or at random with a seed and near-stratified.

A task's place depends on the seed, its id and the labels around it, never on the order of the export. Tasks with the
same text stay on one side, so that no test text was seen in training.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training.dataset import Example, count_labels

if TYPE_CHECKING:
    from genlab_widgets.projects.selection import Selected
    from genlab_widgets.training.spec import TrainingSpec

HELD_OUT, MOST_HELD_OUT = 0.2, 300
"""Part of the training tasks by which epochs and settings are chosen; more than 300 say no more about them."""
_BLANKS = re.compile(r"\s+")


class Parts(NamedTuple):
    """Training and test examples, each in the order of task ids."""

    train: list[Example]
    test: list[Example]


def assign(usable: Iterable[Selected], examples: Mapping[int, Example], spec: TrainingSpec) -> Parts:
    """Divides the tasks that teach into training and test examples.

    Args:
        usable: Tasks with a chosen completion; those without example are skipped.
        examples: By task id, see :meth:`genlab_widgets.training.kinds.base.Kind.draw`.
        spec: Decides between tags and random; ``seed`` and ``validation_split`` are used.

    Raises:
        TooFewCompletions: One of the parts would be empty.
    """
    teaching = [entry for entry in usable if entry.task.id in examples]
    if not teaching:
        raise TooFewCompletions(
            "No completion can be used for training.",
            "None of the tasks has a completion that passes the selection and teaches what shall be trained.",
            "Submit or accept completions, or widen the filters.",
            usable=0,
        )
    if spec.test_train_tags:
        return _by_tags(teaching, examples)
    return divide([examples[entry.task.id] for entry in teaching], spec.validation_split, spec.seed)


def hold_out(examples: Sequence[Example], seed: int) -> Parts:
    """Divides training tasks into those that teach and those that choose, as the test tasks were divided.

    Every trainer of a kind gets the same ones, so that their scores on them can be compared. A lone task does both.
    """
    if len(examples) < 2:
        return Parts(list(examples), list(examples))
    return divide(examples, min(HELD_OUT, MOST_HELD_OUT / len(examples)), seed)


def divide(examples: Sequence[Example], test_share: float, seed: int) -> Parts:
    """Divides examples at random, near-stratified by the rarest label of each.

    Each stratum (tasks with the same rarest label) gives its share of test tasks, and at least one of every two or
    more, so that rare labels can be measured. Inside a stratum the SHA-256 of seed and task id decides.

    Args:
        examples: At least two.
        test_share: Wanted share of test tasks, between 0 and 1.
        seed: Another seed gives another division.

    Raises:
        TooFewCompletions: There are fewer than two examples.
    """
    if len(examples) < 2:
        raise TooFewCompletions(
            f"{len(examples)} usable completion cannot be divided into training and test.",
            "At least 2 are needed, and 40 to 50 examples of each label are recommended.",
            "Complete more tasks, or widen the filters.",
            usable=len(examples),
        )
    groups = _groups(examples, seed)
    if len(groups) < 2:  # one text only: leakage cannot be avoided, readiness warns of it
        groups = [[item] for item in sorted(examples, key=lambda item: _rank(seed, item.task_id))]
    test_ids = _test_ids(groups, count_labels(examples), test_share)
    ordered = sorted(examples, key=lambda item: item.task_id)
    return Parts(
        [item for item in ordered if item.task_id not in test_ids],
        [item for item in ordered if item.task_id in test_ids],
    )


def _by_tags(usable: Sequence[Selected], examples: Mapping[int, Example]) -> Parts:
    ordered = sorted(usable, key=lambda entry: entry.task.id)
    parts = Parts(
        [examples[entry.task.id] for entry in ordered if entry.part != "test"],
        [examples[entry.task.id] for entry in ordered if entry.part == "test"],
    )
    for name, tag, part in (("test", "Test", parts.test), ("training", "another tag than Test", parts.train)):
        if not part:
            raise TooFewCompletions(
                f"The {name} part is empty.",
                f"The split follows the tags, and none of the {len(usable)} usable tasks has {tag}.",
                "Tag some tasks with Test and others with Train, or choose a random split.",
                usable=len(usable),
            )
    return parts


def _rank(seed: int, task_id: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{task_id}".encode()).digest()[:8], "big")


def _groups(examples: Sequence[Example], seed: int) -> list[list[Example]]:
    """Groups equal texts (case and blanks aside), ordered by the rank of the smallest task id in each."""
    by_text: dict[str, list[Example]] = defaultdict(list)
    for item in sorted(examples, key=lambda item: item.task_id):
        by_text[_BLANKS.sub(" ", item.text.casefold()).strip()].append(item)
    return sorted(by_text.values(), key=lambda group: _rank(seed, group[0].task_id))


def _test_ids(groups: Sequence[Sequence[Example]], frequency: Counter[str], test_share: float) -> set[int]:
    strata: dict[str, list[Sequence[Example]]] = defaultdict(list)
    for group in groups:
        labels = {span.label for item in group for span in item.spans if span.label in frequency}
        strata[min(labels, key=lambda label: (frequency[label], label)) if labels else ""].append(group)
    chosen: list[Sequence[Example]] = []
    carried = 0.0  # what rounding took from earlier strata, so that the shares add up
    for label in sorted(strata, key=lambda label: (frequency[label], label)):
        members = strata[label]
        wanted = sum(map(len, members)) * test_share + carried
        most = len(members) - 1 if label or len(strata) == 1 else len(members)
        least = 1 if label and len(members) > 1 else 0
        taken: list[Sequence[Example]] = []
        size = 0
        for group in members:
            fits = size + len(group) / 2 <= wanted
            if len(taken) < most and (fits or len(taken) < least):
                taken.append(group)
                size += len(group)
        carried = wanted - size
        chosen.extend(taken)
    if len(chosen) == len(groups):
        chosen.remove(max(chosen, key=len))
    return {item.task_id for group in _teachable(groups, chosen) for item in group}


def _teachable(groups: Sequence[Sequence[Example]], chosen: list[Sequence[Example]]) -> list[Sequence[Example]]:
    """Returns the test groups without those that are needed for each label to have a training task.

    A label may stand in a few tasks many times, and a rarer one beside it may have put them all into the test part. Of
    its groups that one goes back with which the test part loses the fewest labels. One group stays, or comes instead.
    """
    labels = {group[0].task_id: frozenset(count_labels(group)) for group in groups}
    everywhere = Counter(label for found in labels.values() for label in found)
    tested = Counter(label for group in chosen for label in labels[group[0].task_id])
    for label in sorted(tested):
        if tested[label] == everywhere[label]:
            holding = [group for group in chosen if label in labels[group[0].task_id]]
            back = min(
                holding, key=lambda group: (sum(tested[found] == 1 for found in labels[group[0].task_id]), len(group))
            )
            chosen = [group for group in chosen if group is not back]
            tested.subtract(labels[back[0].task_id])
    if chosen:
        return chosen
    return [
        min(groups, key=lambda group: (sum(everywhere[found] == 1 for found in labels[group[0].task_id]), len(group)))
    ]
