"""The members of a project: whose completion counts first, and who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from genlab_widgets.projects.members import Members
from genlab_widgets.widgets.pages.page import card, row, text
from genlab_widgets.widgets.parts import h
from genlab_widgets.widgets.parts.members import MemberList

if TYPE_CHECKING:
    from genlab_widgets.widgets.pages.setup import SetupPage

ROLES = ("Project Owner", "Manager", "Annotator", "Reviewer")
"""As the annotation tool names them; an export may bring others, which stay."""


class MembersPanel(ipywidgets.Box):
    """The members in priority order, moved and given roles here, stored with Save."""

    def __init__(self, page: SetupPage) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self._page = page
        self.stored = Members()
        self.members = Members()
        self._told = False
        self.listed = MemberList(roles=list(ROLES), disabled=not page.may_change)
        self.listed.on("move", page.guarded(self.move))
        self.listed.on("role", page.guarded(self.give_role))
        self.state = text()
        self.save = page.button("Save members", self.store, "Saving \u2026", "primary")
        self.revert = page.button("Revert", self.fill)
        self.children = (
            card(
                text(
                    h(
                        "div",
                        h("h2", "Members"),
                        h(
                            "p",
                            "In priority order: where several people completed a task, the completion of the "
                            "highest trains. Project Owners and Managers may train, deploy and change this page.",
                            class_="genlab-hint",
                        ),
                    )
                ),
                self.listed,
                row(self.state, row(self.revert, self.save), style="genlab-between"),
            ),
        )

    def fill(self) -> None:
        """Shows the members as they are stored."""
        self.stored = self.members = self._now()
        self._told = False
        self.draw()

    def look(self) -> None:
        """Notices that somebody else changed the members; edits that are not saved stay."""
        now = self._now()
        if now == self.stored:
            return
        if self.members == self.stored:
            self.fill()
        elif not self._told:
            self._told = True
            self.draw()

    def draw(self) -> None:
        """Shows order and roles as they stand, and whether they are stored."""
        self.listed.members = self.members.as_list()
        unsaved = self.members != self.stored
        self.save.disabled = not unsaved or self._told or not self._page.may_change
        self.revert.disabled = not unsaved
        told = "All changes are saved." if self.members.priority else "The export names no members."
        if unsaved:
            told = "Unsaved changes."
        if self._told:
            told = "Cannot be saved: the members were changed elsewhere. Revert shows them as they are now."
        style = "genlab-error" if self._told else None if unsaved else "genlab-quiet"
        self.state.value = h("p", told, class_=style, role="status")

    def move(self, name: str, by: int) -> None:
        """Moves a member up (-1) or down (1)."""
        order = list(self.members.priority)
        if name not in order or not self._page.may_change:
            return
        place = order.index(name)
        target = min(max(place + (1 if by > 0 else -1), 0), len(order) - 1)
        order.insert(target, order.pop(place))
        self.members = Members(tuple(order), self.members.roles)
        self.listed.spoken = f"{name} is now {target + 1} of {len(order)}."
        self.draw()

    def give_role(self, name: str, role: str) -> None:
        """Gives a member a role; it is stored with Save."""
        if name in self.members.roles and role in ROLES and self._page.may_change:
            self.members = Members(self.members.priority, {**self.members.roles, name: role})
        self.draw()

    def store(self) -> None:
        """Stores order and roles.

        Raises:
            GenlabError: See :meth:`genlab_widgets.workspace.Project.save_members`; the edits stay here.
        """
        self._page.project.save_members(self.members, self.stored)
        self.fill()
        self._page.banner.say("The members were saved.", "The next training goes by this order.")

    def _now(self) -> Members:
        """Reads the file again: a project that is open keeps what it read first."""
        return type(self._page.project.stored)(self._page.project.folder).members
