from __future__ import annotations

from itertools import product

import pytest

from genlab_widgets.errors import IllegalMove
from genlab_widgets.runs.states import ACTIVE, MOVES, OPEN, Status, sources
from genlab_widgets.runs.store import Runs
from genlab_widgets.training.spec import TrainingSpec
from tests.runs.conftest import Workplace

ENDS = (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.CRASHED)


def test_the_ends_are_those_after_which_nothing_comes() -> None:
    assert {status for status in Status if status.ended} == set(ENDS)
    assert set(ENDS) | OPEN == set(Status)
    assert OPEN - {Status.QUEUED} == ACTIVE


def test_a_run_that_is_being_stopped_can_only_end_cancelled() -> None:
    assert MOVES[Status.CANCELLING] == {Status.CANCELLED}
    assert sources(Status.COMPLETED) == {Status.RUNNING}


def put(runs: Runs, run_id: str, status: Status) -> None:
    """Brings a QUEUED run into a state by legal moves."""
    ways = {
        Status.QUEUED: [],
        Status.STARTING: [Status.STARTING],
        Status.RUNNING: [Status.STARTING, Status.RUNNING],
        Status.CANCELLING: [Status.STARTING, Status.CANCELLING],
        Status.COMPLETED: [Status.STARTING, Status.RUNNING, Status.COMPLETED],
        Status.FAILED: [Status.FAILED],
        Status.CANCELLED: [Status.CANCELLED],
        Status.CRASHED: [Status.STARTING, Status.CRASHED],
    }
    for target in ways[status]:
        assert runs.move(run_id, target)


@pytest.mark.parametrize(("origin", "target"), list(product(Status, Status)))
def test_every_pair_of_states(workplace: Workplace, origin: Status, target: Status) -> None:
    runs = workplace.runs
    row = runs.create(TrainingSpec(project="notes"), "notes", "anna")
    put(runs, row.id, origin)
    before = runs.get(row.id)
    legal = target in MOVES[origin]

    assert runs.move(row.id, target, message="moved") is legal

    after = runs.get(row.id)
    assert after.status is (target if legal else origin)
    assert after.message == ("moved" if legal else before.message)
    assert (after.ended_at is not None) is after.status.ended
    if not legal:
        assert after == before
        if target is not Status.QUEUED:
            with pytest.raises(IllegalMove):
                runs.move(row.id, target, origins={origin})
