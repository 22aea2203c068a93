from __future__ import annotations

from typing import Any

import pytest

from genlab_widgets.projects.members import Members
from tests.samples import MEMBERS


def test_order_is_priority_and_strangers_come_last() -> None:
    members = Members.read(MEMBERS)
    assert members.priority == ("olga", "max", "noah", "rita")
    assert [members.rank(name) for name in ("olga", "rita", "nobody", "")] == [0, 3, 4, 4]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("Project Owner", True),
        ("project owner", True),
        ("Owner", True),
        ("Manager", True),
        ("Annotator", False),
        ("Reviewer", False),
        (None, False),
        ("", False),
    ],
)
def test_who_may_train(role: str | None, allowed: bool) -> None:
    assert Members.read([{"username": "x", "role": role}]).may_train("x") is allowed


def test_strangers_may_not_train() -> None:
    assert not Members.read(MEMBERS).may_train("nobody")


def test_what_was_read_is_written_alike() -> None:
    assert Members.read(MEMBERS).as_list() == list(MEMBERS)
    assert Members.read(Members.read(MEMBERS).as_list()) == Members.read(MEMBERS)


@pytest.mark.parametrize("items", [None, 5, "olga", {"username": "olga"}, [], [None, 3, {}, {"role": "Manager"}, ""]])
def test_what_is_no_list_of_people_gives_no_members(items: Any) -> None:
    assert Members.read(items) == Members()


def test_plain_names_and_repeated_people() -> None:
    members = Members.read(["olga", {"username": "max", "role": "Manager"}, "olga"])
    assert members.as_list() == [{"username": "olga", "role": "Annotator"}, {"username": "max", "role": "Manager"}]
