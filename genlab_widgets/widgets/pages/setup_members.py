"""The members of a project: whose completion counts first, and who may do what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import ipywidgets

from genlab_widgets.projects.members import Members
from genlab_widgets.widgets.pages.page import card, row, text
from genlab_widgets.widgets.parts import Field, h, option
from genlab_widgets.widgets.parts.members import MemberList

if TYPE_CHECKING:
    from genlab_widgets.widgets.pages.setup import SetupPage
    from genlab_widgets.workspace import Workspace

ROLES = ("Project Owner", "Manager", "Annotator", "Reviewer")
"""As the annotation tool names them; an export may bring others, which stay."""
NEW_ROLE = "Annotator"


LONGEST_NAME = 150
"""Characters of a user name; Label Studio's own limit for names and addresses is 256."""


class Draft(NamedTuple):
    """Members under edit: those that the edits began with, and as they stand."""

    base: Members
    edited: Members


_DRAFTS: WeakKeyDictionary[Workspace, dict[Path, Draft]] = WeakKeyDictionary()
"""Unsaved edits by project, so that a look at another page of the app loses none; nothing is stored."""


class MembersPanel(ipywidgets.Box):
    """The members in priority order: moved, given roles, added and removed here, stored with Save."""

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
        self.listed.on("remove", page.guarded(self.remove))
        may = page.may_change
        self.name = Field(label="User name", kind="text", value="", disabled=not may)
        self.role = Field(label="Role", kind="select", value=NEW_ROLE, options=[option(name, name) for name in ROLES])
        self.role.disabled = not may
        self.put = page.button("Add member", self.add)
        self.put.disabled = not may
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
                row(self.name, self.role, self.put, style="genlab-byname"),
                row(self.state, row(self.revert, self.save), style="genlab-between"),
            ),
        )

    def begin(self) -> None:
        """Shows the members, with the edits that were left unsaved in this session."""
        self.fill_from(self._drafts().get(self._page.project.folder))

    def fill_from(self, draft: Draft | None) -> None:
        """Takes edits up again; None shows the members as they are stored."""
        if draft is None:
            self.fill()
            return
        self.stored, self.members = draft
        self._told = self._now() != draft.base
        self.draw()

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
        self._remember(unsaved)

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

    def add(self) -> None:
        """Adds a member at the end, with the lowest priority; it is stored with Save."""
        name = str(self.name.value or "").strip()
        self.name.error = self._refusal_of(name)
        if self.name.error or not self._page.may_change:
            return
        role = str(self.role.value)
        self.members = Members((*self.members.priority, name), {**self.members.roles, name: role})
        self.listed.spoken = f"{name} was added as {role}."
        self.name.value = ""
        self.draw()

    def remove(self, name: str) -> None:
        """Takes a member away; completions of that person count as those of nobody in particular."""
        if name not in self.members.priority or not self._page.may_change:
            return
        order = tuple(other for other in self.members.priority if other != name)
        self.members = Members(order, {other: self.members.roles[other] for other in order})
        self.listed.spoken = f"{name} was removed."
        self.draw()

    def _refusal_of(self, name: str) -> str:
        if not name:
            return "Type the name that the annotation tool knows."
        if name in self.members.priority:
            return f"{name} is a member already."
        if len(name) > LONGEST_NAME or not name.isprintable():
            return f"Give a name of up to {LONGEST_NAME} characters, without line breaks."
        return ""

    def store(self) -> None:
        """Stores order and roles.

        Raises:
            GenlabError: See :meth:`genlab_widgets.workspace.Project.save_members`; the edits stay here.
        """
        self._page.project.save_members(self.members, self.stored)
        self.fill()
        self._page.banner.say("The members were saved.", "The next training goes by this order.")

    def _drafts(self) -> dict[Path, Draft]:
        return _DRAFTS.setdefault(self._page.project.workspace, {})

    def _remember(self, unsaved: bool) -> None:
        if unsaved:
            self._drafts()[self._page.project.folder] = Draft(self.stored, self.members)
        else:
            self._drafts().pop(self._page.project.folder, None)

    def _now(self) -> Members:
        """Reads the file again: a project that is open keeps what it read first."""
        return type(self._page.project.stored)(self._page.project.folder).members
