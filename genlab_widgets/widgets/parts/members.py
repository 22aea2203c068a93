"""The people of a project, in an order that can be changed by buttons and arrow keys."""

from __future__ import annotations

import traitlets

from genlab_widgets.widgets.parts.part import Part, script


class MemberList(Part):
    """Members in priority order, each with a role.

    Attributes:
        members: ``{username, role}`` each, the highest priority first.
        roles: The roles to choose from.
        spoken: Said to screen readers after a move.
    """

    _esm = script("members")
    members = traitlets.List().tag(sync=True)
    roles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    spoken = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
