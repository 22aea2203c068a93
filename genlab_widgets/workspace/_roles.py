"""Who may do what in a project, decided in one place for page, command line and Python.

What this protects: members of a team keep to their roles, whatever a widget, a script or a forged widget message
asks for. What it does not: whoever has a kernel or a shell runs code under the account of the server and can change
the files themselves. Keep the workspace folder under file permissions where that matters.
"""

from __future__ import annotations

from typing import Literal, get_args

from genlab_widgets.errors import NotAllowed, WrongParameters
from genlab_widgets.projects.members import Members

Action = Literal["train", "stop", "deploy", "import", "configure", "delete", "preannotate"]
ACTIONS: tuple[Action, ...] = get_args(Action)
OWNER_ROLES = frozenset({"project owner", "owner"})
_WORDS: dict[Action, str] = {
    "train": "train models",
    "stop": "stop trainings",
    "deploy": "deploy models",
    "import": "import the project again",
    "configure": "change the labeling config and the members",
    "delete": "delete runs, models and the project",
    "preannotate": "let models read the tasks",
}


def may(members: Members, user: str, action: Action) -> bool:
    """Tells whether a user may do an action in a project.

    Project Owner, Owner and Manager may do everything, members of another role nothing. Somebody who is no member
    of the project is the person whose machine and workspace this is, and may: exports name the people of the
    annotation server, and the data scientist who trains on an export need not be one of them.

    Raises:
        WrongParameters: There is no such action.
    """
    if action not in ACTIONS:
        raise WrongParameters(
            f"There is no action {action!r}.", f"Actions are {', '.join(ACTIONS)}.", "Name one of them."
        )
    return user not in members.roles or members.may_train(user)


def require(members: Members, user: str, action: Action, project: str) -> None:
    """Refuses what :func:`may` does not allow.

    Raises:
        NotAllowed: The user's role does not allow it.
    """
    if not may(members, user, action):
        raise NotAllowed(
            f"{user} may not {_WORDS[action]} in {project}.",
            f"The role of {user} there is {members.roles[user]}; a Project Owner or a Manager may.",
            "Ask one of them.",
            user=user,
            action=action,
            project=project,
        )


def owns(members: Members, user: str) -> bool:
    """Tells whether a user may say which training script runs: an owner, or the person whose workspace this is."""
    return user not in members.roles or members.roles[user].lower() in OWNER_ROLES


def require_owners_kept(before: Members, after: Members, user: str, project: str) -> None:
    """Refuses that somebody who is no owner says who is one, or makes themselves one.

    Whoever leaves the list of members counts as the person whose workspace this is, so that is refused, too. A project
    without an owner takes its first one from whoever may change its members.

    Raises:
        NotAllowed: Only an owner may change the members like this.
    """
    if owns(before, user) or not _owners(before):
        return
    if _owners(before) != _owners(after) or owns(after, user):
        raise NotAllowed(
            f"{user} may not change who owns {project}.",
            f"The role of {user} there is {before.roles[user]}; only a Project Owner gives and takes that role, "
            "and who is no member at all counts as an owner.",
            f"Ask one of them: {', '.join(sorted(_owners(before)))}.",
            user=user,
            project=project,
        )


def _owners(members: Members) -> set[str]:
    return {name for name, role in members.roles.items() if role.lower() in OWNER_ROLES}


def require_owner(members: Members, user: str, project: str) -> None:
    """Refuses what only an owner may do: to let code of one's own run.

    Raises:
        NotAllowed: The user has another role.
    """
    if not owns(members, user):
        raise NotAllowed(
            f"{user} may not change the training script of {project}.",
            f"The role of {user} there is {members.roles[user]}; a Project Owner may: the script is code that runs.",
            "Ask one of them.",
            user=user,
            project=project,
        )
