"""Waiting for a database whose server is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from genlab_widgets.errors import DatabaseUnreachable

T = TypeVar("T")
PATIENCE_SECONDS = 600.0
"""How long to wait for a server: hours of training must not hang on its restart, nor a CI job that waits for them."""
_AGAIN_SECONDS = 1.0
"""Between two tries."""


def patiently(step: Callable[[], T], tell: Callable[[DatabaseUnreachable], object] | None = None) -> T:
    """Takes a step that needs the database, again and again while its server is away.

    Args:
        step: Can be taken again after a part of it was done.
        tell: Called once with what is wrong, before the waiting.

    Returns:
        What the step returns.

    Raises:
        DatabaseUnreachable: The server was away for ``PATIENCE_SECONDS``.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return step()
        except DatabaseUnreachable as error:
            if time.monotonic() > deadline:
                raise
            if tell is not None:
                tell(error)
                tell = None
        time.sleep(_AGAIN_SECONDS)
