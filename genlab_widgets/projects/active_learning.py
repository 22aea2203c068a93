"""Active learning: a project trains again by itself after so many new completions.

What is new is counted when an import brings it: the usable completions (:mod:`genlab_widgets.projects.selection`) that
no training has seen. A training sees what was there when it started, whoever started it. The count stands in the
project's folder, so whoever looks (a page, a command, a worker that ends) knows without reading the tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genlab_widgets.errors import BadInput, WrongParameters
from genlab_widgets.projects.selection import Filters, select
from genlab_widgets.projects.store import Project, publish, unusable

_Record = TypeVar("_Record", bound=BaseModel)
FILE, COMPLETIONS = "active_learning.json", "active_learning_completions.json"
"""In the project's folder; another import keeps them. The second one is only read to count."""
USUAL = (50, 100, 200)
"""Thresholds that the form offers."""


class ActiveLearning(BaseModel):
    """When a project trains again, and what was counted.

    Attributes:
        threshold: It trains after so many new completions.
        fields: Fields of the spec of its trainings, other than project and source.
        user: Who switched it on, and in whose name it trains.
        waiting: Completions that no training had seen when they were counted.
        counted_at: When that was, in UTC.
        trained_at: When it last started a training itself, in UTC; that run may be deleted since.
        problem: Why the last training could not be started; it is tried again when new completions come.
    """

    model_config = ConfigDict(frozen=True)

    threshold: int = Field(50, ge=1)
    fields: dict[str, Any] = {}
    user: str = ""
    waiting: int = 0
    counted_at: datetime
    trained_at: datetime | None = None
    problem: str = ""

    def new(self, last_training: datetime | None) -> int:
        """Returns how many completions no training has seen.

        Args:
            last_training: When the project's last training was started, in UTC.
        """
        return 0 if self.saw_all(last_training) else self.waiting

    def saw_all(self, last_training: datetime | None) -> bool:
        """Tells whether a training was started since the last count: it has seen all that was there."""
        return any(when is not None and when >= self.counted_at for when in (last_training, self.trained_at))


class Completions(BaseModel):
    """Usable completions, as ``task:completion``.

    Attributes:
        known: Those that a training has seen.
        present: Those that were there when they were counted last.
    """

    model_config = ConfigDict(frozen=True)

    known: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()

    def counted(self, present: frozenset[str], seen: bool) -> Completions:
        """Returns those of a new count.

        Args:
            present: What is there now.
            seen: Whether a training has seen what was there before.
        """
        return Completions(known=self.present if seen else self.known, present=present)

    @property
    def new(self) -> int:
        """How many of those that are there no training has seen."""
        return len(self.present - self.known)


def begin(project: Project, threshold: int, fields: dict[str, Any], user: str) -> ActiveLearning:
    """Switches it on: what is there now counts as seen.

    Raises:
        WrongParameters: The threshold is no positive number.
        WorkspaceUnusable: The project folder cannot be written.
    """
    if threshold < 1:
        raise WrongParameters(
            f"{threshold} is no number of completions.", "At least one has to be new.", "Give a number, for example 50."
        )
    present = usable(project, fields)
    publish(project.folder / COMPLETIONS, Completions(known=present, present=present).model_dump_json().encode())
    found = ActiveLearning(threshold=threshold, fields=fields, user=user, counted_at=datetime.now(UTC))
    save(project, found)
    return found


def count(project: Project, last_training: datetime | None) -> ActiveLearning | None:
    """Counts what an import brought; None where it is switched off.

    Args:
        project: The project, with its new tasks.
        last_training: When its last training was started, in UTC.

    Raises:
        BadInput: Somebody damaged its files.
        WorkspaceUnusable: The project folder cannot be written.
    """
    state = read(project)
    if state is None:
        return None
    present = usable(project, state.fields)
    try:
        before = _read(project, COMPLETIONS, Completions)
    except BadInput:
        before = None
    # Where nobody knows what was seen before, counting begins anew.
    known = Completions(known=present, present=present)
    found = known if before is None else before.counted(present, state.saw_all(last_training))
    publish(project.folder / COMPLETIONS, found.model_dump_json().encode())
    state = state.model_copy(update={"waiting": found.new, "counted_at": datetime.now(UTC), "problem": ""})
    save(project, state)
    return state


def end(project: Project) -> None:
    """Switches it off.

    Raises:
        WorkspaceUnusable: The project folder cannot be written.
    """
    try:
        for name in (FILE, COMPLETIONS):
            (project.folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unusable(project.folder, error) from error


def read(project: Project) -> ActiveLearning | None:
    """Returns the state; None where it is switched off.

    Raises:
        BadInput: Somebody damaged its file.
    """
    return _read(project, FILE, ActiveLearning)


def _read(project: Project, name: str, model: type[_Record]) -> _Record | None:
    try:
        return model.model_validate_json((project.folder / name).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise BadInput(
            f"The active learning of {project.name} cannot be read.",
            f"{name} is damaged.",
            "Switch it off and on again.",
            path=str(project.folder / name),
        ) from error


def save(project: Project, state: ActiveLearning) -> None:
    """Stores the state.

    Raises:
        WorkspaceUnusable: The project folder cannot be written.
    """
    publish(project.folder / FILE, state.model_dump_json().encode())


def usable(project: Project, fields: dict[str, Any]) -> frozenset[str]:
    """Returns the completions that would train now, as ``task:completion``.

    Args:
        project: The project.
        fields: Of these, tags and the wanted status of completions say which count.
    """
    tags: Sequence[str] = fields.get("tags") or ()
    filters = Filters(tags=tuple(tags), completion_status=fields.get("completion_status") or "submitted")
    chosen = select(project.tasks(), project.members, filters)
    return frozenset(f"{item.task.id}:{item.completion.id}" for item in chosen if item.completion is not None)
