from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.selection import Filters, Reason, Selected, choose, select
from genlab_widgets.projects.tasks import Completion, Task

MEMBERS = Members(("olga", "amara", "noah"))


def completion(
    number: int, user: str = "amara", submitted: str | None = "2026-01-01T10:00:00Z", **more: Any
) -> Completion:
    return Completion(id=number, username=user, created_at="2026-01-01T09:00:00Z", submitted_at=submitted, **more)


def chosen(*completions: Completion, status: Any = "submitted") -> tuple[int | None, Reason]:
    """Chooses, and checks that the order in the export does not matter."""
    answers = {
        (found.id if found else None, reason)
        for order in permutations(completions)
        for found, reason in [choose(order, MEMBERS, status)]
    }
    (answer,) = answers
    return answer


def one(task: Task, filters: Filters | None = None) -> Selected:
    (selected,) = select([task], MEMBERS, filters or Filters())
    return selected


def test_an_accepted_completion_wins_over_any_priority_star_or_date() -> None:
    best = completion(1, "olga", "2026-09-09T10:00:00Z", starred=True)
    assert chosen(best, completion(2, "nobody", review="accepted")) == (2, Reason.ACCEPTED)


def test_of_several_accepted_the_priority_decides_then_star_then_date() -> None:
    first = completion(1, "noah", "2026-02-01T10:00:00Z", review="accepted", starred=True)
    second = completion(2, "amara", "2026-01-01T10:00:00Z", review="accepted")
    third = completion(3, "amara", "2026-01-02T10:00:00Z", review="accepted")
    assert chosen(first, second) == (2, Reason.ACCEPTED)
    assert chosen(first, second, third) == (3, Reason.ACCEPTED)


def test_rejected_ones_never_train() -> None:
    assert chosen(completion(1, "olga", review="rejected", starred=True), completion(2, "noah")) == (2, Reason.PRIORITY)
    assert chosen(completion(1, "olga", review="rejected")) == (None, Reason.REJECTED)


def test_drafts_never_train_even_when_starred_or_of_the_owner() -> None:
    assert chosen(completion(1, "olga", None, starred=True), completion(2, "noah")) == (2, Reason.PRIORITY)
    assert chosen(completion(1, "olga", None, starred=True), completion(2, "noah", None)) == (None, Reason.DRAFT_ONLY)
    assert chosen(completion(1, "olga", None, review="accepted")) == (None, Reason.DRAFT_ONLY)


def test_skipped_ones_never_train() -> None:
    assert chosen(completion(1, "olga", skipped=True), completion(2, "noah")) == (2, Reason.PRIORITY)
    assert chosen(completion(1, "olga", skipped=True)) == (None, Reason.SKIPPED)
    assert chosen(completion(1, skipped=True), completion(2, submitted=None)) == (None, Reason.SKIPPED)
    assert chosen(completion(1, skipped=True), completion(2, review="rejected")) == (None, Reason.REJECTED)


def test_else_the_highest_priority_wins_over_star_and_date() -> None:
    low = completion(1, "noah", "2026-09-09T10:00:00Z", starred=True)
    assert chosen(low, completion(2, "amara")) == (2, Reason.PRIORITY)


def test_of_one_user_the_starred_one_wins_then_the_newest() -> None:
    old_star = completion(1, submitted="2026-01-01T10:00:00Z", starred=True)
    newer = completion(2, submitted="2026-01-05T10:00:00Z")
    newest = completion(3, submitted="2026-01-09T10:00:00Z")
    assert chosen(old_star, newer, newest) == (1, Reason.PRIORITY)
    assert chosen(newer, newest) == (3, Reason.PRIORITY)


