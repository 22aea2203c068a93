"""How many completions no training has seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput, WrongParameters
from genlab_widgets.projects import active_learning
from genlab_widgets.projects.active_learning import COMPLETIONS, FILE, ActiveLearning, Completions
from tests.samples import imported, write_export

COUNTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
BEFORE, AFTER = COUNTED - timedelta(hours=1), COUNTED + timedelta(hours=1)
OLD, ALL = frozenset({"1:1", "2:1"}), frozenset({"1:1", "2:1", "3:1"})


@pytest.mark.parametrize(("last", "new"), [(None, 7), (BEFORE, 7), (COUNTED, 0), (AFTER, 0)])
def test_what_was_there_when_a_training_started_is_not_new(last: datetime | None, new: int) -> None:
    assert ActiveLearning(waiting=7, counted_at=COUNTED).new(last) == new


def test_what_a_training_saw_is_known_at_the_next_count() -> None:
    before, more = Completions(known=OLD, present=ALL), ALL | {"4:1"}
    assert before.counted(more, seen=False).new == 2
    assert before.counted(more, seen=True).new == 1


def test_a_completion_that_was_replaced_is_new_and_one_that_is_gone_counts_for_nothing() -> None:
    assert Completions(known=OLD, present=OLD).counted(frozenset({"1:9"}), seen=False).new == 1


def test_it_is_switched_on_and_off(tmp_path: Path) -> None:
    project = imported(tmp_path / "home", write_export(tmp_path / "notes", tasks=3))
    assert active_learning.read(project) is None
    begun = active_learning.begin(project, 50, {"kind": "ner"}, "anna")
    assert begun.new(None) == 0
    assert active_learning.read(project) == begun
    assert active_learning.usable(project, {"completion_status": "reviewed"}) < active_learning.usable(project, {})
    assert active_learning.count(project, None) == active_learning.read(project)
    (project.folder / COMPLETIONS).unlink()
    counted = active_learning.count(project, None)
    assert counted is not None
    assert counted.new(None) == 0, "nobody knows any more what was seen"
    (project.folder / COMPLETIONS).write_text("{")
    assert active_learning.count(project, None) is not None
    active_learning.end(project)
    active_learning.end(project)
    assert active_learning.count(project, None) is None
    assert active_learning.read(project) is None
    with pytest.raises(WrongParameters, match="no number of completions"):
        active_learning.begin(project, 0, {}, "anna")
    (project.folder / FILE).write_text("{")
    with pytest.raises(BadInput, match="off and on again"):
        active_learning.read(project)
