"""The Setup page: the labeling config with its preview, training, the models that it names, and the members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genlab_widgets.widgets.pages.page import Page, row, show, text
from genlab_widgets.widgets.pages.setup_config import ConfigPanel
from genlab_widgets.widgets.pages.setup_members import MembersPanel
from genlab_widgets.widgets.pages.setup_models import AddPanel, PretrainedPanel
from genlab_widgets.widgets.pages.setup_train import TrainNowPanel
from genlab_widgets.widgets.parts import h

if TYPE_CHECKING:
    from genlab_widgets.widgets.parts import Banner
    from genlab_widgets.workspace import Project


class SetupPage(Page):
    """What a project asks of its annotators, and who they are. Nothing is stored before Save.

    Args:
        project: The project.
        background: False does everything at once in the caller's thread (tests).
        banner: Where messages are shown; None makes one for this page.
    """

    def __init__(self, project: Project, background: bool = True, banner: Banner | None = None) -> None:
        super().__init__(project.workspace, background, banner)
        self.project = project
        self.may_change = project.workspace.can(project, "configure")
        self.config = ConfigPanel(self, self._config_changed)
        self.training = TrainNowPanel(self)
        self.pretrained = PretrainedPanel(self)
        self.adding = AddPanel(self)
        self.members = MembersPanel(self)
        refusal = text(self._refusal())
        show(refusal, not self.may_change)
        self.content.children = (
            row(text(h("h1", f"Setup of {project.name}")), self.training.corner, style="genlab-between"),
            refusal,
            self.config,
            self.training,
            self.pretrained,
            self.adding,
            self.members,
        )
        with self.lock:
            self.attempt(self.config.begin)
            self.attempt(self._config_changed)
            self.attempt(self.training.begin)
            self.attempt(self.members.begin)
        self.background.start()

    def tick(self) -> None:
        """Notices a config or members that somebody else changed, and trainings that go on or ended meanwhile."""
        seen = self.training.look()
        with self.lock:
            self.training.show_seen(seen)
            self.config.look()
            self.adding.look()
            self.members.look()
            self.training.offer_again()

    def _config_changed(self) -> None:
        self.pretrained.fill()
        self.adding.fill()

    def _refusal(self) -> str:
        if self.may_change:
            return ""
        user = self.project.workspace.user
        role = self.project.members.roles.get(user, "Annotator")
        return h("p", f"You can look and try, but not save: {user} is {role} here. Ask a Project Owner or a Manager.")
