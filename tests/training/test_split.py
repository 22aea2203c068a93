"""Seeded, near-stratified division and the division by tags."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.projects.selection import Reason, Selected
from genlab_widgets.projects.tasks import Completion, Region, Task
from genlab_widgets.training import split
from genlab_widgets.training.dataset import Example, Span, count_labels
from genlab_widgets.training.spec import TrainingSpec


def examples(count: int) -> list[Example]:
    labels = ["COMMON", "COMMON", "COMMON", "SOME", "RARE"]
    found = []
    for index in range(count):
        label = labels[index % 5] if index % 25 else "ODD"
        found.append(Example(index, f"word{index} here", (Span(0, 4, label),)))
    return found


def selected(task_id: int, text: str, labels: tuple[str, ...] = ("A",), part: str | None = None) -> Selected:
    region = Region("r", "label", 0, 3, text[:3], labels)
    completion = Completion(task_id * 10, "ann", "2026-01-01", "2026-01-01", regions=(region,))
    return Selected(Task(task_id, text), completion, Reason.PRIORITY, part)  # type: ignore[arg-type]


def test_division_depends_on_seed_and_ids_not_on_order() -> None:
    every = examples(200)
    shuffled = every[:]
    random.Random(5).shuffle(shuffled)
    assert split.divide(every, 0.2, 1) == split.divide(shuffled, 0.2, 1)
    assert split.divide(every, 0.2, 1) != split.divide(every, 0.2, 2)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
def test_division_is_near_stratified(share: float) -> None:
    every = examples(500)
    parts = split.divide(every, share, 42)
    assert len(parts.test) == pytest.approx(500 * share, abs=4)
    all_labels, test_labels = count_labels(every), count_labels(parts.test)
    for label, count in all_labels.items():
        assert test_labels[label] == pytest.approx(count * share, abs=1.5)


def test_every_label_with_two_tasks_stands_in_both_parts() -> None:
    every = [Example(index, f"t{index}", (Span(0, 1, f"L{index // 2}"),)) for index in range(40)]
    parts = split.divide(every, 0.05, 3)
    assert set(count_labels(parts.train)) == set(count_labels(parts.test)) == {f"L{index}" for index in range(20)}


def test_a_single_example_of_a_label_trains() -> None:
    every = [*examples(60), Example(99, "only one", (Span(0, 4, "SINGLE"),))]
    for seed in range(20):
        assert count_labels(split.divide(every, 0.5, seed).train)["SINGLE"] == 1


def test_equal_texts_stay_together() -> None:
    every = [
        Example(index, f"Text  {index // 4}".upper() if index % 2 else f"text {index // 4}", ()) for index in range(80)
    ]
    parts = split.divide(every, 0.25, 7)
    sides = Counter(item.task_id // 4 for item in parts.test)
    assert set(sides.values()) == {4}


def test_one_text_only_still_gives_two_parts() -> None:
    parts = split.divide([Example(index, "same", ()) for index in range(10)], 0.2, 1)
    assert (len(parts.train), len(parts.test)) == (8, 2)


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_no_part_is_empty(share: float) -> None:
    for count in (2, 3, 7):
        for spans in ((), (Span(0, 1, "A"),)):
            parts = split.divide([Example(index, f"x{index}", spans) for index in range(count)], share, 1)
            assert parts.train
            assert parts.test


@pytest.mark.parametrize("count", [0, 1])
def test_too_few(count: int) -> None:
    with pytest.raises(TooFewCompletions, match=str(count)):
        split.divide(examples(count), 0.2, 1)


def test_assign_without_usable_completion() -> None:
    left_out = Selected(Task(1, "x"), None, Reason.NO_COMPLETION)
    with pytest.raises(TooFewCompletions) as caught:
        split.assign([left_out], {}, TrainingSpec(project="p"))
    assert caught.value.next_step


def test_assign_by_tags() -> None:
    entries = [selected(2, "two", part="test"), selected(1, "one", part="train"), selected(3, "six", part="train")]
    drawn = {entry.task.id: Example(entry.task.id, entry.task.text, ()) for entry in entries}
    train, test = split.assign(entries, drawn, TrainingSpec(project="p", test_train_tags=True))
    assert [item.task_id for item in train] == [1, 3]
    assert [item.task_id for item in test] == [2]
    with pytest.raises(TooFewCompletions, match="test part is empty"):
        split.assign(entries[1:], drawn, TrainingSpec(project="p", test_train_tags=True))
    with pytest.raises(TooFewCompletions, match="training part is empty"):
        split.assign(entries[:1], drawn, TrainingSpec(project="p", test_train_tags=True))


def test_a_task_that_teaches_nothing_stands_in_no_part() -> None:
    entries = [selected(number, f"text {number}") for number in range(1, 7)]
    drawn = {entry.task.id: Example(entry.task.id, entry.task.text, ()) for entry in entries[1:]}
    train, test = split.assign(entries, drawn, TrainingSpec(project="p"))
    assert sorted(item.task_id for item in (*train, *test)) == [2, 3, 4, 5, 6]


def crowded(seed: int, tasks: int = 60, labels: int = 30) -> list[Example]:
    """Documents in which a label stands several times, so that rare labels have few tasks and many spans."""
    numbers = random.Random(seed)
    weights = [1 / (place + 1) ** 1.2 for place in range(labels)]
    found = []
    for number in range(tasks):
        drawn = set(numbers.choices(range(labels), weights, k=numbers.randint(1, 6)))
        spans = [f"L{label}" for label in sorted(drawn) for _ in range(numbers.randint(1, 6))]
        places = tuple(Span(5 * place, 5 * place + 4, label) for place, label in enumerate(spans))
        found.append(Example(number, "word " * 80 + str(number), places))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_every_label_is_taught_however_often_it_stands_in_a_task(seed: int) -> None:
    every = crowded(seed)
    parts = split.divide(every, 0.2, 42)
    assert set(count_labels(parts.train)) == set(count_labels(every))
    assert 6 < len(parts.test) < 24
    shuffled = every[:]
    random.Random(seed).shuffle(shuffled)
    assert split.divide(shuffled, 0.2, 42) == parts


def test_the_task_that_goes_back_costs_the_test_part_the_fewest_labels() -> None:
    a, b = Span(0, 1, "A"), Span(2, 3, "B")
    groups = [[Example(number, f"text {number}", spans)] for number, spans in enumerate([(a, b), (a,), (b,), ()])]
    kept = split._teachable(groups, [groups[0], groups[1]])
    assert kept == [groups[0]]  # A goes back with its second task: B stays in the test part


def test_where_every_test_task_goes_back_a_harmless_one_comes_instead() -> None:
    groups = [[Example(number, f"text {number}", spans)] for number, spans in enumerate([(Span(0, 1, "A"),), ()])]
    assert split._teachable(groups, [groups[0]]) == [groups[1]]
