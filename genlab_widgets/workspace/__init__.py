"""The façade: everything that pages, command line and scripts do goes through these objects.

``Workspace`` opens a workspace folder; ``Project``, ``Run`` and ``Model`` are what lies in it. They compose the rooms
below and compute nothing of their own. Roles are checked here.
"""

from genlab_widgets.workspace._group import logs_of
from genlab_widgets.workspace._model import Model
from genlab_widgets.workspace._project import Project
from genlab_widgets.workspace._roles import ACTIONS, Action
from genlab_widgets.workspace._run import Run, RunComparison
from genlab_widgets.workspace._workspace import DEMO, ImportReport, Workspace

__all__ = [
    "ACTIONS",
    "DEMO",
    "Action",
    "ImportReport",
    "Model",
    "Project",
    "Run",
    "RunComparison",
    "Workspace",
    "logs_of",
]
