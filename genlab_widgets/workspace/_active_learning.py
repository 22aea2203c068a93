"""Projects that train again by themselves: whoever looks starts what is due, there is no daemon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import BadInput, GenlabError
from genlab_widgets.projects import active_learning
from genlab_widgets.projects.active_learning import ActiveLearning
from genlab_widgets.projects.store import projects_folder
from genlab_widgets.training.runfolder import failure_of

if TYPE_CHECKING:
    from genlab_widgets.workspace._project import Project
    from genlab_widgets.workspace._run import Run
    from genlab_widgets.workspace._workspace import Workspace

_DEPLOY = "if_better"
"""Nobody looks at these trainings before they are deployed."""


def last_training(project: Project) -> datetime | None:
    """Returns when the project's last training was started, in UTC."""
    newest = project.workspace.run_rows.list(project=project.name, limit=1)
    return newest[0].created_at if newest else None


def count(project: Project) -> None:
    """Counts the completions that an import brought, and starts the training that is due."""
    try:
        if project.active_learning is None:
            return
        active_learning.count(project.stored, last_training(project))
    except BadInput:  # what was stored of it is damaged: the import has succeeded all the same, and its pages say so
        return
    look(project.workspace)


def look(workspace: Workspace) -> list[Run]:
    """Starts the trainings that are due, and returns them."""
    started = []
    for file in sorted(projects_folder(workspace.home).glob(f"*/{active_learning.FILE}")):
        if not file.parent.name.startswith("."):
            started += _look(workspace, file.parent.name)
    return started


def _look(workspace: Workspace, name: str) -> list[Run]:
    """Starts the training of one project if it is due; why it cannot be started is kept for those who look."""
    try:
        project = workspace.project(name)
        state = project.active_learning
    except GenlabError:  # damaged: its own pages say so
        return []
    if state is None or state.problem or state.new(last_training(project)) < state.threshold or _is_busy(project):
        return []
    own = type(workspace)(workspace.home, state.user).project(name)
    try:
        started = _start(own, state)
        active_learning.save(project.stored, state.model_copy(update={"trained_at": datetime.now(UTC)}))
        return started
    except Exception as error:  # whatever it is, the pages that look go on
        active_learning.save(project.stored, state.model_copy(update={"problem": failure_of(error).sentence}))
        return []


def _start(project: Project, state: ActiveLearning) -> list[Run]:
    """Starts the training; two who look at once get the same run."""
    fields: dict[str, Any] = {"deploy": _DEPLOY, **state.fields, "source": "active_learning"}
    key = f"active-learning:{project.name}:{state.counted_at.isoformat()}"
    return project.start(key=key, **fields)


def _is_busy(project: Project) -> bool:
    """Tells whether a training of the project waits or runs: what it brings is waited for."""
    from genlab_widgets.runs.states import OPEN

    counts = project.workspace.counts(project.name)
    return any(counts.get(str(status)) for status in OPEN)