def test_people_who_are_no_members_come_last_and_are_alike() -> None:
    assert chosen(completion(1, "stranger", "2026-09-09T10:00:00Z", starred=True), completion(2, "noah"))[0] == 2
    assert chosen(completion(1, "a", "2026-01-01T10:00:00Z"), completion(2, "b", "2026-01-02T10:00:00Z"))[0] == 2
    assert chosen(completion(1, "a", starred=True), completion(2, "b", "2026-09-02T10:00:00Z"))[0] == 1


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026-01-02T01:00:00Z", "2026-01-02 23:00:00"),
        ("2026-01-02 01:00:00", "2026-01-02T23:00:00Z"),
        ("2026-01-02T10:00:00+02:00", "2026-01-02T09:00:00Z"),
        ("2026-01-02T10:00:00Z", "2026-01-02T10:00:00.500Z"),
        ("someday", "2026-01-02T10:00:00Z"),
    ],
)
def test_dates_are_compared_as_times_not_as_letters(older: str, newer: str) -> None:
    assert chosen(completion(9, submitted=older), completion(1, submitted=newer))[0] == 1


def test_equal_dates_are_told_apart_by_the_higher_id() -> None:
    assert chosen(completion(1), completion(2), completion(3))[0] == 3


def test_only_reviewed_takes_accepted_ones_alone() -> None:
    accepted, open_one, rejected = completion(1, review="accepted"), completion(2), completion(3, review="rejected")
    assert chosen(accepted, open_one, status="reviewed") == (1, Reason.ACCEPTED)
    assert chosen(open_one, rejected, status="reviewed") == (None, Reason.NOT_REVIEWED)
    assert chosen(rejected, status="reviewed") == (None, Reason.REJECTED)


def test_tasks_without_completion_or_text() -> None:
    assert one(Task(1, "text")).reason is Reason.NO_COMPLETION
    for text in ("", "  \n\t"):
        assert one(Task(1, text, completions=(completion(1),))).reason is Reason.EMPTY_TEXT


@pytest.mark.parametrize(
    ("tags", "wanted", "trains"),
    [
        (("Train",), (), True),
        ((), (), True),
        (("Train", "Validated"), ("validated",), True),
        (("A",), ("B", "a"), True),
        (("Train",), ("Validated",), False),
        ((), ("Validated",), False),
    ],
)
def test_the_filter_by_tags(tags: tuple[str, ...], wanted: tuple[str, ...], trains: bool) -> None:
    selected = one(Task(1, "text", tags=tags, completions=(completion(1),)), Filters(tags=wanted))
    assert (selected.completion is not None) is trains
    assert selected.reason is (Reason.PRIORITY if trains else Reason.OTHER_TAGS)
    assert selected.part is None


@pytest.mark.parametrize(
    ("tags", "part"),
    [(("Test",), "test"), (("TEST", "x"), "test"), (("Train",), "train"), ((), "train"), (("Validated",), "train")],
)
def test_test_is_test_and_all_others_train(tags: tuple[str, ...], part: str) -> None:
    task = Task(1, "text", tags=tags, completions=(completion(1),))
    assert one(task, Filters(test_train_tags=True)).part == part


def test_both_tags_on_one_task_are_an_error_only_where_the_split_follows_them() -> None:
    task = Task(7, "text", tags=("test", "Train"), completions=(completion(1),))
    assert one(task).completion is not None
    with pytest.raises(BadInput, match="Task 7 carries both") as caught:
        one(task, Filters(test_train_tags=True))
    assert caught.value.details["task_id"] == 7
    assert caught.value.next_step


def test_every_task_comes_once_in_order_with_its_reason() -> None:
    tasks = [Task(3, "a"), Task(1, "b", completions=(completion(1),)), Task(2, "")]
    selected = list(select(iter(tasks), MEMBERS, Filters()))
    assert [(item.task.id, item.reason) for item in selected] == [
        (3, Reason.NO_COMPLETION),
        (1, Reason.PRIORITY),
        (2, Reason.EMPTY_TEXT),
    ]
    assert all((item.completion is not None) is item.reason.trains for item in selected)


def test_selection_streams() -> None:
    seen: list[int] = []

    def tasks() -> Any:
        for number in range(3):
            seen.append(number)
            yield Task(number, "text")

    stream = select(tasks(), MEMBERS, Filters())
    next(stream)
    assert seen == [0]


def test_each_reason_has_its_own_sentence() -> None:
    assert len({reason.sentence for reason in Reason}) == len(Reason)
    assert {reason for reason in Reason if reason.trains} == {Reason.ACCEPTED, Reason.PRIORITY}
