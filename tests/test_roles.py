"""What a role allows ends with the role, also in a page that stays open; only owners say who owns a project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genlab_widgets.errors import NotAllowed
from genlab_widgets.projects.members import Members
from genlab_widgets.workspace import Project, Workspace
from tests.samples import CONFIG, write_export

SCRIPT = b"def train(spark, rows, parameters, report):\n    return None\n"


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Project:
    return Workspace(home, user="guest").import_project(write_export(tmp_path / "notes")).project


def opened_by(project: Project, user: str) -> Project:
    """Returns the project as a person has it open, who has looked at it."""
    found = Workspace(project.workspace.home, user=user).project(project.name)
    assert found.name
    assert found.members.priority
    return found


def with_roles(members: Members, **roles: str | None) -> Members:
    """Returns members of whom some have other roles; None takes one away."""
    new = {name: role for name, role in {**members.roles, **roles}.items() if role is not None}
    return Members(tuple(new), {name: str(role) for name, role in new.items()})


@pytest.mark.parametrize(
    "attempt",
    [
        lambda project: project.train(embeddings="word2vec", epochs=1),
        lambda project: project.save_labeling_config(CONFIG.replace("#0a0", "#0b0"), CONFIG.encode()),
        lambda project: project.save_members(with_roles(project.members, noah="Manager"), project.members),
        lambda project: project.upload_script(SCRIPT, "mine.py"),
        lambda project: project.remove_script(),
    ],
)
def test_a_page_that_stays_open_keeps_no_rights(project: Project, attempt: Callable[[Project], Any]) -> None:
    olga = opened_by(project, "olga")
    project.save_members(with_roles(project.members, olga="Annotator", noah="Project Owner"), project.members)
    with pytest.raises(NotAllowed):
        attempt(olga)
    assert project.members.roles["olga"] == "Annotator"


@pytest.mark.parametrize(
    "changes",
    [
        {"max": "Project Owner"},  # takes the role
        {"max": None},  # whoever is no member counts as an owner
        {"noah": "owner"},
        {"olga": "Manager"},
        {"olga": None},
    ],
)
def test_only_owners_give_and_take_the_role_of_an_owner(project: Project, changes: dict[str, str | None]) -> None:
    max_ = opened_by(project, "max")
    before = project.members
    with pytest.raises(NotAllowed, match="max may not change who owns notes") as caught:
        max_.save_members(with_roles(before, **changes), before)
    assert "olga" in caught.value.next_step
    assert project.members == before
    opened_by(project, "olga").save_members(with_roles(before, **changes), before)
    assert project.members == with_roles(before, **changes)


def test_a_manager_changes_everybody_else(project: Project) -> None:
    max_ = opened_by(project, "max")
    max_.save_members(with_roles(max_.members, noah="Manager", rita=None, zoe="Annotator"), max_.members)
    assert project.members.roles == {
        "olga": "Project Owner", "max": "Manager", "noah": "Manager", "zoe": "Annotator",
    }  # fmt: skip


def test_a_project_without_an_owner_gets_its_first_one_from_a_manager(home: Path, tmp_path: Path) -> None:
    members = [{"username": "max", "role": "Manager"}, {"username": "noah", "role": "Annotator"}]
    export = write_export(tmp_path / "notes", members=members)
    project = Workspace(home, user="guest").import_project(export).project
    max_ = opened_by(project, "max")
    max_.save_members(with_roles(max_.members, noah="Project Owner"), max_.members)
    with pytest.raises(NotAllowed):
        max_.save_members(with_roles(max_.members, max="Project Owner"), max_.members)


def test_a_project_without_members_is_managed_by_whoever_has_it(home: Path, tmp_path: Path) -> None:
    project = Workspace(home, user="guest").import_project(write_export(tmp_path / "notes", members=[])).project
    project.save_members(Members(("zoe",), {"zoe": "Project Owner"}), Members())
    assert project.members.roles == {"zoe": "Project Owner"}
