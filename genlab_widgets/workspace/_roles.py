"""Who may do what in a project, decided in one place for page, command line and Python.

What this protects: members of a team keep to their roles, whatever a widget, a script or a forged widget message
asks for. What it does not: whoever has a kernel or a shell runs code under the account of the server and can change
the files themselves. Keep the workspace folder under file permissions where that matters.
"""

from __future__ import annotations

from typing import Literal, get_args

from genlab_widgets.errors import NotAllowed, WrongParameters
from genlab_widgets.projects.members import Members

Action = Literal["train", "stop", "deploy", "import"]
ACTIONS: tuple[Action, ...] = get_args(Action)
_WORDS: dict[Action, str] = {
    "train": "train models",
    "stop": "stop trainings",
    "deploy": "deploy models",
    "import": "import the project again",
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
