"""The people of a project: who counts more, and who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TRAINING_ROLES = frozenset({"project owner", "owner", "manager"})
"""Roles that may train, stop and deploy (the reference documentation: "A Project Owner or a Manager")."""


@dataclass(frozen=True, slots=True)
class Members:
    """Members in priority order, highest first, and their roles by user name."""

    priority: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, items: Any) -> Members:
        """Reads ``project.json``'s list of ``{username, role}`` or names; anything without a name is passed over."""
        listed = items if isinstance(items, list | tuple) else ()
        named = [{"username": item} if isinstance(item, str) else item for item in listed]
        found = [item for item in named if isinstance(item, dict) and item.get("username")]
        return cls(
            tuple(dict.fromkeys(str(item["username"]) for item in found)),
            {str(item["username"]): str(item.get("role") or "Annotator") for item in found},
        )

    def rank(self, username: str) -> int:
        """Returns 0 for the highest priority; people who aren't members come last, all alike."""
        return self.priority.index(username) if username in self.priority else len(self.priority)

    def may_train(self, username: str) -> bool:
        """Tells whether a member's role allows training, stopping and deploying."""
        return self.roles.get(username, "").lower() in TRAINING_ROLES

    def as_list(self) -> list[dict[str, str]]:
        """Returns the form in which ``project.json`` stores members."""
        return [{"username": name, "role": self.roles.get(name, "Annotator")} for name in self.priority]
