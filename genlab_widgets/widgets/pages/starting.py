"""Starts what a form says: one run, or one of each kind as a group; asked twice for the same, it starts once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlab_widgets.widgets.pages.form import TrainForm
    from genlab_widgets.workspace import Project, Run


DEPLOY_QUESTION = (
    "Deploying lets the labeling config name the new model as soon as it is trained: new tasks get its suggestions. "
    "It can be undone. \u201cDeploy if better\u201d first compares it with the deployed model, on the same test tasks. "
    "With \u201cJust train\u201d you see its quality first."
)


class Starter:
    """What a page starts trainings with.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self._project, self._asked = project, ""

    def ask(self) -> None:
        """Begins a request: two tabs that ask for the same at the same moment get one run."""
        self._asked = str(sum(self._project.workspace.counts(self._project.name).values()))

    def start(self, form: TrainForm, deploy: str) -> Run:
        """Starts what was asked for; of a group, the first run is returned.

        Args:
            form: What to train.
            deploy: The spec's field.

        Raises:
            GenlabError: See :meth:`genlab_widgets.workspace.Project.train`; no training was started.
        """
        fields = {**form.spec_fields(), "deploy": deploy}
        told = json.dumps([self._project.name, fields], sort_keys=True)
        key = f"page:{hashlib.sha256(told.encode()).hexdigest()[:32]}:{self._asked}"
        return self._project.start(key=key, **fields)[0]
