"""Which tasks stand behind a count: examples by selection reason, and titles for task ids."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab_widgets.projects.tasks import Task
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.workspace import Project

EXAMPLES = 5
_TITLE = 80


def shown_task(task: Task) -> dict[str, Any]:
    """Returns a task's id and what tells it apart: its title, else how its text begins."""
    told = " ".join((task.title or task.text).split())
    return {"id": task.id, "title": told[:_TITLE] + ("\u2026" if len(told) > _TITLE else "")}


def by_reason(project: Project, spec: TrainingSpec) -> dict[str, list[dict[str, Any]]]:
    """Returns up to five tasks for each selection reason."""
    from genlab_widgets.projects.selection import Filters, select

    filters = Filters(tags=spec.tags, completion_status=spec.completion_status, test_train_tags=spec.test_train_tags)
    found: dict[str, list[dict[str, Any]]] = {}
    for selected in select(project.stored.tasks(), project.members, filters):
        examples = found.setdefault(str(selected.reason), [])
        if len(examples) < EXAMPLES:
            examples.append(shown_task(selected.task))
    return found


def titles(project: Project, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Returns tasks by id, as :func:`shown_task` shows them; reads until all are found."""
    wanted = set(ids)
    found: dict[int, dict[str, Any]] = {}
    for task in project.stored.tasks():
        if task.id in wanted:
            found[task.id] = shown_task(task)
            if len(found) == len(wanted):
                break
    return found
