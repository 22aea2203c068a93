"""The states of a run and the one table of legal moves between them."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a run stands."""

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    CRASHED = "CRASHED"

    @property
    def ended(self) -> bool:
        """Whether nothing comes after this state."""
        return not MOVES[self]


class EndReason(StrEnum):
    """Reason codes of ends that are no failure of the training itself; failures store a ``FailureReason``."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    WORKER_LOST = "worker_lost"
    KERNEL_LOST = "kernel_lost"
    NEVER_STARTED = "never_started"


MOVES: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.STARTING, Status.CANCELLED, Status.FAILED}),
    Status.STARTING: frozenset({Status.RUNNING, Status.CANCELLING, Status.FAILED, Status.CRASHED}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.CANCELLING, Status.FAILED, Status.CRASHED}),
    Status.CANCELLING: frozenset({Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.CRASHED: frozenset(),
}
"""To which states each state may go. A run that is being stopped ends CANCELLED and nothing else."""

ACTIVE = frozenset({Status.STARTING, Status.RUNNING, Status.CANCELLING})
"""States in which a run holds a slot."""
OPEN = ACTIVE | {Status.QUEUED}
"""States that are no end."""


def sources(target: Status) -> frozenset[Status]:
    """Returns the states from which ``target`` may be reached."""
    return frozenset(state for state, targets in MOVES.items() if target in targets)
